/* The networks that look at every image: the teacher and Inception. */
#ifndef DC3_MEASURE_NETWORKS_H
#define DC3_MEASURE_NETWORKS_H

#include "measure/subject.h"
#include "ops/look.h"

/* The networks that the options name. */
dc3_status dc3_networks_open(dc3_measuring *m);
void dc3_networks_close(dc3_measuring *m);
/* What network `k` sees of an image: to [size, size, 3], in 0 to 1 for the teacher. */
dc3_status dc3_network_view(const dc3_measuring *m, int k, const dc3_image *image, float *to);

/* All of them at once (ops/look.h), where an image's view is what each sees of it, one behind the other. */
typedef struct dc3_sight {
    const dc3_measuring *m;
    int originals; /* the teacher sees the image's original, too */
} dc3_sight;
/* The caller adds what is missing; the sight must stay. Its bytes are dc3_sight_bytes. */
dc3_look dc3_sight_look(const dc3_sight *sight);
double dc3_sight_bytes(const dc3_sight *sight);
/* Where what network `k` sees of the image begins in its view; DC3_NETWORKS: what the teacher does of the
 * original; NULL where it is not there. */
float *dc3_sight_view(const dc3_sight *sight, int k, float *view);
dc3_answers dc3_sight_answers(const dc3_sight *sight, const dc3_seen *seen);

#endif
