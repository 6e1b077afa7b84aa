/* Look-up in tables of tokens and positions: forward; backward through the tables. */
#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

static dc3_status look_up(int64_t n, int64_t t, const int64_t *ids, const dc3_tensor *table,
                          const dc3_tensor *position, dc3_tensor y)
{
    int64_t c = table->shape[1], positions = position->shape[0];
    float *row = malloc(2 * (size_t)c * sizeof *row), *add = row + c;
    dc3_status status = row ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    size_t width = dc3_dtype_size(table->dtype), place_width = dc3_dtype_size(position->dtype);
    for (int64_t i = 0; status == DC3_OK && i < n * t; i++) {
        if (ids[i] < 0 || ids[i] >= table->shape[0])
            status = dc3_fail(DC3_ERR_ARGUMENT, "token id %lld: the embedding has rows 0 to %lld",
                              (long long)ids[i], (long long)table->shape[0] - 1);
        if (status == DC3_OK)
            status = dc3_convert((char *)table->data + (size_t)(ids[i] * c) * width, table->dtype, row,
                                 DC3_F32, c);
        if (status == DC3_OK)
            status = dc3_convert((char *)position->data + (size_t)(i % t % positions * c) * place_width,
                                 position->dtype, add, DC3_F32, c);
        for (int64_t j = 0; status == DC3_OK && j < c; j++) row[j] += add[j];
        if (status == DC3_OK)
            status = dc3_convert(row, DC3_F32, (char *)y.data + (size_t)(i * c) * dc3_dtype_size(y.dtype),
                                 y.dtype, c);
    }
    free(row);
    return status;
}

/* saved[0], saved[1]: rows of the tables, one for each row of dy. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t rows = record->saved[0].shape[0];
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    for (int i = 0; i < 2; i++)
        if (record->gradient[i])
            dc3_ctx_kernels(ctx)->scatter_rows(dy.dtype, rows, dc3_count(&dy) / rows, record->saved[i].data,
                                               dy.data, record->gradient[i]);
    dc3_op_end(&op, DC3_OK);
}

static void record_embedding(dc3_ctx *ctx, int64_t n, int64_t t, const int64_t *ids, const dc3_tensor *table,
                             const dc3_tensor *position, dc3_tensor *y)
{
    float *d_table = dc3_parameter_gradient(ctx, table->data),
          *d_position = dc3_parameter_gradient(ctx, position->data);
    dc3_record *record = dc3_record_new(ctx, backward, y, 0, NULL, d_table || d_position);
    if (!record) return;
    dc3_tensor tokens = dc3_new(ctx, DC3_I64, 1, (int64_t[]){n * t}),
               places = dc3_new(ctx, DC3_I64, 1, (int64_t[]){n * t});
    if (!tokens.data || !places.data) return;
    memcpy(tokens.data, ids, dc3_bytes(&tokens)); /* which are the caller's */
    for (int64_t i = 0; i < n * t; i++) ((int64_t *)places.data)[i] = i % t % position->shape[0];
    record->gradient[0] = d_table, record->gradient[1] = d_position;
    dc3_record_save(ctx, record, 0, tokens);
    dc3_record_save(ctx, record, 1, places);
}

dc3_tensor dc3_embedding(dc3_ctx *ctx, int64_t n, int64_t t, const int64_t *ids, const dc3_tensor *table,
                         const dc3_tensor *position)
{
    dc3_tensor y = dc3_new(ctx, dc3_ctx_dtype(ctx), 3, (int64_t[]){n, t, table->shape[1]});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_op_end(&op, look_up(n, t, ids, table, position, y));
    record_embedding(ctx, n, t, ids, table, position, &y);
    return y;
}
