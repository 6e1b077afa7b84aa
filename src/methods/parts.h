/* What is stored, and of which parts. */
#ifndef DC3_METHODS_PARTS_H
#define DC3_METHODS_PARTS_H

#include "features/part.h"

/* What is stored, by class: run->each parts for each image. */
typedef struct dc3_chosen {
    int64_t count;
    dc3_part *parts; /* [count, each] */
    char *stored;    /* [count], once they are numbered: the image is in the folder */
} dc3_chosen;

#endif
