/* Datasets around a place, which the command itself does not read. What is put into a folder of images counts
 * as one of them from then on, and a new folder beside them as a class.
 *
 * A folder counts as a dataset where it has two class folders or more, they are two thirds or more of its
 * folders, and fewer images lie beside them than there are class folders. A class folder has images in it,
 * and no more than twice as much of other kinds; images that dc3 edit or dc3 contact wrote do not count. Of a
 * part beside another part (train, val, ...) one class folder is enough, and its images may lie one folder
 * deeper. Folders that hold nothing, hidden ones and what systems leave (io/datasets/leftovers.h) are passed
 * over, and so are parts: a folder with train and val in it is no dataset itself. */
#ifndef DC3_OUTPUT_AROUND_H
#define DC3_OUTPUT_AROUND_H

#include "base/status.h"

typedef struct dc3_around {
    char *path;      /* of the dataset; NULL: none */
    char first[256]; /* the first of its class folders that were seen */
} dc3_around;

/* The dataset that a file or a folder would lie in if it were put into `folder`, of which as much counts as
 * is there: the folder itself, the one above it, or one farther above where the folder below that is one of
 * its class folders. None where a folder on the way is a run's or, below the dataset, has runs in it: what is
 * there already goes on. Looks at most at some hundreds of entries a folder. DC3_ERR_MEMORY at most. */
dc3_status dc3_find_around(const char *folder, dc3_around *around);
void dc3_around_free(dc3_around *around);

#endif
