/* Weights in other forms than torchvision's files have: factors, transposed, folded, beside each other in a
 * Sequential. The network stays the same. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include <stdio.h>
#include "io/json.h"
#include "nn/classifier.h"
#include "nn/classifiers/classifier_names.h"
#include "nn/module.h"

static void forget(void *thing)
{
    dc3_table *table = thing;
    dc3_table_close(&table);
}

/* The logits of two images of 32 pixels by a resnet18 of this table, [2, 10] into z. */
static void logits_of(dc3_table *table, const char *note, float *z)
{
    dc3_ctx *ctx;
    dc3_classifier *c;
    if (dc3_classifier_open(NULL, "resnet18", &table, &c) != DC3_OK) fail_msg("%s", dc3_error_text());
    if (strcmp(dc3_classifier_notes(c), note) != 0) fail_msg("notes: %s", dc3_classifier_notes(c));
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    float *images = hash_images(32);
    dc3_tensor h, x = dc3_view(images, DC3_F32, 4, (int64_t[]){2, 32, 32, 3});
    dc3_download(ctx, dc3_classifier_of(ctx, c, dc3_on_device(ctx, x), &h), z);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s", dc3_error_text());
    free(images);
    dc3_classifier_close(&c);
    dc3_ctx_close(&ctx);
}

typedef enum form { AS_IS, NORMED, PRUNED, TURNED, CONVOLVED, SEQUENTIAL, FOLDED, FORMS } form;

/* New memory of the table's. */
static float *values_in(dc3_table *table, int64_t n)
{
    float *values = calloc((size_t)n + 1, sizeof *values);
    assert_non_null(values);
    assert_int_equal(dc3_table_own(table, values, free), DC3_OK);
    return values;
}

static void put(dc3_table *table, const char *name, const float *values, int ndim, const int64_t *shape)
{
    assert_int_equal(dc3_table_add(table, name, dc3_view((void *)(uintptr_t)values, DC3_F32, ndim, shape)),
                     DC3_OK);
}

/* Rows of twice the length, and the lengths that they should have; as PyTorch 2 names them, or 1. */
static void put_normed(dc3_table *table, const char *stem, const dc3_tensor *t)
{
    int64_t rows = t->shape[0], columns = dc3_count(t) / rows;
    float *g = values_in(table, rows), *v = values_in(table, rows * columns);
    int old = strcmp(stem, "fc") == 0;
    char name[DC3_NAME_SIZE];
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < columns; i++) {
            double w = ((const float *)t->data)[r * columns + i];
            v[r * columns + i] = (float)(2 * w), sum += w * w;
        }
        g[r] = (float)sqrt(sum);
    }
    dc3_name(name, "%s%s", stem, old ? ".weight_g" : ".parametrizations.weight.original0");
    put(table, name, g, t->ndim, (int64_t[]){rows, 1, 1, 1});
    dc3_name(name, "%s%s", stem, old ? ".weight_v" : ".parametrizations.weight.original1");
    put(table, name, v, t->ndim, t->shape);
}

static void put_pruned(dc3_table *table, const char *stem, const dc3_tensor *t)
{
    float *ones = values_in(table, dc3_count(t));
    char name[DC3_NAME_SIZE];
    for (int64_t i = 0; i < dc3_count(t); i++) ones[i] = 1;
    dc3_name(name, "%s.weight_orig", stem);
    put(table, name, t->data, t->ndim, t->shape);
    dc3_name(name, "%s.weight_mask", stem);
    put(table, name, ones, t->ndim, t->shape);
}

