/* One run of a command: its options resolved, the dataset and the editor open. Private to this folder. */
#ifndef DC3_CONDENSE_RUN_H
#define DC3_CONDENSE_RUN_H

#include "base/listener.h"
#include "base/lock.h"
#include "condense/crop.h"
#include "condense/prompts.h"
#include "condense/state.h"
#include "condense/teacher.h"
#include "dc3/condense.h"
#include "diffusion/editor.h"
#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_method dc3_method;
typedef struct dc3_maker dc3_maker;

typedef struct dc3_run {
    const dc3_condense_options *options;
    const dc3_method *method;
    const dc3_maker *maker;
    dc3_dataset *dataset;
    dc3_editor *editor;  /* NULL: the method needs neither its edits nor its features */
    dc3_teacher teacher; /* of the commands that select, if one is given and the method looks at it */
    char *teacher_path;  /* NULL: none */
    int trains;          /* the teacher is this run's own, in its folder */
    int encodes;         /* the VAE's features are wanted */
    dc3_prompts prompts;
    dc3_edit_settings edit;
    dc3_combine combine;
    dc3_fit fit;
    dc3_image_format format;
    int size, feature_size;
    int usual;                  /* dc3_usual_size of the dataset, at most 256 */
    int each;                   /* parts of a stored picture */
    int factor;                 /* of crops: patches across a stored picture */
    int64_t feature_length;     /* values of one picture's features */
    float *features;            /* [n, feature_length] of the readable pictures, in the dataset's order */
    float *embeddings, *logits; /* [n, ..] of the same pictures by the teacher; NULL without one */
    int64_t *items;             /* [n], their numbers in the dataset, ascending */
    int64_t *bins;              /* [n], within each class; NULL before they are known or without them */
    int64_t n;
    dc3_state *state;        /* of the run folder; NULL where the command makes none */
    json_t *skipped;         /* list of [key, reason] */
    char *skipped_path;      /* where it is written */
    double rate;             /* FLOP/s measured by the estimate */
    int64_t making, to_make; /* number of the picture that is being made, and of all; to_make 0: none is */
    dc3_condense_report *report;
} dc3_run;

/* A part of a stored picture: one of the dataset's pictures, whole or a square of it. */
typedef struct dc3_part {
    int64_t item;
    int place;   /* of the stored picture in its class */
    int repeat;  /* how often the whole picture was used before */
    dc3_box box; /* side 0: the whole picture */
    double loss; /* of the square, by the teacher */
} dc3_part;

/* What is stored, by class: run->each parts for each picture. */
typedef struct dc3_chosen {
    int64_t count;
    dc3_part *parts; /* [count, each] */
    char *stored;    /* [count], once they are numbered: the picture is in the folder */
} dc3_chosen;

/* What a command works on: nothing but the editor; the dataset; the dataset by the options' method and
 * teacher. */
typedef enum dc3_run_needs {
    DC3_RUN_EDITOR,
    DC3_RUN_DATA,
    DC3_RUN_METHOD,
    DC3_RUN_CONDENSE /* the same, and a teacher is trained where the method uses one and none is given */
} dc3_run_needs;
/* Opens what the command and the method need, and resolves defaults. Always close. */
dc3_status dc3_run_open(const dc3_condense_options *options, dc3_run_needs needs, dc3_condense_report *report,
                        dc3_run *run);
