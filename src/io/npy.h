/* NumPy's arrays: .npy files, and .npz files, zip archives of them, stored or deflated. */
#ifndef DC3_IO_NPY_H
#define DC3_IO_NPY_H

#include "tensor/table.h"

/* 1 where the bytes begin like one of both. */
int dc3_npy_probe(const unsigned char *data, size_t size);
int dc3_npz_probe(const unsigned char *data, size_t size);
/* Adds the array as a tensor called `name`: a view of `data`, or a copy where its order is Fortran's or it is
 * not aligned. An array of a type that dc3 does not have, texts or objects for instance, is noted as odd.
 * DC3_ERR_FORMAT for what is no array, or is cut short. */
dc3_status dc3_npy_add(const char *origin, const char *name, const unsigned char *data, size_t size,
                       dc3_table *table);
/* A .npy, called by its file's name without the ending. */
dc3_status dc3_npy_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table);
/* All arrays of the archive under their names. Together they take at most 64 times the file's bytes, or 1
 * GiB. */
dc3_status dc3_npz_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table);

#endif
