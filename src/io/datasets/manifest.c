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
    const char *split;    /* rows of this one alone, or */
    dc3_part part;        /* of this part; NONE: all */
    GHashTable *lines;    /* by absolute path, the line that listed it; below 0: in a row of another split */
    long left;            /* rows of other splits */
    long shared;          /* images in such a row and in one that is taken */
    long shared_lines[2]; /* of the first of them */
    GHashTable *groups;   /* names to their numbers times 4, + 1 taken, + 2 in rows of other splits */
    long parted;          /* groups that are both */
    char *first_parted;   /* the first of them */
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

static int is_wanted(const listing *l, const char *split)
{
    if (l->split) return split && strcmp(split, l->split) == 0;
    return !l->part || (split && dc3_part_named(split) == l->part);
}

/* "train, val", with quotes around names whose blanks would not be seen; all, or those that are not taken. */
static char *list_names(const listing *l, int all)
{
    GList *keys = g_list_sort(g_hash_table_get_keys(l->splits.names), (GCompareFunc)strcmp);
    GString *text = g_string_new(NULL);
    int shown = 0;
    for (GList *k = keys; k && shown < 8; k = k->next) {
        const char *name = k->data, *quote = strpbrk(name, " \t") ? "'" : "";
        if (!all && is_wanted(l, name)) continue;
        g_string_append_printf(text, "%s%s%.60s%s", shown++ ? ", " : "", quote, name, quote);
    }
    g_list_free(keys);
    return g_string_free(text, FALSE);
}

/* The split that is asked for must be there. */
static dc3_status check_asked(const listing *l)
{
    const dc3_dataset *d = l->dataset;
    const char *setting = d->test ? "val_split" : "split";
    if (g_hash_table_contains(l->splits.names, l->split)) return DC3_OK;
    if (!l->splits.named)
        return dc3_fail_setting(setting, "expected a manifest whose rows have a split, %s has none", d->path);
    char *found = list_names(l, 1);
    dc3_status status =
        dc3_fail_setting(setting, "%s: expected one of %s, found '%.100s'", d->path, found, l->split);
    g_free(found);
    return status;
}

/* Which rows are taken: of the split that is asked for; else those to train on, or to test on; all where no
 * row has a split. */
static dc3_status choose(listing *l)
{
    const dc3_dataset *d = l->dataset;
    const splits *s = &l->splits;
    l->split = d->choice ? d->choice->split : NULL;
    if (l->split) return check_asked(l);
    if (!s->named) return DC3_OK;
    l->part = !d->test ? DC3_PART_TRAIN : s->parts[DC3_PART_VAL] ? DC3_PART_VAL : DC3_PART_TEST;
    if (s->parts[l->part]) return DC3_OK;
    char *found = list_names(l, 1);
    dc3_status status = dc3_fail(
        DC3_ERR_FORMAT, "%s: expected rows of a split %s, found the splits %s; %s NAME takes the rows of one",
        d->path, d->test ? "val or test to test on" : "train", found,
        dc3_setting(d->test ? "val_split" : "split"));
    g_free(found);
    return status;
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

/* The number of a row's group, which is noted to be taken or of another split; 0: it has none. */
static int note_group(listing *l, const dc3_manifest_row *row, int wanted)
{
    if (!row->group || !*row->group) return 0;
    gsize was = GPOINTER_TO_SIZE(g_hash_table_lookup(l->groups, row->group)),
          now = (was ? was : (gsize)++l->dataset->groups * 4) | (wanted ? 1 : 2);
    if (now == was) return (int)(now / 4);
    g_hash_table_insert(l->groups, g_strdup(row->group), GSIZE_TO_POINTER(now));
    if (now % 4 == 3 && !l->parted++) l->first_parted = g_strdup(row->group);
    return (int)(now / 4);
}

static dc3_status add(listing *l, const dc3_manifest_row *row, const char *path, int group)
{
    dc3_dataset *d = l->dataset;
    dc3_item item = {.listed = 1, .group = group};
    errno = 0;
    dc3_path_kind kind = dc3_path_what(path);
    int reason = errno;
    DC3_TRY(dc3_dataset_class(d, row->label, &item.label));
    if (kind != DC3_PATH_FILE || !dc3_is_image_name(path)) return pass(d, row, path, kind, reason);
    DC3_TRY(dc3_dataset_text(d, row->path, &item.key));
    DC3_TRY(dc3_dataset_text(d, path, &item.file));
    return dc3_dataset_add(d, item);
}

/* However its path is written: with "./" or "a/..", absolute or not. In rows of other splits it is counted.
 */
static dc3_status check_once(listing *l, const dc3_manifest_row *row, const char *path, int wanted)
{
    char *plain = g_canonicalize_filename(path, NULL);
    gssize before = GPOINTER_TO_SIZE(g_hash_table_lookup(l->lines, plain));
    if (before && (before > 0) != wanted && !l->shared++)
        l->shared_lines[0] = labs(before), l->shared_lines[1] = row->line;
    int again = before > 0 && wanted;
    if (!before || (before < 0 && wanted))
        g_hash_table_insert(l->lines, plain, GSIZE_TO_POINTER(wanted ? row->line : -row->line));
    else
        g_free(plain);
    if (!again) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected each image once, '%.200s' is in line %ld already",
                    l->dataset->path, row->line, row->path, (long)before);
}

