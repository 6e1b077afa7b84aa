/* Rows to select from, of a file's arrays. */
#ifndef DC3_SELECT_ROWS_H
#define DC3_SELECT_ROWS_H

#include "tensor/table.h"

/* Arrays embeddings [n, d] and logits [n, c] as f32, labels [n] and bins [n] as i64; logits and bins NULL
 * where the file has none. What had to be converted is in `made`. */
typedef struct dc3_rows {
    int64_t n, d, c;
    const float *embeddings, *logits;
    const int64_t *labels, *bins;
    void *made[4];
    int made_count;
} dc3_rows;

/* Opens the arrays: a safetensors file, a .npz, a PyTorch checkpoint, or the .npy of the embeddings, with
 * labels.npy and perhaps logits.npy and bins.npy beside it. The caller closes the table. */
dc3_status dc3_rows_open(const char *path, dc3_table **table);
/* Opens embeddings [n, d] whose classes are known, of a file like that: those called so, or the only array of
 * two dimensions. *labels [n], or NULL where there are none; of a .npy those of labels.npy beside it, if that
 * has n of them. Both are the table's, which the caller closes; NULL on failure. */
dc3_status dc3_rows_open_embeddings(const char *path, dc3_table **table, const dc3_tensor **embeddings,
                                    const dc3_tensor **labels);
/* Values [count] from number `first` on of an array that was checked, of numbers with a fraction or small
 * integers, as f32. */
dc3_status dc3_rows_floats(const dc3_tensor *array, int64_t first, int64_t count, float *to);
/* Value i of an array of integers or bool. One of u64 that does not fit is negative. */
int64_t dc3_rows_integer(const dc3_tensor *array, int64_t i);
/* 1 if the table has something called embeddings. */
int dc3_rows_are_meant(const dc3_table *table);
/* Names, ranks, sizes and types, without a look at the values: DC3_ERR_FORMAT with what to do. Embeddings and
 * logits may be f32, f16, bf16, f64 or integers of 8 and 16 bits; labels and bins integers of any size, or
 * bool. */
dc3_status dc3_rows_check(const dc3_table *table);
/* The same, and takes them; freed by dc3_rows_free, also after a failure. */
dc3_status dc3_rows_take(const dc3_table *table, dc3_rows *rows);
void dc3_rows_free(dc3_rows *rows);

#endif
