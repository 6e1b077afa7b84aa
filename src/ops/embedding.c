/* Look-up in tables of tokens and positions: forward; backward through the tables. */
#include <stdlib.h>
#include "ops/ops.h"
#include "ops/tape.h"

static int is_float(dc3_dtype type)
{
    return type == DC3_F32 || type == DC3_BF16 || type == DC3_F16 || type == DC3_F64;
}

static dc3_status check(const dc3_embedding_shape *s, const int64_t *ids)
{
    dc3_dtype type = is_float(s->table_type) && s->positions ? s->position_type : s->table_type;
    if (!is_float(type))
        return dc3_fail(DC3_ERR_ARGUMENT, "cannot convert %s to %s", dc3_dtype_name(type),
                        dc3_dtype_name(DC3_F32));
    for (int64_t i = 0; i < s->n * s->t; i++)
        if (ids[i] < 0 || ids[i] >= s->rows)
            return dc3_fail(DC3_ERR_ARGUMENT, "token id %lld: the embedding has rows 0 to %lld",
                            (long long)ids[i], (long long)s->rows - 1);
    return DC3_OK;
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

/* The row of the positions' table for each of the tokens. */
static dc3_tensor places_of(dc3_ctx *ctx, int64_t count, int64_t t, int64_t positions)
{
    int64_t *places = malloc((size_t)count * sizeof *places);
    if (!places) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    for (int64_t i = 0; i < count; i++) places[i] = i % t % positions;
    dc3_tensor uploaded = dc3_upload(ctx, DC3_I64, 1, &count, places);
    free(places);
    return uploaded;
}

/* Takes `tokens` over. */
static void record_embedding(dc3_ctx *ctx, const dc3_embedding_shape *s, dc3_tensor tokens,
                             const dc3_tensor *table, const dc3_tensor *position, dc3_tensor *y)
{
    float *d_table = dc3_parameter_gradient(ctx, *table),
          *d_position = position ? dc3_parameter_gradient(ctx, *position) : NULL;
    dc3_record *record = dc3_record_new(ctx, backward, y, 0, NULL, d_table || d_position);
    if (!record) {
        dc3_drop(ctx, tokens);
        return;
    }
    record->gradient[0] = d_table, record->gradient[1] = d_position;
    dc3_record_save(ctx, record, 0, tokens);
    if (!position) return;
    dc3_tensor places = places_of(ctx, s->n * s->t, s->t, s->positions);
    if (places.data) dc3_record_save(ctx, record, 1, places);
}

dc3_tensor dc3_embedding(dc3_ctx *ctx, int64_t n, int64_t t, const int64_t *ids, const dc3_tensor *table,
                         const dc3_tensor *position)
{
    dc3_embedding_shape s = {.n = n,
                             .t = t,
                             .c = table->shape[1],
                             .rows = table->shape[0],
                             .positions = position ? position->shape[0] : 0,
                             .table_type = table->dtype,
                             .position_type = position ? position->dtype : DC3_F32,
                             .type = dc3_ctx_dtype(ctx)};
    dc3_tensor y = dc3_new(ctx, s.type, 3, (int64_t[]){n, t, s.c});
    dc3_tensor tokens = dc3_upload(ctx, DC3_I64, 1, (int64_t[]){n * t}, ids);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_status status = check(&s, ids);
    if (status == DC3_OK)
        dc3_ctx_kernels(ctx)->embedding(&s, tokens.data, table->data, position ? position->data : NULL,
                                        y.data);
    dc3_op_end(&op, status);
    record_embedding(ctx, &s, tokens, table, position, &y);
    return y;
}
