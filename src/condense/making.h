/* A stored image is made and written, by this rank or another. */
#ifndef DC3_CONDENSE_MAKING_H
#define DC3_CONDENSE_MAKING_H

#include "features/crew.h"
#include "features/part.h"
#include "ranks/share.h"

/* What came of one. */
typedef struct dc3_making {
    int unreadable;       /* number of the part for which it cannot be made; -1: it is made */
    char reason[512];     /* why it cannot */
    int64_t bytes;        /* of its file */
    int notes[DC3_PARTS]; /* dc3_dataset_heard of the images of the parts */
} dc3_making;

/* The image of `parts` [run->each] in the file `relative` of OUT/train. One that cannot be read is no
 * failure. */
dc3_status dc3_make_stored(dc3_run *run, const dc3_part *parts, const char *relative, dc3_making *made);

/* The same by other ranks, with what rank 0 has decided and crews like its own. */
dc3_status dc3_making_open(const dc3_run *run, const dc3_crew *crew, dc3_share **share);
/* What they must know of an image; relative NULL: it is not made, since it is there. */
enum { DC3_MAKING_TASK = 1024 };
size_t dc3_making_tell(const dc3_run *run, const dc3_part *parts, const char *relative, void *to);
/* Their part (dc3_stage in ranks/share.h); user: the dc3_run of one. */
extern const char dc3_making_stage[];
dc3_status dc3_making_serve(void *user, const void *known, size_t bytes);

#endif
