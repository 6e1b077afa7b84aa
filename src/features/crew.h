/* Runs that make images side by side, as pieces of work (base/pieces.h): copies of one, each with an editor
 * of its own that shares the networks of the run's and has one thread. */
#ifndef DC3_FEATURES_CREW_H
#define DC3_FEATURES_CREW_H

#include "features/run.h"

typedef struct dc3_crew {
    int64_t images; /* for which it was opened: what is made depends on it in its last bits, so that other
                       ranks open theirs for as many */
    int count;      /* 1: the run itself, with all its threads */
    dc3_run **runs; /* [count], a worker's; copies tell nobody how far they are */
    dc3_run *copies;
    dc3_editor **editors;
} dc3_crew;

/* The edits of an image. */
typedef struct dc3_crew_edits {
    int at_once; /* that are made at once; 0: none are, and a thread each works where there are as many images
                  */
    int held;    /* all of them, which are in memory until it is stored; at_once or more */
} dc3_crew_edits;

/* How many work on `images` images. It follows from these numbers and the run's settings. */
int dc3_crew_size(const dc3_run *run, int64_t images, dc3_crew_edits edits);
/* Bytes that they need together, beside those of the run that has made an image. */
double dc3_crew_bytes(const dc3_run *run, int64_t images, dc3_crew_edits edits);
/* Close in any case. */
dc3_status dc3_crew_open(dc3_run *run, int64_t images, dc3_crew_edits edits, dc3_crew *crew);
void dc3_crew_close(dc3_crew *crew);

#endif
