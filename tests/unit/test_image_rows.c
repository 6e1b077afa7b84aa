/* Features of a dataset's images in a file: by their order, by lists of paths, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "base/file.h"
#include "io/safetensors.h"
#include "select/image_rows.h"
#include "support/small_dataset.h"

enum { N = SMALL_CLASSES * SMALL_EACH, D = 3, MORE = 2 };

static char folder[] = "/tmp/dc3-image-rows-XXXXXX", data[64], file[64];
static dc3_dataset *dataset;

static int make(void **state)
{
    (void)state;
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(file, sizeof file, "%s/x.safetensors", folder);
    assert_int_equal(dc3_dataset_open(data, &dataset), DC3_OK);
    assert_int_equal(dc3_dataset_size(dataset), N);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    dc3_dataset_close(&dataset);
    remove_folder(folder);
    return 0;
}

/* Writes an array, and a list of paths as its metadata unless that is NULL. */
static void write_rows(const char *name, dc3_tensor values, const char *paths)
{
    dc3_table *table = dc3_table_new("rows");
    assert_int_equal(dc3_table_add(table, name, values), DC3_OK);
    if (paths) assert_int_equal(dc3_table_set_text(table, "paths", paths), DC3_OK);
    assert_int_equal(dc3_safetensors_save(file, table), DC3_OK);
    dc3_table_close(&table);
}

static void write_floats(float *x, int64_t n, const char *paths)
{
    write_rows("embeddings", dc3_view(x, DC3_F32, 2, (int64_t[]){n, D}), paths);
}

static void fill(float *x, int64_t n)
{
    for (int64_t i = 0; i < n * D; i++) x[i] = (float)(i - 7) / 4;
}

/* Image i has the row `of` it, whose first value is (3 row - 7) / 4. Returns their fingerprint. */
static uint64_t expect_rows(const int64_t *of, int64_t others)
{
    dc3_image_rows *rows;
    const float *all;
    if (dc3_image_rows_open(file, dataset, &rows) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(rows->d, D);
    assert_int_equal(rows->images, N);
    assert_int_equal(rows->others, others);
    assert_int_equal(dc3_image_rows_floats(rows, &all), DC3_OK);
    for (int64_t i = 0; i < N; i++) {
        const float *x = dc3_image_rows_get(rows, i);
        for (int j = 0; j < D; j++) assert_true(x[j] == (float)(of[i] * D + j - 7) / 4);
        assert_memory_equal(x, all + of[i] * D, D * sizeof *x);
    }
    uint64_t fingerprint = rows->fingerprint;
    dc3_image_rows_close(&rows);
    assert_null(rows);
    return fingerprint;
}

static void refuse(const char *text)
{
    dc3_image_rows *rows;
    if (dc3_image_rows_open(file, dataset, &rows) != DC3_ERR_FORMAT) fail_msg("accepted, without '%s'", text);
    assert_null(rows);
    if (!strstr(dc3_error_text(), text)) fail_msg("expected '%s' in: %s", text, dc3_error_text());
}

/* In the order of the images, of any type, under any name if the array is the only one. */
static void in_order(void **state)
{
    float x[N * D];
    double wide[N * D];
    uint16_t half[N * D], brain[N * D];
    int64_t of[N];
    (void)state;
    fill(x, N);
    for (int i = 0; i < N; i++) of[i] = i;
    for (int i = 0; i < N * D; i++) wide[i] = x[i], half[i] = dc3_to_f16(x[i]), brain[i] = dc3_to_bf16(x[i]);
    write_floats(x, N, NULL);
    uint64_t first = expect_rows(of, 0);
    write_rows("any", dc3_view(wide, DC3_F64, 2, (int64_t[]){N, D}), NULL);
    assert_true(expect_rows(of, 0) == first);
    write_rows("any", dc3_view(half, DC3_F16, 2, (int64_t[]){N, D}), NULL);
    expect_rows(of, 0);
    write_rows("any", dc3_view(brain, DC3_BF16, 2, (int64_t[]){N, D}), NULL);
    expect_rows(of, 0);
}

/* As JSON: image k in row order[k], or another name where that is -1; `prefix` before each. */
static char *list_of(const int64_t *items, int64_t n, const char *prefix)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (int64_t row = 0; row < n; row++)
        fprintf(to, "%s\"%s%s\"", row ? ", " : "[", prefix,
                items[row] < 0 ? "0/none.png" : dc3_dataset_key(dataset, items[row]));
    fprintf(to, "]");
    assert_int_equal(fclose(to), 0);
    return text;
}

