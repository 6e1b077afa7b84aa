#include "select/image_rows.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/rng.h"
#include "io/datasets/image_names.h"
#include "select/row_paths.h"
#include "select/rows.h"

/* ---- in the dataset's order ---- */

static const char in_order[] = "expected a row for each image, by class and then by name",
                  or_paths[] = "rows in another order, or of other images, need a list of their paths "
                               "(docs/formats.md)";

static dc3_status check_labels(const dc3_image_rows *r, const dc3_dataset *d, const dc3_tensor *labels)
{
    const char *from = dc3_ends_with(r->path, ".npy") ? " in labels.npy beside it" : "";
    for (int64_t i = 0; i < r->images; i++) {
        int64_t label = dc3_rows_integer(labels, i);
        int own = dc3_dataset_label(d, i);
        if (label != own)
            return dc3_fail(
                DC3_ERR_FORMAT,
                "%s: %s; row %lld has the label %lld%s, image '%.200s' is of class %d ('%.80s'); %s", r->path,
                in_order, (long long)i, (long long)label, from, dc3_dataset_key(d, i), own,
                dc3_dataset_class_name(d, own), or_paths);
    }
    return DC3_OK;
}

static dc3_status take_order(dc3_image_rows *r, const dc3_dataset *d, const dc3_tensor *labels)
{
    int64_t n = dc3_dataset_size(d);
    if (r->values->shape[0] != n)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %s: %lld, found %lld; %s", r->path, in_order, (long long)n,
                        (long long)r->values->shape[0], or_paths);
    for (int64_t i = 0; i < n; i++) r->row_of[i] = i;
    r->images = n;
    return labels ? check_labels(r, d, labels) : DC3_OK;
}

/* ---- by paths ---- */

/* Folders that a path may begin with: the dataset's, or that of its file, as it was given and as it is called
 * from the root. By free; NULL: none. */
typedef struct places {
    char *folders[2];
} places;

/* Without "./" before it. */
static const char *plain(const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        for (path += 2; *path == '/';) path++;
    return path;
}

static void open_places(const dc3_dataset *d, places *p)
{
    const char *path = plain(dc3_dataset_path(d));
    char *folder = dc3_path_what(path) == DC3_PATH_FOLDER ? g_strdup(path) : g_path_get_dirname(path);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/';) folder[--n] = 0;
    p->folders[0] = folder;
    p->folders[1] = dc3_path_real(folder);
}

/* The number of the image of a path, -1: it is none. */
static int64_t find(GHashTable *numbers, const places *p, const char *path)
{
    path = plain(path);
    gsize number = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, path));
    for (int i = 0; i < 2 && !number; i++) {
        size_t n = p->folders[i] ? strlen(p->folders[i]) : 0;
        if (n && strncmp(path, p->folders[i], n) == 0 && path[n] == '/')
            number = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, plain(path + n + 1)));
    }
    return (int64_t)number - 1;
}

static dc3_status take_paths(dc3_image_rows *r, const dc3_dataset *d, const dc3_row_paths *list)
{
    places p;
    dc3_status status = DC3_OK;
    GHashTable *numbers = g_hash_table_new(g_str_hash, g_str_equal);
    for (int64_t i = 0; i < dc3_dataset_size(d); i++)
        g_hash_table_insert(numbers, (char *)(uintptr_t)plain(dc3_dataset_key(d, i)),
                            GSIZE_TO_POINTER((gsize)i + 1));
    open_places(d, &p);
    for (int64_t row = 0; status == DC3_OK && row < list->count; row++) {
        int64_t item = find(numbers, &p, list->paths[row]);
        if (item >= 0 && r->row_of[item] >= 0)
            status = dc3_fail(
                DC3_ERR_FORMAT, "%s: rows %lld and %lld are both of '%.200s'; expected one of each image",
                list->from, (long long)r->row_of[item], (long long)row, dc3_dataset_key(d, item));
        else if (item >= 0)
            r->row_of[item] = row, r->images++;
        else
            r->others++;
    }
    for (int i = 0; i < 2; i++) free(p.folders[i]);
    g_hash_table_destroy(numbers);
    return status;
}

/* An image without a row must be one that nobody can read. */
static dc3_status check_missing(const dc3_image_rows *r, const dc3_dataset *d, const dc3_row_paths *list)
{
    int64_t n = dc3_dataset_size(d);
    if (!r->images)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: none of its %lld paths, such as '%.200s', is of an image of %s, such as '%.200s'",
            list->from, (long long)list->count, list->count ? list->paths[0] : "", dc3_dataset_path(d),
            dc3_dataset_key(d, 0));
    for (int64_t i = 0; i < n; i++) {
        dc3_image image = {0};
        if (r->row_of[i] >= 0 || dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) continue;
        dc3_image_free(&image);
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: no row is of image '%.200s'; expected one for each image of %s that can be "
                        "read, found rows of %lld of %lld images",
                        list->from, dc3_dataset_key(d, i), dc3_dataset_path(d), (long long)r->images,
                        (long long)n);
    }
    return DC3_OK;
}

