/* Temporaries and their scopes: what is dropped, returned or left to its scope is freed then and not before.
 */
#include "support/random_tensors.h"
#include "ops/context.h"

enum { VALUES = 300, MOST = 64, DEEP = 8 };

static dc3_tensor new_one(dc3_ctx *ctx, uint8_t value)
{
    uint8_t values[VALUES];
    memset(values, value, sizeof values);
    dc3_tensor t = dc3_upload(ctx, DC3_U8, 1, (int64_t[]){VALUES}, values);
    assert_non_null(t.data);
    return t;
}

static void expect(dc3_ctx *ctx, dc3_tensor t, uint8_t value)
{
    uint8_t values[VALUES];
    dc3_download(ctx, t, values);
    assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
    for (int i = 0; i < VALUES; i++) assert_int_equal(values[i], value);
}

static dc3_ctx *open_context(void)
{
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    return ctx;
}

/* What an inner scope made is freed with it although a temporary of the outer one was dropped meanwhile. */
static void dropped_within(void **state)
{
    (void)state;
    dc3_ctx *ctx = open_context();
    dc3_scope outer = dc3_scope_open(ctx);
    dc3_tensor a = new_one(ctx, 1), b = new_one(ctx, 2);
    dc3_scope inner = dc3_scope_open(ctx);
    new_one(ctx, 3);
    dc3_drop(ctx, a);
    dc3_scope_close(ctx, inner);
    size_t bytes = dc3_ctx_bytes(ctx);
    new_one(ctx, 4), new_one(ctx, 5); /* where a and 3 were */
    assert_int_equal(dc3_ctx_bytes(ctx), bytes);
    expect(ctx, b, 2);
    dc3_drop(ctx, a); /* a second time, and what is nothing */
    dc3_drop(ctx, (dc3_tensor){0});
    expect(ctx, b, 2);
    dc3_scope_close(ctx, outer);
    dc3_ctx_close(&ctx);
}

/* The temporaries that should be there, with the scope that holds each. */
typedef struct model {
    dc3_tensor live[MOST];
    uint8_t value[MOST];
    int depth_of[MOST], count, most, depth;
    dc3_scope scopes[DEEP];
} model;

static void forget(model *m, int i)
{
    m->count--;
    m->live[i] = m->live[m->count], m->value[i] = m->value[m->count], m->depth_of[i] = m->depth_of[m->count];
}

/* Closes the innermost scope, or returns temporary `kept` of it to the outer one. */
static void close_scope(dc3_ctx *ctx, model *m, int kept)
{
    if (kept >= 0)
        dc3_scope_return(ctx, m->scopes[m->depth], m->live[kept]);
    else
        dc3_scope_close(ctx, m->scopes[m->depth]);
    m->depth--;
    if (kept >= 0) m->depth_of[kept] = m->depth;
    for (int i = m->count; i-- > 0;)
        if (m->depth_of[i] > m->depth) forget(m, i);
}

static void step(dc3_ctx *ctx, model *m, dc3_rng *rng, uint8_t value)
{
    int64_t what = between(rng, 0, 9);
    int one = m->count ? (int)between(rng, 0, m->count - 1) : -1;
    if (what < 5 && m->count < MOST) {
        m->live[m->count] = new_one(ctx, value);
        m->value[m->count] = value, m->depth_of[m->count] = m->depth;
        m->count++;
    } else if (what < 7 && one >= 0) {
        dc3_drop(ctx, m->live[one]);
        forget(m, one);
    } else if (what == 7 && m->depth + 1 < DEEP)
        m->scopes[++m->depth] = dc3_scope_open(ctx);
    else if (what > 7 && m->depth > 0)
        close_scope(ctx, m, what == 9 && one >= 0 && m->depth_of[one] == m->depth ? one : -1);
    if (m->count > m->most) m->most = m->count;
}

/* Random steps beside a model of them: nothing that lives is overwritten, and memory is that of the most that
 * lived at once. */
static void random_steps(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_ctx *ctx = open_context();
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 90);
        model m = {.depth = 0};
        dc3_scope all = dc3_scope_open(ctx), first = dc3_scope_open(ctx);
        new_one(ctx, 0);
        size_t each = dc3_ctx_bytes(ctx);
        dc3_scope_close(ctx, first);
        for (int i = 0; i < 600; i++) {
            step(ctx, &m, &rng, (uint8_t)(i % 251));
            for (int k = 0; k < m.count; k++) expect(ctx, m.live[k], m.value[k]);
            assert_int_equal(dc3_ctx_bytes(ctx), (m.most ? (size_t)m.most : 1) * each);
        }
        dc3_scope_close(ctx, all);
        dc3_ctx_close(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dropped_within), cmocka_unit_test(random_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
