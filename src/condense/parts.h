/* What is stored, and of which parts. */
#ifndef DC3_CONDENSE_PARTS_H
#define DC3_CONDENSE_PARTS_H

#include "features/run.h"

/* A part of a stored image: one of the dataset's images, whole or a square of it. */
typedef struct dc3_part {
    int64_t item;
    int place;   /* of the stored image in its class */
    int repeat;  /* how often the whole image was used before */
    dc3_box box; /* side 0: the whole image */
    double loss; /* of the square, by the teacher */
    int64_t bin; /* of the image in its class, where rank is not 0; -1: there are no bins */
    int rank; /* of the image in the order in which its bin's (or without bins its class's) were chosen, from
                 1 on; 0: it was chosen otherwise */
    int candidate; /* of calibrated compensation: which is stored; -1: nobody chose yet */
    double gain;   /* what it added to the objective then; NaN: nothing is known */
} dc3_part;

/* What is stored, by class: run->each parts for each image. */
typedef struct dc3_chosen {
    int64_t count;
    dc3_part *parts; /* [count, each] */
    char *stored;    /* [count], once they are numbered: the image is in the folder */
} dc3_chosen;

#endif
