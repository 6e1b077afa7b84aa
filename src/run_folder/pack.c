/* Packing a run's images into shards, and making files of them again (shards.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cancel.h"
#include "io/dataset.h"
#include "io/ustar.h"
#include "run_folder/shards.h"

enum { LINES_LIMIT = 1 << 28 };

/* An image to pack. */
typedef struct sample {
    const char *text; /* its line, as it stands in metadata.jsonl */
    json_t *line;     /* the same */
    const char *name; /* CLASS/NAME.webp */
    int64_t label;
} sample;

typedef struct packing {
    const char *train;
    double most;
    char *text; /* metadata.jsonl; each line ends with a zero byte */
    sample *samples;
    size_t count;
    dc3_growing shard;
    int open, shards; /* shards that were begun */
    double bytes;     /* of the shard that is open, as it would end now */
} packing;

static int by_name(const void *a, const void *b)
{
    const sample *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* In the order in which a folder of these images would be read. */
static dc3_status read_samples(packing *p)
{
    size_t size, lines = 0;
    char *path = dc3_path_join(p->train, "metadata.jsonl"), *rest, *line;
    dc3_status status =
        path ? dc3_file_read(path, LINES_LIMIT, &p->text, &size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    DC3_TRY(status);
    for (size_t i = 0; i < size; i++) lines += p->text[i] == '\n';
    p->samples = calloc(lines + 1, sizeof *p->samples);
    if (!p->samples) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    rest = p->text;
    while (p->count < lines && (line = strsep(&rest, "\n"))) {
        sample *s = &p->samples[p->count++];
        s->text = line, s->line = json_loads(line, 0, NULL);
        s->name = json_string_value(json_object_get(s->line, "file_name"));
        s->label = json_integer_value(json_object_get(s->line, "label"));
        if (!s->name || !dc3_path_stays(s->name) || !strchr(s->name, '/'))
            return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: line %zu: expected a file_name in a folder",
                            p->train, p->count);
    }
    qsort(p->samples, p->count, sizeof *p->samples, by_name);
    return DC3_OK;
}

static dc3_status end_shard(packing *p, dc3_status status)
{
    if (!p->open) return status;
    if (status == DC3_OK) status = dc3_ustar_finish(&p->shard);
    p->open = 0;
    return dc3_file_end(&p->shard, status);
}

static char *shard_path(const char *train, int number)
{
    char name[DC3_SHARD_NAME];
    return dc3_path_join(train, dc3_shard_name(number, name));
}

static dc3_status begin_shard(packing *p)
{
    char *path = shard_path(p->train, p->shards);
    dc3_status status = path ? dc3_file_begin(path, &p->shard) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    p->open = status == DC3_OK;
    p->shards += p->open;
    p->bytes = DC3_USTAR_END;
    return status;
}

static dc3_status add_sample(packing *p, const sample *s, const char *image, size_t size)
{
    char name[DC3_USTAR_FOLDER + DC3_USTAR_BASE + 8], label[24];
    const char *dot = strchr(strrchr(s->name, '/'), '.');
    int stem = (int)(dot ? dot - s->name : (long)strlen(s->name)),
        digits = snprintf(label, sizeof label, "%lld", (long long)s->label);
    double takes =
        dc3_ustar_takes((double)size) + dc3_ustar_takes(digits) + dc3_ustar_takes((double)strlen(s->text));
    if (p->open && p->bytes + takes > p->most) DC3_TRY(end_shard(p, DC3_OK));
    if (!p->open) DC3_TRY(begin_shard(p));
    p->bytes += takes;
    DC3_TRY(dc3_ustar_add(&p->shard, s->name, image, size));
    snprintf(name, sizeof name, "%.*s.cls", stem, s->name);
    DC3_TRY(dc3_ustar_add(&p->shard, name, label, (size_t)digits));
    snprintf(name, sizeof name, "%.*s.json", stem, s->name);
    return dc3_ustar_add(&p->shard, name, s->text, strlen(s->text));
}

static dc3_status add_all(packing *p)
{
    dc3_status status = DC3_OK;
    for (size_t i = 0; status == DC3_OK && i < p->count; i++) {
        char *path = dc3_path_join(p->train, p->samples[i].name), *image = NULL;
        size_t size;
        status = path ? dc3_check_cancel() : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        if (status == DC3_OK) status = dc3_file_read(path, DC3_FILE_LIMIT, &image, &size);
        if (status == DC3_OK) status = add_sample(p, &p->samples[i], image, size);
        free(image);
        free(path);
    }
    return end_shard(p, status);
}

static dc3_status remove_file(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT) return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
}

