/* What tests read of, and write to, tensors wherever they lie. */
#ifndef DC3_TESTS_DEVICE_VALUES_H
#define DC3_TESTS_DEVICE_VALUES_H

#include "support/random_tensors.h"
#include "ops/ops.h"

/* The tensor's elements on the host; the caller frees. */
static inline void *host_values(dc3_tensor t)
{
    void *values = malloc(dc3_bytes(&t) + 1);
    if (!values || dc3_tensor_read(&t, values) != DC3_OK) fail_msg("%s", dc3_error_text());
    return values;
}

/* |found - wanted| / |wanted| over all elements; wanted is f32 on the host. */
static inline double relative_error(dc3_tensor found, const dc3_tensor *wanted)
{
    double error = 0, norm = 0;
    assert_int_equal(dc3_count(&found), dc3_count(wanted));
    void *values = host_values(found);
    for (int64_t i = 0; i < dc3_count(wanted); i++) {
        double x = value_at(found.dtype, values, i), y = ((const float *)wanted->data)[i];
        error += (x - y) * (x - y);
        norm += y * y;
    }
    free(values);
    return sqrt(error / norm);
}

#endif
