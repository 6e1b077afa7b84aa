/* A training of a generator: what the files of this folder share. Private to it. */
#ifndef DC3_FINETUNE_PART_H
#define DC3_FINETUNE_PART_H

#include "dc3/finetune.h"
#include "finetune/encoded.h"
#include "finetune/tuner.h"
#include "learn/checkpoint.h"
#include "learn/replicas.h"
#include "learn/schedule.h"
#include "run_folder/work.h"

enum { DC3_FINETUNE_PARTS = 100 }; /* of a training, of each of which the mean loss is kept */

typedef struct dc3_finetuning {
    dc3_finetune_options options; /* with all defaults filled in */
    dc3_finetune_report *report;
    dc3_dtype dtype;
    unsigned layers; /* that get adapters, of network.h */
    dc3_base_model model;
    dc3_dataset *data;
    dc3_texts captions;
    int64_t *class_map; /* of a transformer */
    dc3_encoded encoded;
    dc3_noising noising;
    dc3_tuned net;
    dc3_tuner tuner;
    dc3_replicas *replicas; /* of steps of several batches, which ranks share; NULL: of one */
    int helps;              /* another rank's part in the training: it writes nothing and says nothing */
    dc3_schedule_options schedule;
    char *settings;    /* what the result depends on, as JSON */
    char *encoding;    /* what of it latents and states depend on */
    char *checkpoint;  /* OUT/training.checkpoint */
    int64_t *readable; /* [count] images that can be read */
    int64_t count;
    int64_t done;                     /* steps */
    int64_t sampled;                  /* steps after which the last grid of samples was made; 0: none */
    int64_t saved_step;               /* of the last checkpoint; -1: there is none */
    double saved;                     /* when it was written */
    double loss;                      /* sum of this part's */
    int64_t losses;                   /* how many */
    double means[DC3_FINETUNE_PARTS]; /* of the parts that are done */
    double start, before;             /* of this call; seconds of earlier ones */
    dc3_work_note note;
} dc3_finetuning;

void dc3_finetune_progress(const dc3_finetuning *t, const char *stage, int64_t done, int64_t total);

/* settings.c: tells the listener; options that are out of range; those that are left to the kind of model. */
dc3_status dc3_finetune_check(const dc3_finetune_options *options);
dc3_status dc3_finetune_fill(dc3_finetuning *t);
/* describe.c: what the result depends on. */
dc3_status dc3_finetune_describe(dc3_finetuning *t);
/* Of a training that is complete in OUT: *done is 1 where it is this one; DC3_ERR_ARGUMENT where it is
 * another, and is not to be replaced. */
dc3_status dc3_finetune_find(dc3_finetuning *t, int *done);
/* clear.c: removes the checkpoint, the samples and the kept steps of the training that this one replaces. */
dc3_status dc3_finetune_clear(const dc3_finetuning *t);
/* loop.c: the rest of the steps, from the checkpoint if there is one. */
dc3_status dc3_finetune_loop(dc3_finetuning *t);
/* estimate.c: bytes of memory that the process has had at the most. */
double dc3_finetune_peak(void);
/* DC3_ERR_MEMORY where a step would not fit, and what would; for a dry run the whole's time. */
dc3_status dc3_finetune_fits(dc3_finetuning *t, int64_t tokens);
dc3_status dc3_finetune_estimate(dc3_finetuning *t, int64_t tokens);
/* export.c: what OUT gets; whether the model has what that is made of, before anything is trained. */
dc3_status dc3_finetune_export_check(const dc3_finetuning *t);
dc3_status dc3_finetune_export(dc3_finetuning *t);
/* OUT/steps/DONE: what OUT would get if the training ended here, without finetune.json. */
dc3_status dc3_finetune_keep(dc3_finetuning *t);
/* samples.c: OUT/samples/step-DONE.png. A grid that does not fit the memory is left out, which is told. */
dc3_status dc3_finetune_sample(dc3_finetuning *t);
/* How many grids a training makes, and the seconds of one, by one step of a sample and one image that is
 * decoded; 0 where these do not fit the memory. */
int64_t dc3_finetune_grids(const dc3_finetune_options *options);
dc3_status dc3_finetune_measure_grid(dc3_finetuning *t, int64_t tokens, double *seconds);

#endif
