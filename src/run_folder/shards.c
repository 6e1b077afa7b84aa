#include "run_folder/shards.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/dataset.h"
#include "io/ustar.h"

enum { LINE_LIMIT = 1 << 24, NUMBER = 6 };

struct dc3_shards {
    json_t *bytes; /* by the image's name */
    int damaged;   /* shards that are */
};

static const char first[] = "train-", last[] = ".tar";

const char *dc3_shard_name(int number, char text[DC3_SHARD_NAME])
{
    snprintf(text, DC3_SHARD_NAME, "%s%0*d%s", first, NUMBER, number, last);
    return text;
}

const char *dc3_shard_member(const char *name)
{
    const size_t before = sizeof first - 1, behind = sizeof last - 1;
    size_t digits = 0;
    if (strncmp(name, first, before) != 0) return name;
    while (name[before + digits] >= '0' && name[before + digits] <= '9') digits++;
    const char *rest = name + before + digits;
    return digits >= NUMBER && strncmp(rest, last, behind) == 0 && rest[behind] == '/' ? rest + behind + 1
                                                                                       : name;
}

char *dc3_shard_path(const char *train, int number)
{
    char name[DC3_SHARD_NAME];
    return dc3_path_join(train, dc3_shard_name(number, name));
}

/* The number of a shard's name, -1 for another name. */
static int number_of(const char *name)
{
    char own[DC3_SHARD_NAME];
    if (strncmp(name, first, sizeof first - 1) != 0) return -1;
    errno = 0;
    long number = strtol(name + sizeof first - 1, NULL, 10);
    if (errno || number < 0 || number > INT_MAX) return -1;
    return strcmp(dc3_shard_name((int)number, own), name) == 0 ? (int)number : -1;
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static dc3_status add_number(const char *train, int number, int **numbers, size_t *count)
{
    char *path = dc3_shard_path(train, number);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int is_file = dc3_path_what(path) == DC3_PATH_FILE;
    free(path);
    if (!is_file) return DC3_OK;
    if ((*count & (*count - 1)) == 0) { /* 0 or a power of 2: there is no more room */
        int *more = realloc(*numbers, (2 * *count + 1) * sizeof *more);
        if (!more) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        *numbers = more;
    }
    (*numbers)[(*count)++] = number;
    return DC3_OK;
}

dc3_status dc3_shards_numbers(const char *train, int **numbers, size_t *count)
{
    *numbers = NULL, *count = 0;
    DIR *entries = opendir(train);
    if (!entries && (errno == ENOENT || errno == ENOTDIR)) return DC3_OK;
    if (!entries) return dc3_fail(DC3_ERR_IO, "%s: cannot be listed: %s", train, strerror(errno));
    struct dirent *entry;
    dc3_status status = DC3_OK;
    while (status == DC3_OK && (errno = 0, entry = readdir(entries))) {
        int number = number_of(entry->d_name);
        if (number >= 0) status = add_number(train, number, numbers, count);
    }
    if (status == DC3_OK && errno)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be listed: %s", train, strerror(errno));
    closedir(entries);
    if (status == DC3_OK && *count) qsort(*numbers, *count, sizeof **numbers, ascending);
    if (status == DC3_OK) return DC3_OK;
    free(*numbers);
    *numbers = NULL, *count = 0;
    return status;
}

int dc3_shards_hold(const char *train)
{
    int *numbers = NULL;
    size_t count = 0;
    char *lines = dc3_path_join(train, "metadata.jsonl");
    if (lines && dc3_path_what(lines) == DC3_PATH_MISSING) dc3_shards_numbers(train, &numbers, &count);
    free(numbers);
    free(lines);
    return count > 0;
}

/* What a member is by the end of its name: the key before the first dot of the base name, as the webdataset
 * library has it. */
typedef enum kind { IMAGE, CLASS, LINE } kind;

static kind kind_of(const char *name, int *key)
{
    const char *slash = strrchr(name, '/'), *dot = strchr(slash ? slash : name, '.');
    *key = (int)(dot ? dot - name : (long)strlen(name));
    return !dot ? IMAGE : strcmp(dot, ".cls") == 0 ? CLASS : strcmp(dot, ".json") == 0 ? LINE : IMAGE;
}

/* ---- which images there are ---- */

static dc3_status list_images(const char *path, dc3_shards *shards)
{
    dc3_ustar tar;
    int found, key;
    DC3_TRY(dc3_ustar_open(path, &tar));
    dc3_status status = dc3_ustar_next(&tar, &found);
    while (status == DC3_OK && found) {
        if (kind_of(tar.name, &key) == IMAGE)
            json_object_set_new(shards->bytes, tar.name, json_integer((json_int_t)tar.size));
        status = dc3_ustar_next(&tar, &found);
    }
    dc3_ustar_close(&tar);
    shards->damaged += status == DC3_ERR_FORMAT;
    return status == DC3_ERR_FORMAT ? DC3_OK : status;
}

dc3_status dc3_shards_open(const char *train, dc3_shards **shards)
{
    int *numbers;
    size_t count;
    *shards = NULL;
    if (!dc3_shards_hold(train)) return DC3_OK;
    dc3_shards *s = *shards = calloc(1, sizeof *s);
    if (!s || !(s->bytes = json_object())) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_shards_numbers(train, &numbers, &count);
    for (size_t i = 0; status == DC3_OK && i < count; i++) {
        char *path = dc3_shard_path(train, numbers[i]);
        status = path ? list_images(path, s) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    free(numbers);
    if (status != DC3_OK) dc3_shards_close(shards);
    return status;
}

void dc3_shards_close(dc3_shards **shards)
{
    if (!*shards) return;
    json_decref((*shards)->bytes);
    free(*shards);
    *shards = NULL;
}

int dc3_shards_whole(const dc3_shards *shards)
{
    return !shards->damaged;
}

int64_t dc3_shards_bytes(const dc3_shards *shards, const char *name)
{
    const json_t *bytes = json_object_get(shards->bytes, name);
    return bytes ? json_integer_value(bytes) : -1;
}

/* ---- what is said of them ---- */

/* A sample whose members come one after the other, in any order. */
typedef struct sample {
    char key[sizeof((dc3_ustar *)0)->name]; /* "": none yet */
    char *name;                             /* of the image with its shard, NULL: none yet */
    uint64_t offset, size;                  /* of the image */
    json_t *line;
} sample;

/* Who takes the lines. */
typedef struct lines {
    dc3_json_take *take;
    void *user;
} lines;

static void drop(sample *s)
{
    json_decref(s->line);
    free(s->name);
    *s = (sample){0};
}

static dc3_status finish(sample *s, const lines *to)
{
    dc3_status status = DC3_OK;
    if (s->line && s->name) {
        json_object_set_new(s->line, "file_name", dc3_json_text(s->name));
        json_object_set_new(s->line, "place",
                            json_pack("[I, I]", (json_int_t)s->offset, (json_int_t)s->size));
        status = to->take(to->user, s->line);
    }
    drop(s);
    return status;
}

static dc3_status take(dc3_ustar *tar, const char *shard, sample *s, const lines *to)
{
    int key;
    char *text;
    kind is = kind_of(tar->name, &key);
    if (strncmp(s->key, tar->name, (size_t)key) != 0 || s->key[key]) DC3_TRY(finish(s, to));
    snprintf(s->key, sizeof s->key, "%.*s", key, tar->name);
    if (is == IMAGE) {
        free(s->name);
        s->name = dc3_path_join(shard, tar->name);
        s->offset = tar->offset, s->size = tar->size;
        return s->name ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    if (is == CLASS) return DC3_OK;
    DC3_TRY(dc3_ustar_read(tar, LINE_LIMIT, &text));
    json_decref(s->line);
    dc3_status status = dc3_json_parse(tar->path, text, (size_t)tar->size, &s->line);
    free(text);
    return status;
}

static dc3_status read_lines(const char *path, const char *shard, const lines *to)
{
    dc3_ustar tar;
    sample s = {0};
    int found;
    DC3_TRY(dc3_ustar_open(path, &tar));
    dc3_status status = dc3_ustar_next(&tar, &found);
    while (status == DC3_OK && found) {
        status = take(&tar, shard, &s, to);
        if (status == DC3_OK) status = dc3_ustar_next(&tar, &found);
    }
    if (status == DC3_OK) status = finish(&s, to);
    drop(&s);
    dc3_ustar_close(&tar);
    return status;
}

dc3_status dc3_shards_each_line(const char *train, dc3_json_take *take_line, void *user)
{
    char name[DC3_SHARD_NAME];
    int *numbers;
    size_t count;
    lines to = {take_line, user};
    dc3_status status = dc3_shards_numbers(train, &numbers, &count);
    for (size_t i = 0; status == DC3_OK && i < count; i++) {
        char *path = dc3_shard_path(train, numbers[i]);
        status = path ? read_lines(path, dc3_shard_name(numbers[i], name), &to)
                      : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    free(numbers);
    return status;
}

dc3_status dc3_shards_file(const char *train, const json_t *line, char **data, size_t *size)
{
    const char *name = json_string_value(json_object_get(line, "file_name"));
    const json_t *place = json_object_get(line, "place");
    const char *slash = name ? strchr(name, '/') : NULL;
    char *shard = slash ? strndup(name, (size_t)(slash - name)) : NULL;
    char *path = shard ? dc3_path_join(train, shard) : NULL;
    dc3_ustar tar = {.file = NULL};
    dc3_status status = path ? dc3_ustar_open(path, &tar) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    tar.offset = (uint64_t)json_integer_value(json_array_get(place, 0));
    tar.size = (uint64_t)json_integer_value(json_array_get(place, 1));
    *data = NULL, *size = (size_t)tar.size;
    if (status == DC3_OK) status = dc3_ustar_read(&tar, DC3_FILE_LIMIT, data);
    dc3_ustar_close(&tar);
    free(path);
    free(shard);
    return status;
}

dc3_status dc3_shards_image(const char *train, const json_t *line, int width, int height, dc3_image *image)
{
    const char *name = json_string_value(json_object_get(line, "file_name"));
    char *data;
    size_t size;
    dc3_status status = dc3_shards_file(train, line, &data, &size);
    if (status == DC3_OK) status = dc3_image_decode(name, data, size, width, height, DC3_FIT_CROP, image);
    free(data);
    return status;
}
