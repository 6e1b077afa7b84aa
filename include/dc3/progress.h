/* How far a run of dc3_condense or a comparison of dc3_compare is, also while it is running in another
 * process. */
#ifndef DC3_PROGRESS_H
#define DC3_PROGRESS_H

#include <stdint.h>
#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DC3_PROGRESS_STAGES = 16 };

/* What a run folder's dc3.json and state.db say. Times are seconds since 1970; -1 where nothing is known. */
typedef struct dc3_progress {
    int complete;
    int running;      /* a process holds the folder's lock: `holder` says which */
    int has_database; /* 0: none, or not readable; what comes from it is 0 then */
    char holder[200];
    char method[32];
    char *data;           /* the dataset's place as it was given; dc3_progress_free frees it */
    int64_t ipc, classes; /* ipc: 0: no number of images of each class was asked for */
    int64_t inputs, read, skipped, binned; /* of the dataset's images */
    int64_t chosen, stored, edits;         /* of the images to store */
    int64_t gone;                          /* that were stored, and are not there any more */
    int64_t bytes, views;                  /* of stored images; labelled views of each */
    char stage[32];                        /* the last that reported its progress */
    int64_t done, total, updated;
    double seconds_left;                 /* of that stage, by its own speed; -1: not known */
    char names[DC3_PROGRESS_STAGES][32]; /* of stages that have begun, and what they
                                            took in all calls of the run together */
    double seconds[DC3_PROGRESS_STAGES];
    int stages;
    int64_t calls, peak_bytes, cached_seconds; /* of the program; of any of them; of features from a cache */
} dc3_progress;

/* Reads it without a change to the folder. DC3_ERR_FORMAT where `folder` holds no run of dc3 condense. */
DC3_API dc3_status dc3_progress_read(const char *folder, dc3_progress *progress);
DC3_API void dc3_progress_free(dc3_progress *progress);

/* A command that works on a run's folder (label, evaluate, measure), or that makes a file (train). */
typedef struct dc3_work {
    char command[16];
    char holder[200];             /* which process */
    char stage[32];               /* "": none has begun */
    int64_t done, total, updated; /* total -1: not known; updated: seconds since 1970 */
    double seconds_left;          /* of the stage, by its own speed; -1: not known */
} dc3_work;
enum { DC3_WORKS = 8 };
/* Those that are at work on a folder or a file; returns how many. Changes nothing. */
DC3_API int dc3_works_read(const char *place, dc3_work works[DC3_WORKS]);

/* One score that the last call of dc3_compare wanted. */
typedef struct dc3_compared {
    char method[32], arch[32], labels[8], augment[8];
    int ipc, seed;
    int64_t budget;   /* bytes of its set, in place of ipc; 0: none */
    int done, trains; /* trains: its student is being trained, beside others perhaps */
    double top1;      /* 0 to 1, of what is done */
    double needed;    /* above 0: there is no score, since an image of each class takes so many bytes, which
                         the budget does not hold */
} dc3_compared;

/* What a comparison's compare.json and results.jsonl say. */
typedef struct dc3_comparison {
    int complete; /* all wanted scores are there that can be, and the table of them */
    int running;  /* a process holds the folder's lock: `holder` says which */
    char holder[200];
    char *data, *val;    /* as they were given */
    int64_t scores;      /* that are there, of all calls */
    dc3_compared *cells; /* [total], in the order in which they are made; total 0: an earlier version made the
                            folder and did not write what it wanted */
    int64_t total, done, unmet; /* unmet: of the total, with `needed` */
    int64_t training;           /* of them, those whose students a process is training now, side by side */
    int64_t next;               /* the first that is to be made, or the first that a call is at; -1: none */
    double seconds_left;        /* of all that is missing, by what is done; -1: nothing is done yet */
    const char *step; /* what is done for it: "training the teacher", "condensing", "training its student",
                         of several "training their students"; "making the table" without one */
    int has_run;      /* its dataset has been begun: `run` is its progress */
    dc3_progress run;
} dc3_comparison;

/* 1 if the folder is one of dc3_compare. */
DC3_API int dc3_comparison_is(const char *folder);
/* Reads it without a change to the folder; always free. DC3_ERR_FORMAT where it is none. */
DC3_API dc3_status dc3_comparison_read(const char *folder, dc3_comparison *comparison);
DC3_API void dc3_comparison_free(dc3_comparison *comparison);

#ifdef __cplusplus
}
#endif
#endif