/* The convolution "..conv1" of "..bn1", or "..downsample.0" of "..downsample.1", with the norm in it. */
static void put_folded(dc3_table *table, const dc3_table *whole, const char *stem, const dc3_tensor *t)
{
    char norm[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    const float *part[4];
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    int64_t rows = t->shape[0], columns = dc3_count(t) / rows;
    float *w = values_in(table, rows * columns), *b = values_in(table, rows);
    dc3_name(norm, "%s", stem);
    char *conv = strstr(norm, "conv");
    if (conv)
        memmove(conv + 2, conv + 4, strlen(conv + 4) + 1), memcpy(conv, "bn", 2);
    else
        norm[strlen(norm) - 1] = '1';
    for (int i = 0; i < 4; i++) {
        dc3_name(name, "%s.%s", norm, parts[i]);
        assert_non_null(dc3_table_find(whole, name));
        part[i] = dc3_table_find(whole, name)->data;
    }
    for (int64_t r = 0; r < rows; r++) {
        double rate = part[0][r] / sqrt((double)part[3][r] + 1e-5);
        for (int64_t i = 0; i < columns; i++)
            w[r * columns + i] = (float)(((const float *)t->data)[r * columns + i] * rate);
        b[r] = (float)(part[1][r] - part[2][r] * rate);
    }
    dc3_name(name, "%s.weight", stem);
    put(table, name, w, t->ndim, t->shape);
    dc3_name(name, "%s.bias", stem);
    put(table, name, b, 1, t->shape);
}

static void put_in_form(dc3_table *made, const dc3_table *whole, size_t i, form f)
{
    const char *name = dc3_table_name(whole, i);
    const dc3_tensor *t = dc3_table_at(whole, i);
    int is_head = strncmp(name, "fc.", 3) == 0, is_conv = t->ndim == 4;
    int64_t n = t->shape[0], d = t->ndim > 1 ? t->shape[1] : 0;
    char stem[DC3_NAME_SIZE], text[DC3_NAME_SIZE];
    dc3_name(stem, "%.*s", (int)(strrchr(name, '.') - name), name);
    if (f == FOLDED && !is_conv && !is_head) return;
    if (f == FOLDED && is_conv) {
        put_folded(made, whole, stem, t);
    } else if (t->ndim > 1 && f == NORMED) {
        put_normed(made, stem, t);
    } else if (t->ndim > 1 && f == PRUNED) {
        put_pruned(made, stem, t);
    } else if (is_head && d && f == TURNED) {
        float *turned = values_in(made, n * d);
        for (int64_t k = 0; k < n * d; k++) turned[k % d * n + k / d] = ((const float *)t->data)[k];
        put(made, name, turned, 2, (int64_t[]){d, n});
    } else if (is_head && d && f == CONVOLVED) {
        put(made, name, t->data, 4, (int64_t[]){n, d, 1, 1});
    } else {
        dc3_name(text, "%s%s",
                 f != SEQUENTIAL ? ""
                 : is_head       ? "net.1"
                                 : "net.0.",
                 f == SEQUENTIAL && is_head ? name + 2 : name);
        put(made, f == SEQUENTIAL ? text : name, t->data, t->ndim, t->shape);
    }
}

/* Weights that a file has in other forms than torchvision's are the same network. */
static void other_forms(void **state)
{
    static const char *const notes[FORMS] = {
        [AS_IS] = "",
        [NORMED] =
            ("1 weight was made from the factors of weight norm; 20 weights were made from the factors of "
             "weight norm"),
        [PRUNED] = "21 weights were made from the factors of pruning",
        [TURNED] = "the last layer's weight is transposed",
        [CONVOLVED] = "",
        [SEQUENTIAL] = "the 100 of 102 names that begin with 'net.0.'; the last layer is 'net.1'",
        [FOLDED] = ""};
    float wanted[20], z[20];
    json_t *nets;
    (void)state;
    assert_int_equal(dc3_json_read(DC3_TEST_DATA "/classifiers/nets.json", 1 << 20, &nets), DC3_OK);
    for (form f = AS_IS; f < FORMS; f++) {
        dc3_table *whole = hash_weights_table(nets, "resnet18"), *made = dc3_table_new("file");
        for (size_t i = 0; i < dc3_table_size(whole); i++) put_in_form(made, whole, i, f);
        assert_int_equal(dc3_table_own(made, whole, forget), DC3_OK);
        logits_of(made, notes[f], f == AS_IS ? wanted : z);
        for (int i = 0; f > AS_IS && i < 20; i++)
            if (!(fabsf(z[i] - wanted[i]) < 1e-4f))
                fail_msg("form %d: %g, not %g", f, (double)z[i], (double)wanted[i]);
    }
    json_decref(nets);
}

/* Keys without a bias have zeros for one; a weight that is not there is no weight of zeros. */
static void missing_keys(void **state)
{
    static const float values[] = {1, 2, 3, 4};
    (void)state;
    dc3_table *table = dc3_table_new("file");
    put(table, "a.bias#0", values, 1, (int64_t[]){2});
    put(table, "a.bias#2", values + 2, 1, (int64_t[]){2});
    put(table, "a.weight#0", values, 2, (int64_t[]){2, 2});
    put(table, "a.weight#2", values, 2, (int64_t[]){2, 2});
    assert_int_equal(dc3_join_parts(table), DC3_OK);
    const dc3_tensor *bias = dc3_table_find(table, "a.bias");
    assert_non_null(bias);
    assert_memory_equal(bias->data, ((const float[]){1, 2, 0, 0, 3, 4}), 6 * sizeof(float));
    assert_null(dc3_table_find(table, "a.weight"));
    dc3_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_forms), cmocka_unit_test(missing_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
