/* A part of a stored image: one of the dataset's images, whole or a square of it. */
#ifndef DC3_FEATURES_PART_H
#define DC3_FEATURES_PART_H

#include "features/run.h"

typedef struct dc3_part {
    int64_t item;
    int place;     /* of the stored image in its class */
    int repeat;    /* how often the image was used before */
    dc3_box box;   /* side 0: the whole image */
    double loss;   /* of the square, by the teacher */
    int64_t bin;   /* of the image in its class, where rank is not 0; -1: there are no bins */
    int rank;      /* of the image in the order in which its bin's (without bins or nested its class's) were
                      chosen, from 1 on; 0: of a list, or of a run that an earlier version began */
    int candidate; /* of calibrated compensation: which is stored; -1: nobody chose yet */
    double gain;   /* what it added to the objective then; NaN: nothing is known */
} dc3_part;

/* Parts of a stored image, at most. */
enum { DC3_PARTS = 4 };

/* Names the part's random numbers: the image's key and the repeat. */
uint64_t dc3_run_item(const dc3_run *run, const dc3_part *part);

#endif
