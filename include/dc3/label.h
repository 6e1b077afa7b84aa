/* Soft labels of a condensed dataset, stored: some views of each image and what a teacher says of them. */
#ifndef DC3_LABEL_H
#define DC3_LABEL_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 means the default. */
typedef struct dc3_label_options {
    size_t struct_size;  /* set by dc3_label_defaults; not to be changed */
    const char *run;     /* folder that dc3_condense made, or any dataset that dc3 reads */
    const char *out;     /* file to write; default RUN/soft_labels.safetensors where dc3 made RUN */
    const char *teacher; /* classifier checkpoint, trained on the dataset's classes; "A,B": the averaged
                            logits of several, up to 16 */
    const char *arch;    /* each teacher's architecture, to be checked; derived from its tensors */
    int size;   /* pixels of a view's side; default the teacher's own, else the images', at most 224 */
    int views;  /* of each image, 1 to 100000; 0: without `out` as the run left room for, else 10 */
    int top_k;  /* logits to store of each view, below the number of classes; 0: the same, else all */
    int factor; /* 2: swapped halves and crops of at least half the area; 1: neither; 0: 1 up to
                   64 pixels, else 2, as students are trained */
    int batch;  /* images that are mixed with each other, 1 to 65536; 0: 100, or as a named recipe has it */
    double temperature; /* at which top_k preserves the probabilities, more than 0; default 20 */
    uint64_t seed;
    int threads; /* 1 to 1024 */
    int dry_run; /* stop after the estimate */
    int fresh;   /* start over instead of resuming an interrupted labelling or keeping a complete one */
    dc3_listener listener;
    int force;                   /* replace a file at `out` that dc3 did not write */
    int any_teacher;             /* as dc3_condense_options */
    const char *teacher_classes; /* as dc3_condense_options */
    /* As dc3_evaluate_options has them: how views are drawn. */
    dc3_recipe_kind recipe;
    double crop;
    int cutmix, rand_ops, rand_strength;
    int bits; /* of a stored logit: 16 (f16) or 8 (one of 256 even steps of its view); 0: the same, else 16 */
    dc3_data_choice choice; /* which images of a dataset `run`; for none that dc3 made */
} dc3_label_options;

DC3_API dc3_label_options dc3_label_defaults(void);

typedef struct dc3_label_report {
    int64_t images, classes, views; /* views: of each image */
    int size;                       /* of a view's side, pixels */
    double bytes;                   /* of the file */
    double image_bytes;             /* of the images, as they are stored */
    double estimate_seconds;
    double seconds; /* of all calls that made the file together, as far as their checkpoint says; of this one
                       alone where a run's file was there */
} dc3_label_report;

/* Views are drawn and mixed as the RDED protocol trains (CutMix with alpha 1 in each batch); the file holds
 * what was drawn, the teacher's logits, the classes and the images' names (docs/soft-labels.md). The
 * same options, images and teacher give the same bytes. An image that cannot be read ends the run. What
 * was labelled before an interrupt, and each minute, is saved in FILE.checkpoint; the same call resumes from
 * there. */
DC3_API dc3_status dc3_label(const dc3_label_options *options, dc3_label_report *report);

#ifdef __cplusplus
}
#endif
#endif
