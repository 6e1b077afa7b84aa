/* Gradients through large weights that are not trained: from forward's form of the weight, without one of
 * their own, against the plain kernels. */
#include "support/random_tensors.h"
#include "support/skips.h"
#include <omp.h>
#include "kernels/cpu_convolutions.h"
#include "kernels/onednn/data_weight.h"

static int packs_of(const dc3_weight *weight)
{
    int count = 0;
    for (const dc3_pack *pack = weight->packs; pack; pack = pack->next) count++;
    return count;
}

/* What a case reads and writes. version: 0 of a weight that stays as it is. */
typedef struct operands {
    void *x, *dy, *y, *dx[3], *w;
    dc3_weight weight[2]; /* of versions 0 and 1 */
} operands;

static operands open_operands(dc3_rng *rng, dc3_dtype type, int64_t in, int64_t out, int64_t co,
                              int64_t columns)
{
    operands o = {.x = random_values(rng, type, in, 1),
                  .dy = random_values(rng, type, out, 1),
                  .y = malloc((size_t)out * sizeof(float)),
                  .w = random_values(rng, DC3_BF16, co * columns, 1 / sqrtf((float)co))};
    for (int i = 0; i < 3; i++) o.dx[i] = malloc((size_t)in * sizeof(float));
    for (int i = 0; i < 2; i++)
        o.weight[i] = (dc3_weight){.part = {dc3_view(o.w, DC3_BF16, 2, (int64_t[]){co, columns})},
                                   .parts = 1,
                                   .version = (uint64_t)i};
    return o;
}

static void close_operands(operands *o)
{
    for (int i = 0; i < 2; i++) dc3_weight_release(&o->weight[i]);
    free(o->x), free(o->dy), free(o->y), free(o->w);
    for (int i = 0; i < 3; i++) free(o->dx[i]);
}

/* Rows that fill tiles and such that do not; the same bytes with any number of threads. */
static void matrices(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1152, 640},  {5, 800, 704},   {12, 1152, 640}, {13, 1152, 640},
                                        {77, 768, 1280}, {64, 320, 2560}, {257, 1120, 512}};
    dc3_dense fast, plain;
    if (!can_bf16("products")) skip();
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int64_t rows = shapes[i][0], ci = shapes[i][1], co = shapes[i][2];
        dc3_rng rng = dc3_rng_make(i, DC3_RNG_TEST, 81);
        operands o = open_operands(&rng, DC3_BF16, rows * ci, rows * co, co, ci);
        dc3_linear_shape s = {rows, ci, co, DC3_BF16, DC3_ACT_NONE, 0, 0};
        dc3_weight *weight = &o.weight[0];
        assert_int_equal(plain.linear_backward_data(plain.self, &s, o.dy, &o.weight[1], o.dx[1]), DC3_OK);
        assert_int_equal(fast.linear(fast.self, &s, o.x, weight, NULL, NULL, o.y), DC3_OK);
        int known = ((const onednn *)fast.self)->own.linear_data && dc3_onednn_data_matrix(&s, weight);
        for (int threads = 1; threads < 4; threads++) {
            omp_set_num_threads(threads);
            assert_int_equal(fast.linear_backward_data(fast.self, &s, o.dy, weight, o.dx[0]), DC3_OK);
            double far = distance(DC3_BF16, o.dx[0], o.dx[1], rows * ci);
            if (far > tolerance(DC3_BF16)) fail_msg("case %d, %d threads: distance %g", (int)i, threads, far);
            if (threads > 1 && known)
                assert_memory_equal(o.dx[0], o.dx[2], (size_t)(rows * ci) * sizeof(uint16_t));
            memcpy(o.dx[2], o.dx[0], (size_t)(rows * ci) * sizeof(uint16_t));
        }
        if (known) assert_int_equal(packs_of(weight), 1);
        close_operands(&o);
    }
    fast.close(fast.self);
    plain.close(plain.self);
}

/* The same bytes as from a form of their own, which a weight that is trained has. */
static void convolutions(dc3_dtype type)
{
    static const int64_t shapes[][4] = {{256, 288, 5, 1}, {352, 224, 6, 2}, {288, 256, 3, 1}};
    dc3_dense fast;
    assert_int_equal(dc3_dense_by(DC3_WAY_ONEDNN, &fast), DC3_OK);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int64_t side = shapes[i][2];
        dc3_conv_shape s = {.n = 2,
                            .h = side,
                            .w = side,
                            .ci = shapes[i][0],
                            .co = shapes[i][1],
                            .kh = 3,
                            .kw = 3,
                            .stride = shapes[i][3],
                            .pad_top = 1,
                            .pad_left = 1,
                            .pad_bottom = 1,
                            .pad_right = 1,
                            .type = type};
        int64_t in = s.n * side * side * s.ci,
                out = s.n * dc3_conv_out_height(&s) * dc3_conv_out_width(&s) * s.co;
        dc3_rng rng = dc3_rng_make(i, DC3_RNG_TEST, 82);
        operands o = open_operands(&rng, type, in, out, s.co, dc3_conv_columns(&s));
        for (int again = 0; again < 2; again++)
            for (int k = 0; k < 2; k++) {
                dc3_weight *weight = &o.weight[k];
                assert_int_equal(fast.conv2d(fast.self, &s, o.x, weight, NULL, NULL, o.y), DC3_OK);
                assert_int_equal(fast.conv2d_backward_data(fast.self, &s, o.dy, weight, o.dx[k]), DC3_OK);
            }
        assert_memory_equal(o.dx[0], o.dx[1], (size_t)in * dc3_dtype_size(type));
        assert_int_equal(packs_of(&o.weight[0]), 1);
        close_operands(&o);
    }
    fast.close(fast.self);
}

static void convolutions_f32(void **state)
{
    (void)state;
    convolutions(DC3_F32);
}

static void convolutions_bf16(void **state)
{
    (void)state;
    if (!can_bf16("convolutions")) skip();
    convolutions(DC3_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matrices), cmocka_unit_test(convolutions_f32),
                                       cmocka_unit_test(convolutions_bf16)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
