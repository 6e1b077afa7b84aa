/* Rows to select from, of the files that NumPy and others write (tools/golden/npy.py). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/weights.h"
#include "select/rows.h"

#define FOLDER DC3_TEST_DATA "/npy/"

/* Embeddings [6, 3] of -9 / 4, -8 / 4, ... and labels 0, 1, 2, 0, 1, 2, whatever their types in the file. */
static void expect_values(const char *name)
{
    dc3_table *table;
    dc3_rows r;
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", name);
    if (dc3_rows_open(path, &table) != DC3_OK || dc3_rows_take(table, &r) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(r.n, 6);
    assert_int_equal(r.d, 3);
    for (int i = 0; i < 18; i++)
        if (r.embeddings[i] != (float)(i - 9) / 4)
            fail_msg("%s: value %d is %g", name, i, (double)r.embeddings[i]);
    for (int i = 0; i < 6; i++) assert_int_equal(r.labels[i], i % 3);
    if (strcmp(name, "small.npz") == 0) {
        assert_int_equal(r.c, 3);
        assert_memory_equal(r.logits, r.embeddings, 18 * sizeof(float));
    } else
        assert_null(r.logits);
    for (int i = 0; r.bins && i < 6; i++) assert_int_equal(r.bins[i], 0);
    assert_int_equal(r.bins != NULL, strcmp(name, "small.npz") == 0 || strcmp(name, "unsigned.npz") == 0);
    dc3_rows_free(&r);
    dc3_table_close(&table);
}

static void forms(void **state)
{
    static const char *const files[] = {"values.safetensors", "stored.npz",     "deflated.npz",
                                        "small.npz",          "unsigned.npz",   "version2/x.npy",
                                        "version3/x.npy",     "unaligned/x.npy"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) expect_values(files[i]);
}

static void refused(void **state)
{
    static const struct {
        const char *file, *text;
    } cases[] = {
        {"big_endian.npz", "'embeddings': expected numbers, found an array of big-endian values (>f4)"},
        {"texts.npz", "'labels': expected numbers, found an array of texts (<U1)"},
        {"objects.npz",
         "'labels': expected numbers, found an array of Python objects, of which nothing is read"},
        {"records.npz", "'embeddings': expected numbers, found an array of records"},
        {"complex.npz", "'embeddings': expected numbers, found an array of complex numbers (<c8)"},
        {"fractions.npz", "'labels': expected whole numbers, found f64; in NumPy x.astype('int64')"},
        {"integers.npz", "'embeddings': expected numbers with a fraction, found i64"},
        {"column.npz", "'labels': expected 1 dimension [n], found [6, 1]; in NumPy x.reshape(-1)"},
        {"three.npz", "'embeddings': expected 2 dimensions [n, d], found [6, 3, 1]"},
        {"fewer.npz", "'labels': expected 6 rows, as many as 'embeddings' has, found [5]"},
        {"other_names.npz", "found no 'embeddings', but 'X' [6, 3], 'y' [6]"},
        {"alone/x.npy", "expected labels.npy beside it, found none; or save both in one file: numpy.savez("},
        {"cut.npz", "cut.npz: expected a whole .npz, found damage ("},
        {"cut/x.npy", "array 'embeddings': expected [6, 3] values of f32, found only 71 bytes"},
        {"huge/x.npy", "found only 64 bytes (is the file truncated?)"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_table *table;
        dc3_rows r = {0};
        char path[512];
        snprintf(path, sizeof path, FOLDER "%s", cases[i].file);
        dc3_status status = dc3_rows_open(path, &table);
        if (status == DC3_OK) status = dc3_rows_take(table, &r);
        if (status != DC3_ERR_FORMAT) fail_msg("%s is accepted", cases[i].file);
        const char *text = dc3_error_text();
        if (!strstr(text, cases[i].text) || !strstr(text, path))
            fail_msg("%s: expected '%s' in: %s", cases[i].file, cases[i].text, text);
        dc3_rows_free(&r);
        dc3_table_close(&table);
    }
}

/* A column for each class: flattened it would be labels of other rows. */
static void one_hot(void **state)
{
    static float x[6 * 2];
    static int64_t y[6 * 4];
    (void)state;
    dc3_table *table = dc3_table_new("hot");
    dc3_tensor embeddings = {.dtype = DC3_F32, .ndim = 2, .shape = {6, 2}, .data = x};
    dc3_tensor labels = {.dtype = DC3_I64, .ndim = 2, .shape = {6, 4}, .data = y};
    assert_int_equal(dc3_table_add(table, "embeddings", embeddings), DC3_OK);
    assert_int_equal(dc3_table_add(table, "labels", labels), DC3_OK);
    assert_int_equal(dc3_rows_check(table), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found [6, 4]; in NumPy x.argmax(1) makes it one"));
    dc3_table_close(&table);
}

/* Cut anywhere, arrays and archives of them are refused, and no byte behind them is read. */
static void cut_anywhere(void **state)
{
    static const char *const files[] = {FOLDER "alone/x.npy", FOLDER "deflated.npz"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *data;
        size_t size;
        assert_int_equal(dc3_file_read(files[i], 1 << 20, &data, &size), DC3_OK);
        for (size_t cut = 0; cut < size - (i ? 1 : 0); cut++) {
            unsigned char *part = malloc(cut ? cut : 1);
            dc3_table *table = dc3_table_new("cut");
            memcpy(part, data, cut);
            dc3_status status = (i ? dc3_npz_parse : dc3_npy_parse)("cut", part, cut, table);
            if (status == DC3_OK && dc3_table_size(table) == (i ? 2 : 1))
                fail_msg("accepted after %zu bytes", cut);
            dc3_table_close(&table);
            free(part);
        }
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(refused),
                                       cmocka_unit_test(one_hot), cmocka_unit_test(cut_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
