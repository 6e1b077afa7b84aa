/* Principal component analysis of one class. */
#ifndef DC3_SELECT_PCA_H
#define DC3_SELECT_PCA_H

#include <stdint.h>
#include "base/status.h"
#include "select/memory.h"

/* min(components, n - 1, d), at least 1 where n >= 1: what dc3_pca gives. */
int64_t dc3_pca_components(int64_t n, int64_t d, int64_t components);
/* x [n, d] to scores [n, k], k from dc3_pca_components, on the directions of largest variance first. Each
 * direction has its largest entry positive. basis [k, d], or NULL. */
dc3_status dc3_pca(dc3_meter *meter, int64_t n, int64_t d, const float *x, int64_t k, float *scores,
                   float *basis);

#endif