/* Those from number `from` on, the last first, so that none is left behind a gap. */
static dc3_status remove_shards(const char *train, int from)
{
    dc3_status status = DC3_OK;
    int behind = from, there = 1;
    for (; there; behind++) {
        char *path = shard_path(train, behind);
        there = path && dc3_path_what(path) == DC3_PATH_FILE;
        free(path);
    }
    for (int i = behind - 2; status == DC3_OK && i >= from; i--) {
        char *path = shard_path(train, i);
        status = path ? remove_file(path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    return status;
}

dc3_status dc3_shards_remove(const char *train)
{
    return remove_shards(train, 0);
}

dc3_status dc3_shards_pack(const char *train, double most)
{
    packing p = {.train = train, .most = most};
    dc3_status status = read_samples(&p);
    if (status == DC3_OK) status = add_all(&p);
    if (status == DC3_OK) status = remove_shards(train, p.shards);
    char *lines = dc3_path_join(train, "metadata.jsonl");
    if (status == DC3_OK && !lines) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = remove_file(lines);
    for (size_t i = 0; i < p.count; i++) json_decref(p.samples[i].line);
    free(p.samples);
    free(p.text);
    free(lines);
    return status == DC3_OK ? dc3_shards_tidy(train) : status;
}

/* ---- the files of images that are in shards ---- */

/* "CLASS/NAME.webp" of a member that is such an image, as its file's path; else NULL. */
static char *file_of(const char *train, const char *name)
{
    const char *slash = strchr(name, '/'), *dot = strrchr(name, '.');
    int ours = slash && slash > name && slash[1] && !strchr(slash + 1, '/') && name[0] != '.' &&
               slash[1] != '.' && dot && strcmp(dot, ".cls") != 0 && strcmp(dot, ".json") != 0;
    return ours ? dc3_path_join(train, name) : NULL;
}

typedef dc3_status (*task)(dc3_ustar *tar, char *path);

/* Does something for each image of a shard. */
static dc3_status for_each(const char *train, const char *shard, task what)
{
    dc3_ustar tar;
    int found;
    DC3_TRY(dc3_ustar_open(shard, &tar));
    dc3_status status = dc3_ustar_next(&tar, &found), done = DC3_OK;
    while (status == DC3_OK && done == DC3_OK && found) {
        char *path = file_of(train, tar.name);
        if (path) done = what(&tar, path);
        free(path);
        if (done == DC3_OK) status = dc3_ustar_next(&tar, &found);
    }
    dc3_ustar_close(&tar);
    return done != DC3_OK ? done : status == DC3_ERR_FORMAT ? DC3_OK : status;
}

static dc3_status for_all(const char *train, task what)
{
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK; i++) {
        char *path = shard_path(train, i);
        int there = path && dc3_path_what(path) == DC3_PATH_FILE;
        if (there) status = for_each(train, path, what);
        free(path);
        if (!there) break;
    }
    return status;
}

/* A class's folder that is a link leads to files that are none of the run's. */
static dc3_status check_folder(char *path)
{
    char *slash = strrchr(path, '/');
    *slash = 0;
    dc3_status status = DC3_OK;
    if (dc3_path_is_link(path))
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: expected a folder of images of the run, found a link; remove it, and give the "
                          "command again",
                          path);
    *slash = '/';
    return status;
}

static dc3_status remove_image(dc3_ustar *tar, char *path)
{
    (void)tar;
    DC3_TRY(check_folder(path));
    return dc3_path_what(path) == DC3_PATH_FILE ? remove_file(path) : DC3_OK;
}

static dc3_status remove_folder(dc3_ustar *tar, char *path)
{
    (void)tar;
    *strrchr(path, '/') = 0;
    if (rmdir(path) == 0 || errno == ENOENT) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: expected nothing but images of the run, which are in shards now; take out what else "
                    "is there, and give the command again (%s)",
                    path, strerror(errno));
}

dc3_status dc3_shards_tidy(const char *train)
{
    DC3_TRY(for_all(train, remove_image));
    return for_all(train, remove_folder);
}

/* A member that the shard has only a part of is left out. */
static dc3_status make_file(dc3_ustar *tar, char *path)
{
    char *image;
    DC3_TRY(check_folder(path));
    if (dc3_path_what(path) != DC3_PATH_MISSING) return DC3_OK;
    DC3_TRY(dc3_make_folder_of(path));
    dc3_status status = dc3_ustar_read(tar, DC3_FILE_LIMIT, &image);
    if (status == DC3_OK) status = dc3_file_write(path, image, (size_t)tar->size);
    free(image);
    return status == DC3_ERR_FORMAT ? DC3_OK : status;
}

dc3_status dc3_shards_unpack(const char *train)
{
    DC3_TRY(for_all(train, make_file));
    return remove_shards(train, 0);
}