static uint64_t fingerprint_of(float *x, int64_t n, const char *paths)
{
    dc3_image_rows *rows;
    write_floats(x, n, paths);
    if (dc3_image_rows_open(file, dataset, &rows) != DC3_OK) fail_msg("%s", dc3_error_text());
    uint64_t fingerprint = rows->fingerprint;
    dc3_image_rows_close(&rows);
    return fingerprint;
}

/* It is of every value of the images' rows and of whose they are, and of nothing else. */
static void fingerprints(void **state)
{
    float x[(N + 1) * D];
    int64_t items[N + 1];
    (void)state;
    fill(x, N + 1);
    for (int i = 0; i <= N; i++) items[i] = i == N ? -1 : i;
    uint64_t first = fingerprint_of(x, N, NULL);
    char *list = list_of(items, N + 1, "");
    assert_true(fingerprint_of(x, N + 1, list) == first);
    x[N * D]++;
    assert_true(fingerprint_of(x, N + 1, list) == first);
    free(list);
    items[0] = 1, items[1] = 0;
    list = list_of(items, N, "");
    assert_false(fingerprint_of(x, N, list) == first);
    free(list);
    for (int k = 0; k < N * D; k += 7) {
        x[k]++;
        assert_false(fingerprint_of(x, N, NULL) == first);
        x[k]--;
    }
    assert_true(fingerprint_of(x, N, NULL) == first);
}

/* Rows in another order, with rows of others among them; paths below the dataset's folder, or from it on. */
static void by_paths(void **state)
{
    float x[(N + MORE) * D];
    int64_t items[N + MORE], of[N];
    char prefix[80];
    (void)state;
    fill(x, N + MORE);
    for (int64_t row = 0; row < N + MORE; row++) {
        items[row] = row == 3 || row == N ? -1 : (7 * (row - (row > 3) - (row > N))) % N;
        if (items[row] >= 0) of[items[row]] = row;
    }
    snprintf(prefix, sizeof prefix, "%s/", data);
    const char *const prefixes[] = {"", "./", prefix};
    for (int k = 0; k < 3; k++) {
        char *list = list_of(items, N + MORE, prefixes[k]);
        write_floats(x, N + MORE, list);
        expect_rows(of, MORE);
        free(list);
    }
}

/* Opened once more they need no file, and are their owner's alone; for images that changed since they do. */
static void again(void **state)
{
    float x[N * D];
    dc3_image_rows *rows, *more;
    dc3_dataset *smaller;
    char taken[80], key[600];
    (void)state;
    fill(x, N);
    write_floats(x, N, NULL);
    assert_int_equal(dc3_image_rows_open(file, dataset, &rows), DC3_OK);
    assert_int_equal(remove(file), 0);
    assert_int_equal(dc3_image_rows_again(rows, file, dataset, &more), DC3_OK);
    assert_true(more->fingerprint == rows->fingerprint && more->images == N);
    more->row_of[3] = -1;
    assert_int_equal(rows->row_of[3], 3);
    for (int64_t i = 4; i < N; i++)
        assert_memory_equal(dc3_image_rows_get(more, i), dc3_image_rows_get(rows, i), D * sizeof *x);
    dc3_image_rows_close(&more);
    assert_memory_equal(dc3_image_rows_get(rows, 0), x, D * sizeof *x);
    assert_int_not_equal(dc3_image_rows_again(NULL, file, dataset, &more), DC3_OK);
    assert_int_not_equal(dc3_image_rows_again(rows, "other", dataset, &more), DC3_OK);
    snprintf(key, sizeof key, "%s/%s", data, dc3_dataset_key(dataset, 0));
    snprintf(taken, sizeof taken, "%s/taken.png", folder);
    assert_int_equal(rename(key, taken), 0);
    assert_int_equal(dc3_dataset_open(data, &smaller), DC3_OK);
    write_floats(x, N, NULL);
    assert_int_equal(dc3_image_rows_again(rows, file, smaller, &more), DC3_ERR_FORMAT);
    assert_int_equal(rename(taken, key), 0);
    dc3_dataset_close(&smaller);
    dc3_image_rows_close(&rows);
}

static void write_beside(const char *ending, const char *head, const char *tail, const int64_t *items)
{
    char path[80], *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    fputs(head, to);
    for (int row = 0; row < N; row++) fprintf(to, "%s%s", dc3_dataset_key(dataset, items[row]), tail);
    assert_int_equal(fclose(to), 0);
    snprintf(path, sizeof path, "%s/x%s", folder, ending);
    assert_int_equal(dc3_file_write(path, text, strlen(text)), DC3_OK);
    free(text);
}

