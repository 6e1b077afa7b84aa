/* Where a run of dc3_condense stands, also one that is going on in another process. */
#ifndef DC3_PROGRESS_H
#define DC3_PROGRESS_H

#include <stdint.h>
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
    char *data; /* the dataset's place as it was given; dc3_progress_free frees it */
    int64_t ipc, classes;
    int64_t inputs, read, skipped, binned; /* of the dataset's pictures */
    int64_t chosen, stored, edits;         /* of the pictures to store */
    int64_t bytes, views;                  /* of stored pictures; labelled views of each */
    char stage[32];                        /* the last that told how far it is */
    int64_t done, total, updated;
    double seconds_left;                 /* of that stage, by its own speed; -1: not known */
    char names[DC3_PROGRESS_STAGES][32]; /* of stages that have ended, and what they took */
    double seconds[DC3_PROGRESS_STAGES];
    int stages;
    int64_t calls, peak_bytes, cached_seconds; /* of the program; of any of them; of features from a cache */
} dc3_progress;

/* Reads it without a change to the folder. DC3_ERR_FORMAT where `folder` holds no run of dc3 condense. */
dc3_status dc3_progress_read(const char *folder, dc3_progress *progress);
void dc3_progress_free(dc3_progress *progress);

#ifdef __cplusplus
}
#endif
#endif
