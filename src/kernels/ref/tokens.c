/* Tokens: look-up in tables, the class token of a vision transformer, the position bias of Swin Transformer
 * V2's windows (Liu et al. 2022). In f32. */
#include <math.h>
#include "kernels/ref/element.h"
#include "kernels/ref/ref.h"

/* Of a table as its file holds it: any float type. */
static float load_any(const void *x, dc3_dtype type, int64_t i)
{
    switch (type) {
    case DC3_F16:
        return dc3_from_f16(((const uint16_t *)x)[i]);
    case DC3_F64:
        return (float)((const double *)x)[i];
    default:
        return load(x, type, i);
    }
}

void dc3_ref_embedding(const dc3_embedding_shape *s, const int64_t *ids, const void *table,
                       const void *position, void *y)
{
    int64_t c = s->c;
#pragma omp parallel for
    for (int64_t i = 0; i < s->n * s->t; i++)
        for (int64_t j = 0; j < c; j++)
            store(y, s->type, i * c + j,
                  load_any(table, s->table_type, ids[i] * c + j) +
                      (s->positions ? load_any(position, s->position_type, i % s->t % s->positions * c + j)
                                    : 0));
}

void dc3_ref_class_token(dc3_dtype type, int64_t n, int64_t t, int64_t c, const void *x, const float *token,
                         const float *position, void *y)
{
#pragma omp parallel for
    for (int64_t row = 0; row < n * t; row++)
        for (int64_t j = 0; j < c; j++) {
            int64_t at = row % t, from = (row / t * (t - 1) + at - 1) * c + j;
            store(y, type, row * c + j, position[at * c + j] + (at ? load(x, type, from) : token[j]));
        }
}

/* The row of x [(2 side - 1)^2, heads] for tokens i and j of a window. */
static int64_t distance(int64_t side, int64_t i, int64_t j)
{
    int64_t down = i / side - j / side + side - 1, right = i % side - j % side + side - 1;
    return down * (2 * side - 1) + right;
}

void dc3_ref_position_bias(int64_t heads, int64_t side, const float *x, float *y)
{
    int64_t tokens = side * side;
    for (int64_t k = 0; k < heads * tokens * tokens; k++) {
        int64_t row = distance(side, k / tokens % tokens, k % tokens);
        y[k] = 16 / (1 + expf(-x[row * heads + k / (tokens * tokens)]));
    }
}

/* With s the sigmoid, d(16 s) = 16 s (1 - s) = y (1 - y / 16). */
void dc3_ref_position_bias_gradient(int64_t heads, int64_t side, const float *y, const float *dy, float *dx)
{
    int64_t tokens = side * side;
    for (int64_t i = 0; i < (2 * side - 1) * (2 * side - 1) * heads; i++) dx[i] = 0;
    for (int64_t k = 0; k < heads * tokens * tokens; k++)
        dx[distance(side, k / tokens % tokens, k % tokens) * heads + k / (tokens * tokens)] +=
            dy[k] * y[k] * (1 - y[k] / 16);
}