static dc3_status take_list(dc3_image_rows *r, const dc3_dataset *d, const dc3_row_paths *list)
{
    if (list->count != r->values->shape[0])
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a path for each of the %lld rows of %s, found %lld",
                        list->from, (long long)r->values->shape[0], r->path, (long long)list->count);
    DC3_TRY(take_paths(r, d, list));
    return check_missing(r, d, list);
}

/* ---- both ---- */

/* Every row is read here, and what the result depends on is hashed. */
static dc3_status check_values(dc3_image_rows *r, const dc3_dataset *d)
{
    const float most = 1e15f;
    r->fingerprint = (uint64_t)r->d;
    for (int64_t i = 0; i < dc3_dataset_size(d); i++) {
        const float *x = r->row_of[i] < 0 ? NULL : dc3_image_rows_get(r, i);
        for (int64_t j = 0; x && j < r->d; j++)
            if (!(fabsf(x[j]) <= most))
                return dc3_fail(
                    DC3_ERR_FORMAT,
                    "%s: row %lld, of image '%.200s', has %g in column %lld; expected finite numbers, from "
                    "-1e15 to 1e15",
                    r->path, (long long)r->row_of[i], dc3_dataset_key(d, i), (double)x[j], (long long)j);
        if (x) {
            uint64_t all[] = {r->fingerprint, (uint64_t)i, dc3_hash_block(x, (size_t)r->d * sizeof *x)};
            r->fingerprint = dc3_hash64(all, sizeof all);
        }
        DC3_TRY(dc3_check_cancel());
    }
    return DC3_OK;
}

static dc3_status take(dc3_image_rows *r, const dc3_dataset *d)
{
    const dc3_tensor *labels;
    dc3_row_paths list;
    DC3_TRY(dc3_rows_open_embeddings(r->path, &r->table, &r->values, &labels));
    r->d = r->values->shape[1];
    if (r->d < 1 || r->d > DC3_IMAGE_ROWS_WIDTH)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected rows of 1 to %d values, found %lld", r->path,
                        DC3_IMAGE_ROWS_WIDTH, (long long)r->d);
    int64_t n = dc3_dataset_size(d);
    r->row_of = malloc((size_t)(n + 1) * sizeof *r->row_of);
    r->row = malloc((size_t)r->d * sizeof *r->row);
    if (!r->row_of || !r->row) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < n; i++) r->row_of[i] = -1;
    dc3_status status = dc3_row_paths_read(r->path, r->table, &list);
    if (status == DC3_OK) status = list.from ? take_list(r, d, &list) : take_order(r, d, labels);
    dc3_row_paths_free(&list);
    return status == DC3_OK ? check_values(r, d) : status;
}

dc3_status dc3_image_rows_open(const char *path, const dc3_dataset *dataset, dc3_image_rows **rows)
{
    *rows = calloc(1, sizeof **rows);
    if (!*rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    (*rows)->path = path;
    (*rows)->listing = dc3_dataset_listing(dataset);
    dc3_status status = take(*rows, dataset);
    if (status != DC3_OK) dc3_image_rows_close(rows);
    return status;
}

dc3_status dc3_image_rows_again(const dc3_image_rows *opened, const char *path, const dc3_dataset *dataset,
                                dc3_image_rows **rows)
{
    size_t images = (size_t)dc3_dataset_size(dataset) + 1;
    if (!opened || strcmp(opened->path, path) != 0 || opened->listing != dc3_dataset_listing(dataset))
        return dc3_image_rows_open(path, dataset, rows);
    dc3_image_rows *r = *rows = malloc(sizeof *r);
    if (!r) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *r = *opened;
    r->table = NULL, r->made = NULL;
    r->row_of = malloc(images * sizeof *r->row_of);
    r->row = malloc((size_t)r->d * sizeof *r->row);
    if (r->row_of && r->row) {
        memcpy(r->row_of, opened->row_of, (images - 1) * sizeof *r->row_of);
        return DC3_OK;
    }
    dc3_image_rows_close(rows);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

const float *dc3_image_rows_get(const dc3_image_rows *rows, int64_t item)
{
    int64_t first = rows->row_of[item] * rows->d;
    if (rows->values->dtype == DC3_F32) return (const float *)rows->values->data + first;
    dc3_rows_floats(rows->values, first, rows->d, rows->row);
    return rows->row;
}

dc3_status dc3_image_rows_floats(dc3_image_rows *rows, const float **values)
{
    const dc3_tensor *t = rows->values;
    int64_t n = dc3_count(t);
    *values = t->dtype == DC3_F32 ? t->data : rows->made;
    if (*values) return DC3_OK;
    rows->made = malloc((size_t)n * sizeof *rows->made);
    if (!rows->made)
        return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory for %lld values", rows->path, (long long)n);
    *values = rows->made;
    return dc3_rows_floats(t, 0, n, rows->made);
}

void dc3_image_rows_close(dc3_image_rows **rows)
{
    dc3_image_rows *r = *rows;
    if (!r) return;
    dc3_table_close(&r->table);
    free(r->row_of);
    free(r->row);
    free(r->made);
    free(r);
    *rows = NULL;
}
