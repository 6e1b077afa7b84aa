/* Stored images against their originals, while they are measured. */
#ifndef DC3_MEASURE_FIDELITY_H
#define DC3_MEASURE_FIDELITY_H

#include "measure/subject.h"

/* Fills s->pairing, where the subject is a run whose images have one original each. */
dc3_status dc3_pairing_open(dc3_measuring *m, dc3_subject *s);
void dc3_pairing_close(dc3_pairing **pairing);
/* Compares the item-th image, the i-th of its batch. Threads may call it at once. */
void dc3_pairing_measure(const dc3_measuring *m, dc3_pairing *pairing, int64_t item, int i,
                         const dc3_image *stored);
/* Adds the batch, after the networks have looked; wanted [DC3_MEASURE_BATCH] says what was compared. */
dc3_status dc3_pairing_add(dc3_measuring *m, dc3_subject *s, int64_t first, const int *wanted);
/* Fills s->fidelity. */
void dc3_pairing_finish(dc3_subject *s);
/* The originals, or NULL; `from`: the number of a stored image's, negative where it is not known. */
const dc3_dataset *dc3_pairing_originals(const dc3_pairing *pairing);
int64_t dc3_pairing_original(const dc3_pairing *pairing, int64_t item);

#endif