void dc3_run_close(dc3_run *run);
/* Tells the listener; printf form. */
void dc3_run_say(const dc3_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void dc3_run_progress(const dc3_run *run, const char *stage, int64_t done, int64_t total);
/* Notes the time of a stage and the peak memory. */
void dc3_run_stage(dc3_run *run, int stage, const char *name, double since);
/* estimate.c: says how long the selection from `pictures` pictures (0: none) and the making of `stored` ones
 * will take, measured on some of them. */
dc3_status dc3_run_estimate(dc3_run *run, int64_t pictures, int64_t stored);

/* skipped.c: notes a picture that is passed over, fatal with strict. `reason` is not the error text itself.
 */
dc3_status dc3_run_skip(dc3_run *run, int64_t item, const char *reason);
/* The same for those of an earlier list of [key, reason], as run->skipped is. */
dc3_status dc3_run_skip_listed(dc3_run *run, const json_t *list);
/* Notes in the run's state, where it has one, that items were read: items[i], hashes[i] of dc3_dataset_hash,
 * those with failed[i] apart. */
dc3_status dc3_run_note_read(const dc3_run *run, int count, const int64_t *items, const uint64_t *hashes,
                             const int *failed);
/* Writes the list where the run keeps it, if there is anything in it. */
dc3_status dc3_run_write_skipped(const dc3_run *run);

/* own_teacher.c: trains the run's own teacher, if that is not done yet, and opens it. */
dc3_status dc3_run_train_teacher(dc3_run *run);
/* The teacher that a run trained for itself in `folder`, caller frees; NULL: there is none. */
char *dc3_run_own_teacher(const char *folder);
/* What the training depends on, for dc3.json. */
json_t *dc3_run_teacher_plan(const dc3_run *run);
/* Seconds that it will take, measured on a step. */
dc3_status dc3_run_measure_teacher(const dc3_run *run, double *seconds);
/* run.c: opens run->teacher_path and checks its classes. */
dc3_status dc3_run_open_teacher(dc3_run *run);
/* features.c: the features of every picture, as the method needs; those that cannot be read are listed, or
 * fatal with strict. */
dc3_status dc3_run_features(dc3_run *run);
/* Seconds that one picture takes in it, from some batches spread over the dataset. */
dc3_status dc3_run_measure_features(dc3_run *run, double *seconds);
/* One picture as floats in [0, 1], [size, size, 3]. */
dc3_status dc3_run_read_floats(const dc3_run *run, int64_t item, int size, float *to);
/* run->bins of the readable pictures. */
dc3_status dc3_run_bins(dc3_run *run);

/* chosen.c: room for classes * ipc pictures, count 0. */
dc3_status dc3_chosen_open(const dc3_run *run, dc3_chosen *chosen);
void dc3_chosen_free(dc3_chosen *chosen);
/* Numbers the stored pictures within their classes, and the repeats of whole pictures; none is stored yet. */
dc3_status dc3_chosen_number(const dc3_run *run, dc3_chosen *chosen);
/* Warns, or fails with strict, where a class has fewer readable pictures than it is to give. */
dc3_status dc3_run_check_class(const dc3_run *run, int label, int64_t readable, int64_t wanted);
/* Names the part's random numbers: the picture's key and the repeat. */
uint64_t dc3_run_item(const dc3_run *run, const dc3_part *part);
/* Pixels of an edit's side in the stored picture: all of it, or half for the fourfold view. */
int dc3_run_placed_size(const dc3_run *run);

/* settings.c: everything that the result depends on, and no more; the caller releases it. */
json_t *dc3_run_settings(const dc3_run *run);
/* A JSON string that tells the bytes of a file, or of all files in a folder, from others. */
json_t *dc3_fingerprint(const char *path);

enum { DC3_DOCUMENT_LIMIT = 1 << 24 }; /* bytes of dc3.json */

/* output.c: the run folder. */
typedef struct dc3_output {
    dc3_run *run;
    char *folder, *train;
    char **folders; /* of the classes, below train */
    int *labels;    /* [classes], as stored: classes without a picture have -1 and no number is left out */
    int continues;  /* the folder holds an earlier part of the same run */
    int clears;     /* the folder holds a run that goes */
    int complete;   /* all is stored */
    dc3_lock lock;
} dc3_output;
/* Looks whether the folder may be written to, and takes its lock if there is a run in it. Changes nothing
 * else. */
dc3_status dc3_output_open(dc3_run *run, dc3_output *output);
/* Takes the folder's lock, removes an earlier run if that is wanted, makes the folders, dc3.json and
 * state.db; of a run that continues compares the inputs with those that it began with. */
dc3_status dc3_output_start(dc3_output *output);
void dc3_output_close(dc3_output *output);
/* The folder's lock, which dc3_output_close does not release then. */
dc3_lock dc3_output_keep_lock(dc3_output *output);
/* The selection of an earlier part of the run; count 0 if there is none. The caller frees it. */
dc3_status dc3_output_read_selection(const dc3_output *output, dc3_chosen *chosen);
dc3_status dc3_output_write_selection(const dc3_output *output, const dc3_chosen *chosen);
/* "train/<class>/<place>-<stem>.png" of a stored picture, named after its first part: relative to OUT/train
 * and absolute, caller frees. */
dc3_status dc3_output_name(const dc3_output *output, const dc3_part *part, char **relative, char **path);
/* The lines of `train`/metadata.jsonl as a list of objects; the caller releases it, also after a failure. */
dc3_status dc3_metadata_read(const char *train, json_t **lines);
/* Fails unless `object`, what the run's `document` dc3.json holds, says that the run is complete. */
dc3_status dc3_check_complete(const char *document, const json_t *object);
/* Writes the names of what will be stored, for dc3_clear_run. */
dc3_status dc3_output_plan(const dc3_output *output, const dc3_chosen *chosen);
/* Of what is stored; numbers the classes. */
dc3_status dc3_output_write_metadata(dc3_output *output, const dc3_chosen *chosen);
dc3_status dc3_output_finish(dc3_output *output);
#endif
