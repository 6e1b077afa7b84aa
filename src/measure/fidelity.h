/* Stored images against their originals, while they are measured. */
#ifndef DC3_MEASURE_FIDELITY_H
#define DC3_MEASURE_FIDELITY_H

#include "measure/subject.h"

/* Fills s->pairing, where the subject is a run whose images have one original each. */
dc3_status dc3_pairing_open(dc3_measuring *m, dc3_subject *s);
void dc3_pairing_close(dc3_pairing **pairing);
/* An image and its original. */
typedef struct dc3_pair {
    enum { DC3_NOT_COMPARED, DC3_COMPARISON_FAILED, DC3_COMPARED } state;
    double ssim, delta_e, psnr;
    int notes; /* dc3_dataset_heard of the original */
    char reason[DC3_REASON_SIZE];
} dc3_pair;
/* Compares the item-th image; `view`, or NULL: what the teacher is to see of the original. Threads may call
 * it at once. */
void dc3_pairing_measure(const dc3_measuring *m, const dc3_pairing *pairing, int64_t item,
                         const dc3_image *stored, float *view, dc3_pair *pair);
/* Adds it, after the networks have looked. */
dc3_status dc3_pairing_add(dc3_measuring *m, dc3_subject *s, int64_t item, const dc3_pair *pair,
                           const dc3_answers *answers);
/* Fills s->fidelity. */
void dc3_pairing_finish(dc3_subject *s);
/* The originals, or NULL; `from`: the number of a stored image's, negative where it is not known. */
const dc3_dataset *dc3_pairing_originals(const dc3_pairing *pairing);
int64_t dc3_pairing_original(const dc3_pairing *pairing, int64_t item);

#endif
