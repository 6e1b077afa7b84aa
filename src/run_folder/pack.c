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

/* An image to pack. */
typedef struct sample {
    char *name;   /* CLASS/NAME.webp */
    off_t offset; /* of its line in metadata.jsonl */
    int64_t label;
} sample;

typedef struct packing {
    const char *train;
    double most;
    const dc3_listener *listener;
    FILE *lines; /* metadata.jsonl */
    char *line;  /* one of them */
    size_t line_room;
    sample *samples;
    size_t count, room;
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

/* The next line, without its end; *length: with it, -1 at the file's end. */
static dc3_status read_line(packing *p, ssize_t *length)
{
    errno = 0;
    *length = getline(&p->line, &p->line_room, p->lines);
    if (*length < 0 && !feof(p->lines))
        return dc3_fail(DC3_ERR_IO, "%s/metadata.jsonl: cannot be read: %s", p->train, strerror(errno));
    if (*length > 0 && p->line[*length - 1] == '\n') p->line[*length - 1] = 0;
    return DC3_OK;
}

static dc3_status add_line(packing *p, off_t offset)
{
    if (p->count == p->room) {
        size_t room = 2 * p->room + 64;
        sample *more = realloc(p->samples, room * sizeof *more);
        if (!more) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        p->samples = more, p->room = room;
    }
    json_t *line = json_loads(p->line, 0, NULL);
    const char *name = json_string_value(json_object_get(line, "file_name"));
    int is_name = name && dc3_path_stays(name) && strchr(name, '/');
    sample s = {.name = is_name ? strdup(name) : NULL,
                .offset = offset,
                .label = json_integer_value(json_object_get(line, "label"))};
    json_decref(line);
    if (!is_name)
        return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: line %zu: expected a file_name in a folder",
                        p->train, p->count + 1);
    if (!s.name) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->samples[p->count++] = s;
    return DC3_OK;
}

/* In the order in which a folder of these images would be read. Lines are read again when they are packed:
 * a large run's do not fit in memory. */
static dc3_status read_samples(packing *p)
{
    ssize_t length = 0;
    off_t offset = 0;
    char *path = dc3_path_join(p->train, "metadata.jsonl");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->lines = fopen(path, "rbe");
    dc3_status status =
        p->lines ? DC3_OK : dc3_fail(DC3_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    free(path);
    while (status == DC3_OK) {
        status = read_line(p, &length);
        if (status != DC3_OK || length < 0) break;
        status = add_line(p, offset);
        offset += length;
    }
    if (status == DC3_OK && p->count) qsort(p->samples, p->count, sizeof *p->samples, by_name);
    return status;
}

static dc3_status end_shard(packing *p, dc3_status status)
{
    if (!p->open) return status;
    if (status == DC3_OK) status = dc3_ustar_finish(&p->shard);
    p->open = 0;
    return dc3_file_end(&p->shard, status);
}

static dc3_status begin_shard(packing *p)
{
    char *path = dc3_shard_path(p->train, p->shards);
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
    ssize_t length = -1;
    if (fseeko(p->lines, s->offset, SEEK_SET) == 0) DC3_TRY(read_line(p, &length));
    if (length < 0)
        return dc3_fail(DC3_ERR_IO, "%s/metadata.jsonl: the line of %s is not there any more", p->train,
                        s->name);
    int stem = (int)(dot ? dot - s->name : (long)strlen(s->name)),
        digits = snprintf(label, sizeof label, "%lld", (long long)s->label);
    double takes =
        dc3_ustar_takes((double)size) + dc3_ustar_takes(digits) + dc3_ustar_takes((double)strlen(p->line));
    if (p->open && p->bytes + takes > p->most) DC3_TRY(end_shard(p, DC3_OK));
    if (!p->open) DC3_TRY(begin_shard(p));
    p->bytes += takes;
    DC3_TRY(dc3_ustar_add(&p->shard, s->name, image, size));
    snprintf(name, sizeof name, "%.*s.cls", stem, s->name);
    DC3_TRY(dc3_ustar_add(&p->shard, name, label, (size_t)digits));
    snprintf(name, sizeof name, "%.*s.json", stem, s->name);
    return dc3_ustar_add(&p->shard, name, p->line, strlen(p->line));
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
        if (status == DC3_OK && p->listener->progress)
            p->listener->progress(p->listener->user, "packing", (int64_t)i + 1, (int64_t)p->count);
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

/* Those from number `from` on, the last first. */
static dc3_status remove_shards(const char *train, int from)
{
    int *numbers;
    size_t count;
    dc3_status status = dc3_shards_numbers(train, &numbers, &count);
    for (size_t i = count; status == DC3_OK && i-- > 0 && numbers[i] >= from;) {
        char *path = dc3_shard_path(train, numbers[i]);
        status = path ? remove_file(path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    free(numbers);
    return status;
}

dc3_status dc3_shards_remove(const char *train)
{
    return remove_shards(train, 0);
}

dc3_status dc3_shards_pack(const char *train, double most, const dc3_listener *listener)
{
    packing p = {.train = train, .most = most, .listener = listener};
    dc3_status status = read_samples(&p);
    if (status == DC3_OK) status = add_all(&p);
    if (status == DC3_OK) status = remove_shards(train, p.shards);
    char *lines = dc3_path_join(train, "metadata.jsonl");
    if (status == DC3_OK && !lines) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = remove_file(lines);
    for (size_t i = 0; i < p.count; i++) free(p.samples[i].name);
    if (p.lines) fclose(p.lines);
    free(p.samples);
    free(p.line);
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
        done = dc3_check_cancel();
        if (path && done == DC3_OK) done = what(&tar, path);
        free(path);
        if (done == DC3_OK) status = dc3_ustar_next(&tar, &found);
    }
    dc3_ustar_close(&tar);
    return done != DC3_OK ? done : status == DC3_ERR_FORMAT ? DC3_OK : status;
}

static dc3_status for_all(const char *train, task what)
{
    int *numbers;
    size_t count;
    dc3_status status = dc3_shards_numbers(train, &numbers, &count);
    for (size_t i = 0; status == DC3_OK && i < count; i++) {
        char *path = dc3_shard_path(train, numbers[i]);
        status = path ? for_each(train, path, what) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    free(numbers);
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
