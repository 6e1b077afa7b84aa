/* One run of a command: its options resolved, the dataset and the editor open. Private to this folder. */
#ifndef DC3_CONDENSE_RUN_H
#define DC3_CONDENSE_RUN_H

#include <stdarg.h>
#include "condense/prompts.h"
#include "condense/teacher.h"
#include "dc3/condense.h"
#include "diffusion/editor.h"
#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_run {
    const dc3_condense_options *options;
    dc3_dataset *dataset;
    dc3_editor *editor;
    dc3_teacher teacher; /* of the commands that select, if one is given */
    dc3_prompts prompts;
    dc3_edit_settings edit;
    dc3_combine combine;
    dc3_fit fit;
    dc3_image_format format;
    int size, feature_size;
    int64_t feature_length;     /* values of one picture's features */
    float *features;            /* [n, feature_length] of the readable pictures, in the dataset's order */
    float *embeddings, *logits; /* [n, ..] of the same pictures by the teacher; NULL without one */
    int64_t *items;             /* [n], their numbers in the dataset */
    int64_t n;
    json_t *skipped;    /* list of [key, reason] */
    char *skipped_path; /* where it is written */
    double rate;        /* FLOP/s measured by the estimate */
    dc3_condense_report *report;
} dc3_run;

/* What a run needs besides the editor. */
typedef enum dc3_run_needs {
    DC3_RUN_EDITOR = 0,
    DC3_RUN_DATA = 1,
    DC3_RUN_TEACHER = 2 /* and selects */
} dc3_run_needs;
/* Opens the editor and, as `needs` says, the dataset and the teacher (if one is given), and resolves
 * defaults. Always close. */
dc3_status dc3_run_open(const dc3_condense_options *options, int needs, dc3_condense_report *report,
                        dc3_run *run);
void dc3_run_close(dc3_run *run);
/* Tells the listener; printf form. */
void dc3_run_say(const dc3_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same without a run. */
void dc3_listener_say(const dc3_listener *listener, const char *format, va_list args);
void dc3_run_progress(const dc3_run *run, const char *stage, int64_t done, int64_t total);
double dc3_seconds_now(void);
/* "40 s", "12 min", "3.5 h"; returns text. */
const char *dc3_duration_text(double seconds, char *text, size_t size);
/* Notes the time of a stage and the peak memory. */
void dc3_run_stage(dc3_run *run, int stage, const char *name, double since);
/* estimate.c: says how long `encodes` encodings and `pictures` compensations will take, from a measured rate.
 */
dc3_status dc3_run_estimate(dc3_run *run, int64_t encodes, int64_t pictures);

/* skipped.c: notes a picture that is passed over, fatal with strict. `reason` is not the error text itself.
 */
dc3_status dc3_run_skip(dc3_run *run, const char *key, const char *reason);
/* Writes the list where the run keeps it, if there is anything in it. */
dc3_status dc3_run_write_skipped(const dc3_run *run);

/* features.c: encodes every picture; those that cannot be read are listed, or fatal with strict. */
dc3_status dc3_run_features(dc3_run *run);
/* Seconds that one picture takes in it, from some batches spread over the dataset. */
dc3_status dc3_run_measure_features(dc3_run *run, double *seconds);
/* selection of items (numbers in the dataset) and their bins: *items [classes * ipc], caller frees both. */
dc3_status dc3_run_select(dc3_run *run, int64_t **items, int64_t *count);
/* Bins [run->n] of the readable pictures within their classes. */
dc3_status dc3_run_bins(dc3_run *run, int64_t *bins);

/* compensate.c: what is made of one picture. */
typedef struct dc3_compensated {
    const char *prompts[4]; /* of the run's lists */
    uint64_t seeds[4];
    int edits;
    int unreadable; /* the picture itself cannot be read */
    dc3_image image;
} dc3_compensated;
/* The picture's prompts and seeds; `repeat` tells several results of one picture apart. */
void dc3_run_draw(const dc3_run *run, const char *key, int repeat, dc3_compensated *out);
dc3_status dc3_run_compensate(dc3_run *run, int64_t item, int repeat, dc3_compensated *out);

/* output.c: the run folder. */
typedef struct dc3_output {
    dc3_run *run;
    char *folder, *train;
    char **folders; /* of the classes, below train */
    int *labels;    /* [classes], as stored: classes without a picture have -1 and no number is left out */
    int continues;  /* the folder holds an earlier part of the same run */
    int clears;     /* the folder holds a run that goes */
} dc3_output;
/* Looks whether the folder may be written to. Changes nothing. */
dc3_status dc3_output_open(dc3_run *run, dc3_output *output);
/* Removes an earlier run if that is wanted, makes the folders and dc3.json. */
dc3_status dc3_output_start(dc3_output *output);
void dc3_output_close(dc3_output *output);
/* The selection of an earlier part of the run; *count 0 if there is none. */
dc3_status dc3_output_read_selection(const dc3_output *output, int64_t **items, int64_t *count);
dc3_status dc3_output_write_selection(const dc3_output *output, const int64_t *items, int64_t count);
/* "train/<class>/<place>-<stem>.png" of the place-th picture of a class: relative to OUT/train and absolute,
 * caller frees. */
dc3_status dc3_output_name(const dc3_output *output, int64_t item, int64_t place, char **relative,
                           char **path);
/* The lines of `train`/metadata.jsonl as a list of objects; the caller releases it, also after a failure. */
dc3_status dc3_metadata_read(const char *train, json_t **lines);
/* Writes the names of what will be stored, for dc3_clear_run. */
dc3_status dc3_output_plan(const dc3_output *output, const int64_t *items, int64_t count);
/* Of the items with stored[i]; numbers the classes. */
dc3_status dc3_output_write_metadata(dc3_output *output, const int64_t *items, const char *stored,
                                     int64_t count);
dc3_status dc3_output_finish(const dc3_output *output);
/* A JSON string of bytes that may not be UTF-8. */
json_t *dc3_json_text(const char *bytes);
/* A JSON string that tells a file's bytes from another's. */
json_t *dc3_fingerprint(const char *path);

#endif
