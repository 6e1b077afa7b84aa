/* Arrays of NumPy whose first index runs fastest. */
#ifndef DC3_IO_FORTRAN_ORDER_H
#define DC3_IO_FORTRAN_ORDER_H

#include "tensor/tensor.h"

/* The values of a tensor of this shape and type, of any bytes each, from that order into C's, in which the
 * last index runs fastest. from, to: dc3_bytes(t) bytes that do not overlap. */
void dc3_from_fortran_order(const dc3_tensor *t, const void *from, void *to);

#endif