static dc3_status take(void *user, const dc3_manifest_row *row)
{
    listing *l = user;
    int wanted = is_wanted(l, row->split);
    char *path = *row->path == '/' ? strdup(row->path) : dc3_path_join(l->folder, row->path);
    dc3_status status = path ? check_once(l, row, path, wanted) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int group = note_group(l, row, wanted);
    if (status == DC3_OK && wanted) status = add(l, row, path, group);
    l->left += !wanted;
    free(path);
    return status;
}

/* Which rows they are, where there are others. */
static dc3_status note_left(const listing *l)
{
    dc3_dataset *d = l->dataset;
    char *names = list_names(l, 0);
    dc3_status status = DC3_OK;
    if (l->left)
        status = dc3_dataset_mention(d, "%s: the rows of the split %s are taken (%lld), not those %s%s (%ld)",
                                     d->path,
                                     l->split                    ? l->split
                                     : l->part == DC3_PART_TRAIN ? "train"
                                     : l->part == DC3_PART_VAL   ? "val"
                                                                 : "test",
                                     (long long)d->size, *names ? "of " : "without a split", names, l->left);
    g_free(names);
    if (status == DC3_OK && l->shared)
        status = dc3_dataset_mention(d,
                                     "%s: %ld image%s in rows of several splits (the first in lines %ld "
                                     "and %ld): tested on, they say nothing of new images",
                                     d->path, l->shared, l->shared == 1 ? " is" : "s are", l->shared_lines[0],
                                     l->shared_lines[1]);
    if (status == DC3_OK && l->parted)
        status = dc3_dataset_mention(d,
                                     "%s: %ld group%s in rows of several splits (the first is '%.60s'): "
                                     "tested on, the other images of a group say little of new ones",
                                     d->path, l->parted, l->parted == 1 ? " is" : "s are", l->first_parted);
    return status;
}

static dc3_status open_manifest(const char *path, dc3_dataset *d)
{
    const char *slash = strrchr(path, '/');
    listing l = {.dataset = d,
                 .folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup("."),
                 .splits.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                 .groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                 .lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    dc3_status status = l.folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_manifest_each(path, survey, &l.splits);
    if (status == DC3_OK) status = choose(&l);
    if (status == DC3_OK) status = dc3_manifest_each(path, take, &l);
    if (status == DC3_OK) status = note_left(&l);
    if (status == DC3_OK) status = dc3_class_numbers_pad(d);
    g_hash_table_destroy(l.groups);
    g_free(l.first_parted);
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
