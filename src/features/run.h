/* One run of a command: its options resolved, the dataset and the editor open. For the
 * rooms that make features and condense. */
#ifndef DC3_FEATURES_RUN_H
#define DC3_FEATURES_RUN_H

#include "views/crop.h"
#include "diffusion/prompts.h"
#include "dc3/condense.h"
#include "diffusion/editor.h"
#include "io/dataset.h"
#include "io/json.h"
#include "run_folder/state.h"
#include "select/image_rows.h"
#include "teacher/teacher.h"

typedef struct dc3_method dc3_method;
typedef struct dc3_synthesis dc3_synthesis;
typedef struct dc3_copies dc3_copies;
typedef struct dc3_feature_rows dc3_feature_rows;
typedef struct dc3_selection_way dc3_selection_way;

typedef struct dc3_run {
    const dc3_condense_options *options;
    const dc3_method *method;
    const dc3_synthesis *synthesis;
    const dc3_selection_way *selection; /* in place of the method's own; NULL: that one */
    int needs;                          /* what the method needs with it */
    dc3_dataset *dataset;
    dc3_choice *choice;        /* which of its images are taken; NULL: all */
    dc3_editor *editor;        /* NULL: the method needs neither its edits nor its features */
    dc3_teacher teacher;       /* of the commands that select, if one is given and the method looks at it */
    char *teacher_path;        /* NULL: none */
    int trains;                /* the teacher is this run's own, in its folder */
    dc3_teacher backbone;      /* whose embeddings are the features; net NULL: none, or the teacher's are */
    const char *backbone_path; /* of the options; NULL: none */
    int shares;                /* the backbone is the teacher's own file, whose embeddings are the features */
    int probes;                /* the run's own teacher is the backbone with another last layer */
    int both;       /* what else it may be, of which the best is taken (both_teachers.h), which `probes`
                       says once that is known; 0: nothing */
    int taken;      /* with both, of these, once that is known */
    float *answers; /* with probes: the teacher's logits of the images */
    int encodes;    /* features are wanted of the backbone, else of the VAE */
    const dc3_image_rows *opened; /* the caller's, of the options' file of features; NULL: it is not open */
    dc3_image_rows *given; /* features that the options have in a file (given.h), in place of a network's;
                              NULL: none */
    uint8_t *seen;         /* [dataset], with them, 1: it was chosen, and read; NULL: none was */
    int idle;              /* with them, the method does not look at what the teacher says of images */
    dc3_prompts prompts;
    dc3_edit_settings edit;
    dc3_detail detail; /* what of an edit is stored */
    dc3_combine combine;
    dc3_fit fit;
    dc3_coding coding; /* of stored images */
    int64_t *give; /* [classes] images of each, where they are counted over all; NULL: select.ipc of each */
    int64_t total; /* their sum */
    int size, feature_size;
    int full;   /* the size, where no search made it smaller */
    int usual;  /* dc3_usual_size of the dataset, at most 256 */
    int each;   /* parts of a stored image */
    int crops;  /* of an image that are drawn, of which the best stands for it; 0: all of it does */
    int factor; /* of crops: patches across a stored image */
    int64_t feature_length;           /* values of one image's features */
    dc3_feature_rows *rows;           /* where the next three lie; NULL before */
    const float *features;            /* [n, feature_length] of the readable images, in the dataset's order */
    const float *embeddings, *logits; /* [n, ..] of the same images by the teacher; NULL without one; may be
                                         the features */
    int64_t *items;                   /* [n], their numbers in the dataset, ascending */
    int64_t *bins;                    /* [n], within each class; NULL before they are known or without them */
    int64_t n;
    dc3_box *boxes;      /* [dataset], the square that stands for each image (crops.h), side 0: none, it does
                            itself; NULL     before they are known or without crops */
    double *losses;      /* [dataset] of the squares, by the teacher */
    int64_t listed;      /* images to compensate, of a list or all; 0: the method chooses */
    dc3_state *state;    /* of the run folder; NULL where the command makes none */
    uint8_t *duplicates; /* [dataset], 1: it is left out (duplicates.h); NULL: nobody looked */
    dc3_copies *copies;  /* of the images that were looked at, NULL before */
    int poor_classes;    /* that have fewer images than are wanted */
    json_t *choices;     /* list of texts, what a budget is spent on and why; NULL: nothing was open */
    json_t *skipped;     /* list of [key, reason] */
    char *skipped_path;  /* where it is written */
    double rate;         /* FLOP/s measured by the estimate */
    int64_t making, to_make; /* number of the image that is being made, and of all; to_make 0: none is */
    int stage;               /* that time passes in */
    double stage_start;      /* when it began, seconds */
    dc3_condense_report *report;
} dc3_run;

/* Images that a class is to give. */
int64_t dc3_run_wanted(const dc3_run *run, int label);
/* Images per class of the set that is made, on average, at least 1. */
int64_t dc3_run_mean_ipc(const dc3_run *run);
/* 1 if the teacher is asked about each image: a probe answers by the features. */
static inline int dc3_run_asks(const dc3_run *run)
{
    return run->teacher.net && !run->idle && !(run->probes && run->encodes);
}
/* 1 if images have features beside what the teacher says. */
static inline int dc3_run_has_features(const dc3_run *run)
{
    return run->encodes || run->given;
}
/* Closes what dc3_run_open (run_open.h) opened, also after its failure. */
void dc3_run_close(dc3_run *run);
/* Tells the listener; printf form. */
void dc3_run_say(const dc3_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void dc3_run_progress(const dc3_run *run, const char *stage, int64_t done, int64_t total);
/* From here to the end that follows time passes in a stage, whose number is its place in the report: ends it
 * also where it fails, and notes the time of all parts of the run together and the peak memory. */
void dc3_run_begin_stage(dc3_run *run, int stage, const char *name);
void dc3_run_end_stage(dc3_run *run);
/* Into the report what earlier parts of the run took for a stage that is not done again. */
void dc3_run_earlier_stage(dc3_run *run, int stage, const char *name);

#endif
