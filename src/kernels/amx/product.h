/* Rows by a packed matrix, with what follows. Private to this folder. */
#ifndef DC3_KERNELS_AMX_PRODUCT_H
#define DC3_KERNELS_AMX_PRODUCT_H

#include "kernels/amx/finish.h"

/* Bytes of scratch for as many threads as there are. */
size_t AMX(product_scratch)(int64_t rows, int64_t k, int64_t columns);
/* x [rows, k] by the matrix packed as [blocks of o->channels columns][depth of k] pairs of tiles. */
void AMX(product)(int64_t rows, int64_t k, const uint16_t *x, const uint16_t *packed, const output *o,
                  void *scratch);

#endif
