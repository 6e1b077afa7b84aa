/* What stored images take. */
#ifndef DC3_BUDGET_MEASURE_H
#define DC3_BUDGET_MEASURE_H

#include "budget/cost.h"
#include "io/dataset.h"

typedef struct dc3_sizing {
    const dc3_dataset *dataset;
    int size,
        parts; /* an image is stored as so many squares of this side, each encoded like one of its own */
    dc3_fit fit;
    int threads;
    double seconds;       /* after which no other image is looked at; 0: however long it takes */
    const dc3_cost *cost; /* of `costs`, else NULL */
} dc3_sizing;

/* Bytes of a stored image in each of `count` ways [count], and unless it is NULL into `costs` [count] what
 * that takes (dc3_cost_image), as the mean of images, spread over the dataset, as they are: an edit changes
 * their colours, hardly their details. Of 64, of fewer (at least 4) above 256 pixels, so that about 4
 * megapixels are encoded in each way. Unless `seconds` ends it the same for any number of threads. 0: none
 * can be read. DC3_ERR_MEMORY, DC3_ERR_CANCELLED, an encoder's. */
dc3_status dc3_budget_measure(const dc3_sizing *sizing, const dc3_coding *codings, int count, double *each,
                              double *costs);

#endif
