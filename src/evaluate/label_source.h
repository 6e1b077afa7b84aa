/* Where the targets of a student's batches come from: a teacher's logits of each batch (soft), views and
 * logits in a file (stored), or the images' classes (hard). The steps of a training are the same for all
 * three. */
#ifndef DC3_EVALUATE_LABEL_SOURCE_H
#define DC3_EVALUATE_LABEL_SOURCE_H

#include "evaluate/test_set.h"
#include "views/augment.h"
#include "learn/recipe.h"
#include "learn/trainer.h"
#include "options/option_names.h"

typedef struct dc3_label_source dc3_label_source;

/* A batch of a student's training. */
typedef struct dc3_label_batch {
    int64_t epoch, number; /* number: of the batch in its epoch */
    int n;
    const dc3_loaded_image *images; /* [n] */
    dc3_view_params *params;        /* [n]; drawn by `draw` */
    const void *views;              /* [n, size, size, 3], made of them; what `logits` looks at */
} dc3_label_batch;

typedef struct dc3_label_functions {
    /* Once the score says size and batch: checks them and takes memory. */
    dc3_status (*start)(dc3_label_source *source, const dc3_score *score);
    /* The accuracy of the labels' teacher on the tests' images, 0 to 1; NULL: there is none to be asked. */
    dc3_status (*accuracy)(dc3_label_source *source, dc3_tests *tests, double *top1);
    /* Sets params [n] of the batch. */
    dc3_status (*draw)(dc3_label_source *source, const dc3_label_batch *batch);
    /* A teacher's logits [n, classes] of the batch's views, valid until the next call; NULL: hard labels. */
    dc3_status (*logits)(dc3_label_source *source, const dc3_label_batch *batch, const float **logits);
    void (*close)(dc3_label_source *source);
} dc3_label_functions;

/* Each kind of source puts this first in its own struct. */
struct dc3_label_source {
    const dc3_label_functions *functions;
    const dc3_evaluate_options *options;
    const dc3_dataset *data;
    dc3_dtype dtype;
    int64_t n, classes;
    dc3_recipe recipe; /* of the student; with stored labels the views are drawn as theirs were */
    int64_t *hard;     /* [batch, 2] classes of each view and its partner; after `start` */
    float *shares;     /* [batch, 2] of them, by CutMix's areas */
    int plain;         /* views are whole images, nothing drawn and mixed */
    char teacher[24];  /* architecture of the labels' teacher, of several of the first, "" without one */
    json_t
        *teachers; /* of several an object each, as scores have them (docs/formats.md); NULL: not several */
    int size;      /* pixels of the views where the options do not say; 0: not known */
    int factor;    /* of stored views, or, after `start`, of those that are drawn */
    int64_t batch; /* of stored views; 0: free */
    int64_t views; /* after so many epochs the same views come again; 0: never */
    uint64_t seed; /* names the random numbers of views and of the images' order */
    double temperature;   /* 0: the labels have none */
    const char *setting;  /* what `path` is called among the settings that a score depends on */
    char *path;           /* file that the labels depend on; NULL: none */
    const json_t *images; /* fingerprint of the images that stored labels are of; NULL: not known */
    const json_t *taught; /* fingerprint of the teacher that gave stored labels; NULL: not known */
    dc3_ctx *ctx;         /* that the teacher runs in; NULL: none does */
    double parameters;    /* of the teachers */
    size_t room;          /* bytes that they take beside the context and the parameters, after `start` */
    int doubted;          /* after `accuracy`: the teacher seems to be one of other classes, and is taken */
};

/* Opens a source of labels of the `n` images of `data`; always close. */
dc3_status dc3_label_source_open(dc3_label_kind kind, const dc3_evaluate_options *options,
                                 const dc3_recipe *recipe, const dc3_dataset *data, dc3_dtype dtype,
                                 int plain, dc3_label_source **source);
/* The source's `start`, and memory for a batch's hard labels. */
dc3_status dc3_label_source_start(dc3_label_source *source, const dc3_score *score);
/* What the batch's views should give, valid until the next call: the source's logits, hard labels, and how
 * the recipe's loss takes them. */
dc3_status dc3_label_source_target(dc3_label_source *source, const dc3_label_batch *batch,
                                   dc3_target *target);
/* Accepts NULL; nulls. */
void dc3_label_source_close(dc3_label_source **source);

#endif
