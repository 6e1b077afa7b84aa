#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "tensor/table.h"

static void rng_depends_on_key_only(void **state)
{
    (void)state;
    dc3_rng a = dc3_rng_make(7, DC3_RNG_TEST, 3), b = dc3_rng_make(7, DC3_RNG_TEST, 3);
    dc3_rng c = dc3_rng_make(7, DC3_RNG_NOISE, 3), d = dc3_rng_make(7, DC3_RNG_TEST, 4);
    uint32_t first = dc3_rng_u32(&a);
    assert_int_equal(first, dc3_rng_u32(&b));
    assert_int_not_equal(first, dc3_rng_u32(&c));
    assert_int_not_equal(first, dc3_rng_u32(&d));
}

static void rng_normal_moments(void **state)
{
    (void)state;
    enum { N = 100001 };
    float *x = malloc(N * sizeof *x);
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    dc3_rng_normal(&rng, x, N);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) sum += x[i], square += (double)x[i] * x[i];
    assert_true(fabs(sum / N) < 0.015); /* 4.7 standard errors */
    assert_true(fabs(square / N - 1) < 0.02);
    free(x);
}

static void file_round_trip(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *deep = dc3_path_join(folder, "a/b"), *path = dc3_path_join(folder, "a/b/c.txt"), *data;
    size_t size;
    assert_int_equal(dc3_make_dirs(deep), DC3_OK);
    assert_int_equal(dc3_file_write(path, "hello", 5), DC3_OK);
    assert_int_equal(dc3_file_read(path, 100, &data, &size), DC3_OK);
    assert_string_equal(data, "hello");
    free(data);
    assert_int_equal(dc3_file_read(path, 4, &data, &size), DC3_ERR_FORMAT);
    assert_int_equal(dc3_file_read(deep, 4, &data, &size), DC3_ERR_IO);
    assert_int_equal(dc3_file_write("/nowhere/x", "a", 1), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), "/nowhere/x"));
    unlink(path);
    rmdir(deep);
    free(deep);
    free(path);
}

static void drafts_are_written_whole_or_not(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-test-XXXXXX", *data;
    assert_non_null(mkdtemp(folder));
    char *path = dc3_path_join(folder, "draft.txt");
    size_t size;
    dc3_draft draft;
    assert_int_equal(dc3_draft_open(&draft), DC3_OK);
    for (int i = 0; i < 3; i++) fprintf(draft.file, "%d\n", i);
    assert_int_equal(dc3_path_what(path), DC3_PATH_MISSING);
    assert_int_equal(dc3_draft_write(&draft, DC3_OK, path), DC3_OK);
    assert_int_equal(dc3_file_read(path, 100, &data, &size), DC3_OK);
    assert_string_equal(data, "0\n1\n2\n");
    free(data);
    unlink(path);
    assert_int_equal(dc3_draft_open(&draft), DC3_OK);
    assert_int_equal(dc3_draft_write(&draft, DC3_ERR_CANCELLED, path), DC3_ERR_CANCELLED);
    draft = (dc3_draft){0};
    assert_int_equal(dc3_draft_write(&draft, DC3_ERR_MEMORY, path), DC3_ERR_MEMORY);
    assert_int_equal(dc3_path_what(path), DC3_PATH_MISSING);
    rmdir(folder);
    free(path);
}

static void half_floats_round_trip(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float f = dc3_from_f16((uint16_t)bits), b = dc3_from_bf16((uint16_t)bits);
        if (!isnan(f)) assert_int_equal(dc3_to_f16(f), bits);
        if (!isnan(b)) assert_int_equal(dc3_to_bf16(b), bits);
    }
    assert_int_equal(dc3_to_f16(65519.0f), 0x7bff);
    assert_int_equal(dc3_to_f16(65520.0f), 0x7c00);
    assert_int_equal(dc3_to_f16(0x1p-25f), 0); /* a tie goes to even */
    assert_int_equal(dc3_to_f16(0x1.8p-24f), 2);
}

static void table_finds_and_names(void **state)
{
    (void)state;
    dc3_table *table = dc3_table_new("file.x");
    float data[6] = {0};
    char name[16];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "w%d", i);
        assert_int_equal(dc3_table_add(table, name, dc3_view(data, DC3_F32, 2, (int64_t[]){2, 3})), DC3_OK);
    }
    assert_int_equal(dc3_table_add(table, "w3", dc3_view(data, DC3_F32, 1, (int64_t[]){6})), DC3_ERR_FORMAT);
    const dc3_tensor *t;
    assert_int_equal(dc3_table_get(table, "w499", 2, (int64_t[]){2, -1}, &t), DC3_OK);
    assert_int_equal(dc3_table_get(table, "w499", 2, (int64_t[]){3, 2}, &t), DC3_ERR_FORMAT);
    assert_string_equal(dc3_error_text(), "file.x: tensor 'w499' should have shape [3, 2], has [2, 3]");
    assert_null(dc3_table_find(table, "nothing"));
    dc3_table_close(&table);
    assert_null(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rng_depends_on_key_only), cmocka_unit_test(rng_normal_moments),
        cmocka_unit_test(file_round_trip),         cmocka_unit_test(drafts_are_written_whole_or_not),
        cmocka_unit_test(half_floats_round_trip),  cmocka_unit_test(table_finds_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