static void remove_beside(const char *ending)
{
    char path[80];
    snprintf(path, sizeof path, "%s/x%s", folder, ending);
    assert_int_equal(remove(path), 0);
}

static void lists_beside(void **state)
{
    float x[N * D];
    int64_t items[N], of[N];
    (void)state;
    fill(x, N);
    for (int row = 0; row < N; row++) items[row] = N - 1 - row, of[N - 1 - row] = row;
    write_floats(x, N, NULL);
    write_beside(".paths.txt", "", "\r\n", items);
    expect_rows(of, 0);
    write_beside(".paths.txt", "\xef\xbb\xbf", "\r\n", items);
    expect_rows(of, 0);
    write_beside(".paths.csv", "label,Path\nx,", "\nx,", items);
    refuse("expected one list of the rows' images");
    remove_beside(".paths.txt");
    refuse("expected a path for each of the 20 rows");
    write_beside(".paths.csv", "Path,label\n", ",x\n", items);
    expect_rows(of, 0);
    write_beside(".paths.csv", "image,label\n", ",x\n", items);
    refuse("expected a header with a column 'path'");
    remove_beside(".paths.csv");
    char *list = list_of(items, N, "");
    write_floats(x, N, list);
    expect_rows(of, 0);
    write_beside(".paths.json", "{\"", "", items);
    refuse("its metadata has 'paths', too");
    write_floats(x, N, NULL);
    refuse("x.paths.json: expected a list of paths");
    remove_beside(".paths.json");
    free(list);
}

static void refused(void **state)
{
    float x[(N + MORE) * D];
    int64_t items[N], values[N * D] = {0};
    (void)state;
    fill(x, N + MORE);
    for (int row = 0; row < N; row++) items[row] = row;
    write_floats(x, N - 1, NULL);
    refuse("expected a row for each image, by class and then by name: 20, found 19");
    items[5] = -1;
    char *list = list_of(items, N, "");
    write_floats(x, N, list);
    refuse("no row is of image '0/5.png'");
    free(list);
    items[5] = 6;
    list = list_of(items, N, "");
    write_floats(x, N, list);
    refuse("rows 5 and 6 are both of '0/6.png'");
    write_floats(x, N + 1, list);
    refuse("expected a path for each of the 21 rows");
    free(list);
    write_floats(x, N, "[1, 2]");
    refuse("member 0: expected a path, found no text");
    x[7] = NAN;
    write_floats(x, N, NULL);
    refuse("row 2, of image '0/2.png', has nan in column 1; expected finite numbers");
    x[7] = -2e15f;
    write_floats(x, N, NULL);
    refuse("row 2, of image '0/2.png', has -2e+15 in column 1; expected finite numbers, from -1e15 to 1e15");
    write_rows("x", dc3_view(values, DC3_I64, 2, (int64_t[]){N, D}), NULL);
    refuse("expected numbers with a fraction, found i64");
    write_rows("x", dc3_view(x, DC3_F32, 1, (int64_t[]){N}), NULL);
    refuse("expected an array 'embeddings' [n, d], or one of two dimensions alone; found 'x' [20]");
    uint8_t *wide = calloc(N, DC3_IMAGE_ROWS_WIDTH + 1);
    write_rows("wide", dc3_view(wide, DC3_U8, 2, (int64_t[]){N, DC3_IMAGE_ROWS_WIDTH + 1}), NULL);
    refuse("expected rows of 1 to 131072 values, found 131073");
    free(wide);
}

/* Of images that cannot be read there need be no row. */
static void unreadable(void **state)
{
    float x[N * D];
    int64_t items[N];
    char path[96];
    dc3_image_rows *rows;
    (void)state;
    fill(x, N);
    for (int row = 0; row < N - 1; row++) items[row] = row + 1;
    char *list = list_of(items, N - 1, "");
    write_floats(x, N - 1, list);
    refuse("no row is of image '0/0.png'");
    snprintf(path, sizeof path, "%s/0/0.png", data);
    assert_int_equal(dc3_file_write(path, "no image", 8), DC3_OK);
    if (dc3_image_rows_open(file, dataset, &rows) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(rows->images, N - 1);
    assert_int_equal(rows->row_of[0], -1);
    dc3_image_rows_close(&rows);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_order),     cmocka_unit_test(fingerprints),
                                       cmocka_unit_test(again),        cmocka_unit_test(by_paths),
                                       cmocka_unit_test(lists_beside), cmocka_unit_test(refused),
                                       cmocka_unit_test(unreadable)};
    return cmocka_run_group_tests(tests, make, unmake);
}
