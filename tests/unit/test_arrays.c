/* Selection on arrays as a program calls it: bins of its own or made for it, and what is refused. */
#include "support/random_tensors.h"
#include "dc3/select.h"

enum { N = 90, D = 6, C = 3 };
static float x[N * D], z[N * C];
static int64_t labels[N];

static int set_up(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_TEST, 30);
    dc3_rng_normal(&rng, x, N * D);
    dc3_rng_normal(&rng, z, N * C);
    for (int i = 0; i < N; i++) labels[i] = i % C;
    return 0;
}

static void select_with(const dc3_select_options *o, const int64_t *bins, dc3_selection *selection)
{
    if (dc3_select_rows(o, N, D, C, x, z, labels, bins, selection) != DC3_OK)
        fail_msg("%s", dc3_error_text());
}

/* The bins that are made when none are given are those of dc3_select_bins; others give other rows. */
static void bins_by_themselves(void **state)
{
    (void)state;
    int64_t bins[N], fewer[N];
    dc3_selection own, given, whole;
    dc3_select_options o = dc3_select_defaults();
    o.ipc = 8, o.bins = 4, o.seed = 3;
    assert_int_equal(dc3_select_bins(&o, N, D, x, labels, bins), DC3_OK);
    int seen[C] = {0};
    for (int i = 0; i < N; i++) {
        assert_true(bins[i] >= 0 && bins[i] < o.bins);
        seen[labels[i]] |= 1 << bins[i];
    }
    for (int k = 0; k < C; k++) assert_int_equal(seen[k], 15);
    select_with(&o, NULL, &own);
    select_with(&o, bins, &given);
    assert_int_equal(own.count, C * o.ipc);
    assert_memory_equal(own.rows, given.rows, (size_t)own.count * sizeof *own.rows);
    memset(bins, 0, sizeof bins);
    select_with(&o, bins, &whole);
    assert_memory_not_equal(own.rows, whole.rows, (size_t)own.count * sizeof *own.rows);
    dc3_selection_free(&own), dc3_selection_free(&given), dc3_selection_free(&whole);
    o.ipc = 2; /* not nested never more bins than rows to select */
    for (int nested = -1; nested < 2; nested++) {
        int most = 0;
        o.nested = nested;
        assert_int_equal(dc3_select_bins(&o, N, D, x, labels, fewer), DC3_OK);
        for (int i = 0; i < N; i++) most = fewer[i] > most ? (int)fewer[i] : most;
        assert_int_equal(most, nested ? o.bins - 1 : o.ipc - 1);
    }
}

static void refused(dc3_status got, dc3_status expected, const char *text)
{
    if (got != expected || strncmp(dc3_error_text(), text, strlen(text)) != 0)
        fail_msg("expected status %d and '%s..', found %d and '%s'", expected, text, got, dc3_error_text());
}

static void wrong_arrays(void **state)
{
    (void)state;
    const dc3_status wrong = DC3_ERR_ARGUMENT;
    const dc3_select_options o = dc3_select_defaults();
    int64_t bins[N] = {0};
    dc3_selection s = {.count = 7};
#define ROWS(...) dc3_select_rows(__VA_ARGS__, &s)
    refused(ROWS(NULL, N, D, C, x, z, labels, NULL), wrong, "dc3_select_options: expected options");
    refused(ROWS(&o, 0, D, C, x, z, labels, NULL), wrong, "embeddings: expected at least one row");
    refused(ROWS(&o, N, 0, C, x, z, labels, NULL), wrong, "embeddings: expected at least one row");
    refused(ROWS(&o, -3, D, C, x, z, labels, NULL), wrong, "embeddings: expected at least one row");
    refused(ROWS(&o, N, D, C, NULL, z, labels, NULL), wrong, "embeddings: expected an array");
    refused(ROWS(&o, N, D, C, x, z, NULL, NULL), wrong, "labels: expected an array");
    refused(ROWS(&o, N, D, C - 1, x, z, labels, NULL), wrong, "labels: row 2 has 2");
    refused(ROWS(&o, N, D, 0, x, z, labels, NULL), wrong, "logits: expected at least one column, found 0");
    refused(ROWS(&o, N, D, -3, x, z, labels, NULL), wrong, "logits: expected at least one column, found -3");
    refused(ROWS(&o, INT64_MAX, D, C, x, z, labels, NULL), wrong, "embeddings: 9223372036854775807 rows of");
    refused(ROWS(&o, 2, INT64_MAX, 0, x, NULL, labels, NULL), wrong, "embeddings: 2 rows of");
    refused(ROWS(&o, 2, D, INT64_MAX, x, z, labels, NULL), wrong, "embeddings: 2 rows of");
    bins[4] = -1;
    refused(ROWS(&o, N, D, C, x, z, labels, bins), wrong, "bins: row 4 has -1");
    assert_true(s.count == 0 && !s.rows);
    refused(dc3_select_rows(&o, N, D, C, x, z, labels, NULL, NULL), wrong, "selection:");
    refused(dc3_select_bins(NULL, N, D, x, labels, bins), wrong, "dc3_select_options: expected options");
    refused(dc3_select_bins(&o, 0, D, x, labels, bins), wrong, "embeddings: expected at least one row");
    refused(dc3_select_bins(&o, N, D, NULL, labels, bins), wrong, "embeddings: expected an array");
    refused(dc3_select_bins(&o, N, D, x, labels, NULL), wrong, "bins: expected a place");
    z[7] = INFINITY;
    refused(ROWS(&o, N, D, C, x, z, labels, NULL), DC3_ERR_FORMAT, "logits: row 2");
    z[7] = 0;
}

static void wrong_options(void **state)
{
    (void)state;
    const dc3_select_options good = dc3_select_defaults();
    dc3_select_options o;
    dc3_selection s;
#define OPTION(field, value)                                                                                 \
    o = good, o.field = value,                                                                               \
    refused(dc3_select_rows(&o, N, D, C, x, z, labels, NULL, &s), DC3_ERR_OPTION, #field ": expected"),      \
    assert_string_equal(dc3_error_setting(), #field)
    o = good, o.struct_size = 0;
    refused(dc3_select_rows(&o, N, D, C, x, z, labels, NULL, &s), DC3_ERR_ARGUMENT,
            "dc3_select_options: struct_size is 0");
    OPTION(ipc, 0);
    OPTION(bins, 0);
    OPTION(components, 0);
    OPTION(threads, 1025);
    OPTION(threads, -1);
    OPTION(lambda, NAN);
    OPTION(lambda, INFINITY);
    OPTION(epsilon, 1);
    OPTION(beta, NAN);
    OPTION(objective, (dc3_objective)3);
    OPTION(maximizer, (dc3_maximizer)-1);
    OPTION(maximizer, (dc3_maximizer)4);
    OPTION(gradient, (dc3_gradient)2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_by_themselves),
        cmocka_unit_test(wrong_arrays),
        cmocka_unit_test(wrong_options),
    };
    return cmocka_run_group_tests_name("arrays", tests, set_up, NULL);
}
