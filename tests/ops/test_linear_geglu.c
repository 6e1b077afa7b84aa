/* A gated layer in parts of its rows is the linear layer and the gate apart. */
#include "support/random_tensors.h"
#include "support/skips.h"
#include "ops/ops.h"

/* 3,000 rows of 520 values are more than a part (2 MB), and 40 are not; of 1,600 columns the weight would be
 * read too often. */
static void parts(void **state)
{
    (void)state;
    int types = can_bf16("gated layers") ? 2 : 1;
    static const int64_t shapes[][3] = {{3000, 20, 520}, {40, 20, 520}, {3000, 1600, 264}, {2050, 33, 1200}};
    for (int type = 0; type < types; type++)
        for (int i = 0; i < 4; i++) {
            dc3_dtype dtype = type ? DC3_BF16 : DC3_F32;
            int64_t rows = shapes[i][0], ci = shapes[i][1], co = shapes[i][2];
            dc3_ctx *ctx;
            assert_int_equal(dc3_ctx_open(NULL, dtype, 2, DC3_CTX_FAST, &ctx), DC3_OK);
            dc3_scope scope = dc3_scope_open(ctx);
            dc3_rng rng = dc3_rng_make((uint64_t)i, DC3_RNG_TEST, 91);
            void *values = random_values(&rng, dtype, rows * ci, 1),
                 *one = malloc((size_t)(rows * co / 2 + 1) * 4),
                 *other = malloc((size_t)(rows * co / 2 + 1) * 4);
            float *w = random_values(&rng, DC3_F32, co * ci, 1 / sqrtf((float)ci)),
                  *b = random_values(&rng, DC3_F32, co, 1);
            dc3_tensor x = dc3_upload(ctx, dtype, 3, (int64_t[]){1, rows, ci}, values);
            dc3_tensor bias = dc3_upload(ctx, DC3_F32, 1, (int64_t[]){co}, b);
            dc3_weight weight = {.parts = 1, .part = {dc3_view(w, DC3_F32, 2, (int64_t[]){co, ci})}};
            dc3_tensor y = dc3_linear_geglu(ctx, x, &weight, bias);
            dc3_tensor z = dc3_geglu(ctx, dc3_linear(ctx, x, &weight, bias, DC3_ACT_NONE, NULL));
            assert_int_equal(y.ndim, 3);
            assert_int_equal(y.shape[1], rows);
            assert_int_equal(y.shape[2], co / 2);
            dc3_download(ctx, y, one);
            dc3_download(ctx, z, other);
            assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
            double apart = distance(dtype, one, other, rows * co / 2);
            if (!(apart <= tolerance(dtype)))
                fail_msg("case %d, %s: distance %g", i, dc3_dtype_name(dtype), apart);
            dc3_scope_close(ctx, scope);
            dc3_weight_release(&weight);
            dc3_ctx_close(&ctx);
            free(values), free(one), free(other), free(w), free(b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
