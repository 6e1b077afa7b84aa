/* The students of a call that are trained side by side, which the files about them share: students.c has
 * their course, student_threads.c those that run, student_fits.c which may be started beside these. */
#ifndef DC3_EVALUATE_STUDENT_GROUP_H
#define DC3_EVALUATE_STUDENT_GROUP_H

#include <pthread.h>
#include "base/cancel.h"
#include "evaluate/student.h"
#include "evaluate/students.h"

/* How it went on one thread, kept for another. */
typedef struct dc3_student_failure {
    dc3_status status;
    dc3_failure why;
} dc3_student_failure;

struct dc3_student_group;

typedef struct dc3_student_job {
    struct dc3_student_group *group;
    int number; /* in the list */
    dc3_evaluate_options options;
    dc3_evaluation e;
    dc3_tested result;
    char *saved; /* the file of its score; NULL: it has none */
    int complete;
    dc3_watch watch;
    pthread_t thread;
    /* under the group's lock while it runs */
    dc3_student_failure failure;
    int ended, epochs;
    double bytes; /* 0: not known yet */
} dc3_student_job;

typedef struct dc3_student_group {
    int count, threads;
    dc3_student_job **jobs;  /* [count]; NULL: not opened yet */
    dc3_student_job **slots; /* [threads] those that run */
    int next, delivered, running, most;
    dc3_tests *tests;
    dc3_listener listener;
    dc3_student_scored *scored;
    void *user;
    dc3_students_kept *kept;
    int has_note;                /* 1: folders are noted as worked on */
    int64_t told;                /* epochs of all that the listener heard of */
    dc3_student_failure failure; /* of the first in the list that failed */
    int failed;                  /* its number; count: none has */
    int waits;                   /* 1: no other is started for now */
    int lone;                    /* 1: what runs now shares nothing */
    pthread_mutex_t lock;
    pthread_cond_t woken;
    char **messages; /* for the listener */
    size_t message_count;
} dc3_student_group;

/* ---- student_threads.c ---- */

/* Of this thread. */
dc3_student_failure dc3_student_failure_here(dc3_status status);
/* What a student's epochs ask and tell. All of what follows is called on the group's own thread. */
dc3_epochs dc3_student_epochs(dc3_student_job *job);
/* Trains it on this thread, where nothing else is to run beside it. */
void dc3_student_train_here(dc3_student_job *job);
/* The same on a thread of its own, which ends with job->ended; 0: there is none. */
int dc3_student_train_apart(dc3_student_job *job);
/* Waits for that thread. */
void dc3_student_join(dc3_student_job *job);
/* Passes on what was said, and how many epochs of all are done. */
void dc3_students_hear(dc3_student_group *group);
/* Waits until something has happened, or for a tenth of a second. */
void dc3_students_wait(dc3_student_group *group);

/* ---- student_fits.c ---- */

/* Whether others may be trained beside it. */
int dc3_student_shares(const dc3_student_job *job);
/* Whether one that was looked at may start beside those that run. */
int dc3_student_may_start(dc3_student_group *group, const dc3_student_job *job);
/* Whether the memory of all that run is known; under the lock. */
int dc3_students_are_known(const dc3_student_group *group);

#endif
