/* A manifest: a .csv or .jsonl file with a row an image, its path (absolute, or relative to the folder of the
 * file) and its class. Where rows have a split, those of one are taken. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "io/datasets/class_numbers.h"
#include "io/manifest_rows.h"
#include "io/datasets/part_names.h"
#include "io/datasets/reader.h"

/* What the splits of all rows are. */
typedef struct splits {
    int parts[DC3_PART_TEST + 1]; /* whether there is one so called; NONE: another, or none at all */
    long named;                   /* rows with one that is not empty */
    GHashTable *names;            /* of them, texts of its own */
} splits;

typedef struct listing {
    dc3_dataset *dataset;
    char *folder; /* of the manifest */
    splits splits;
    const char *split; /* rows of this one alone, or */
    dc3_part part;     /* of this part; NONE: all */
    GHashTable *lines; /* by absolute path, the line that listed it */
    long left;         /* rows of other splits */
} listing;

static dc3_status survey(void *user, const dc3_manifest_row *row)
{
    splits *s = user;
    if (!row->split || !*row->split) return DC3_OK;
    s->named++;
    s->parts[dc3_part_named(row->split)] = 1;
    g_hash_table_add(s->names, g_strdup(row->split));
    return DC3_OK;
}

/* "train, val". */
static char *list_names(const splits *s)
{
    GList *keys = g_list_sort(g_hash_table_get_keys(s->names), (GCompareFunc)strcmp);
    GString *text = g_string_new(NULL);
    int shown = 0;
    for (GList *k = keys; k && shown < 8; k = k->next, shown++)
        g_string_append_printf(text, "%s%.60s", shown ? ", " : "", (const char *)k->data);
    g_list_free(keys);
    return g_string_free(text, FALSE);
}

/* Which rows are taken: of the split that is asked for; else those to train on, or to test on, where rows are
 * called so. */
static dc3_status choose(listing *l)
{
    const dc3_dataset *d = l->dataset;
    const splits *s = &l->splits;
    l->split = d->choice ? d->choice->split : NULL;
    if (!l->split) {
        l->part = !d->test                  ? DC3_PART_TRAIN
                  : s->parts[DC3_PART_VAL]  ? DC3_PART_VAL
                  : s->parts[DC3_PART_TEST] ? DC3_PART_TEST
                                            : DC3_PART_NONE;
        if (!s->parts[l->part]) l->part = DC3_PART_NONE;
        if (!d->test || l->part || !s->parts[DC3_PART_TRAIN]) return DC3_OK;
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected rows of a split val or test to test on, found none",
                        d->path);
    }
    if (g_hash_table_contains(s->names, l->split)) return DC3_OK;
    if (!s->named)
        return dc3_fail_setting("split", "expected a manifest whose rows have a split, %s has none", d->path);
    char *found = list_names(s);
    dc3_status status =
        dc3_fail_setting("split", "%s: expected one of %s, found '%.100s'", d->path, found, l->split);
    g_free(found);
    return status;
}

static int is_wanted(const listing *l, const dc3_manifest_row *row)
{
    if (l->split) return row->split && strcmp(row->split, l->split) == 0;
    return !l->part || (row->split && dc3_part_named(row->split) == l->part);
}

/* A path that is not there, is no file, or no image by its name. */
static dc3_status pass(dc3_dataset *d, const dc3_manifest_row *row, const char *path, dc3_path_kind kind,
                       int reason)
{
    if (kind == DC3_PATH_FILE) {
        dc3_dataset_count_file(d, row->path);
        return DC3_OK;
    }
    return dc3_dataset_skip(d, row->path, "%s: line %ld: %s: expected an image, found %s", d->path, row->line,
                            path,
                            kind == DC3_PATH_MISSING  ? reason == ENOENT ? "nothing there" : strerror(reason)
                             : kind == DC3_PATH_FOLDER ? "a folder"
                                                      : "a pipe or a device");
}

static dc3_status add(listing *l, const dc3_manifest_row *row, const char *path)
{
    dc3_dataset *d = l->dataset;
    dc3_item item = {.listed = 1};
    errno = 0;
    dc3_path_kind kind = dc3_path_what(path);
    int reason = errno;
    DC3_TRY(dc3_dataset_class(d, row->label, &item.label));
    if (kind != DC3_PATH_FILE || !dc3_is_image_name(path)) return pass(d, row, path, kind, reason);
    DC3_TRY(dc3_dataset_text(d, row->path, &item.key));
    DC3_TRY(dc3_dataset_text(d, path, &item.file));
    return dc3_dataset_add(d, item);
}

/* However its path is written: with "./" or "a/..", absolute or not. */
static dc3_status check_once(listing *l, const dc3_manifest_row *row, const char *path)
{
    char *plain = g_canonicalize_filename(path, NULL);
    gpointer before = g_hash_table_lookup(l->lines, plain);
    if (!before) {
        g_hash_table_insert(l->lines, plain, GSIZE_TO_POINTER((gsize)row->line));
        return DC3_OK;
    }
    g_free(plain);
    return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected each image once, '%.200s' is in line %ld already",
                    l->dataset->path, row->line, row->path, (long)GPOINTER_TO_SIZE(before));
}

static dc3_status take(void *user, const dc3_manifest_row *row)
{
    listing *l = user;
    if (!is_wanted(l, row)) {
        l->left++;
        return DC3_OK;
    }
    char *path = *row->path == '/' ? strdup(row->path) : dc3_path_join(l->folder, row->path);
    dc3_status status = path ? check_once(l, row, path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = add(l, row, path);
    free(path);
    return status;
}

/* Which rows they are, where there are others. */
static dc3_status note_left(const listing *l)
{
    dc3_dataset *d = l->dataset;
    char *names = list_names(&l->splits);
    dc3_status status = DC3_OK;
    if (l->left)
        status = dc3_dataset_mention(d, "%lld rows of the split %s are taken, %ld others of %s are not",
                                     (long long)d->size,
                                     l->split                    ? l->split
                                     : l->part == DC3_PART_TRAIN ? "train"
                                     : l->part == DC3_PART_VAL   ? "val"
                                                                 : "test",
                                     l->left, names);
    g_free(names);
    return status;
}

static dc3_status open_manifest(const char *path, dc3_dataset *d)
{
    const char *slash = strrchr(path, '/');
    listing l = {.dataset = d,
                 .folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup("."),
                 .splits.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                 .lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    dc3_status status = l.folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_manifest_each(path, survey, &l.splits);
    if (status == DC3_OK) status = choose(&l);
    if (status == DC3_OK) status = dc3_manifest_each(path, take, &l);
    if (status == DC3_OK) status = note_left(&l);
    if (status == DC3_OK) status = dc3_class_numbers_pad(d);
    g_hash_table_destroy(l.lines);
    g_hash_table_destroy(l.splits.names);
    free(l.folder);
    return status;
}

static dc3_status open_item(const dc3_dataset *d, const dc3_item *item, dc3_image_source **source)
{
    return dc3_image_source_open_file(d->text + item->file, source);
}

const dc3_reader dc3_manifest_reader = {"manifest", dc3_manifest_is, open_manifest, open_item};
