#include "run_folder/shards.h"

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

/* The shard's path, or NULL where there is none of that number; the caller frees. */
static char *path_of(const char *train, int number)
{
    char name[DC3_SHARD_NAME];
    char *path = dc3_path_join(train, dc3_shard_name(number, name));
    if (path && dc3_path_what(path) == DC3_PATH_FILE) return path;
    free(path);
    return NULL;
}

int dc3_shards_hold(const char *train)
{
    char *lines = dc3_path_join(train, "metadata.jsonl"), *shard = path_of(train, 0);
    int hold = lines && shard && dc3_path_what(lines) == DC3_PATH_MISSING;
    free(lines);
    free(shard);
    return hold;
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
    char *path;
    *shards = NULL;
    if (!dc3_shards_hold(train)) return DC3_OK;
    dc3_shards *s = *shards = calloc(1, sizeof *s);
    if (!s || !(s->bytes = json_object())) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && (path = path_of(train, i)); i++) {
        status = list_images(path, s);
        free(path);
    }
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

static dc3_status finish(sample *s, json_t *lines)
{
    if (s->line && s->name) {
        json_object_set_new(s->line, "file_name", dc3_json_text(s->name));
        json_object_set_new(s->line, "place",
                            json_pack("[I, I]", (json_int_t)s->offset, (json_int_t)s->size));
        json_array_append(lines, s->line);
    }
    json_decref(s->line);
    free(s->name);
    *s = (sample){0};
    return DC3_OK;
}

static dc3_status take(dc3_ustar *tar, const char *shard, sample *s, json_t *lines)
{
    int key;
    char *text;
    kind is = kind_of(tar->name, &key);
    if (strncmp(s->key, tar->name, (size_t)key) != 0 || s->key[key]) DC3_TRY(finish(s, lines));
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

static dc3_status read_lines(const char *path, const char *shard, json_t *lines)
{
    dc3_ustar tar;
    sample s = {0};
    int found;
    DC3_TRY(dc3_ustar_open(path, &tar));
    dc3_status status = dc3_ustar_next(&tar, &found);
    while (status == DC3_OK && found) {
        status = take(&tar, shard, &s, lines);
        if (status == DC3_OK) status = dc3_ustar_next(&tar, &found);
    }
    if (status == DC3_OK) status = finish(&s, lines);
    finish(&s, NULL);
    dc3_ustar_close(&tar);
    return status;
}

dc3_status dc3_shards_lines(const char *train, json_t **lines)
{
    char *path, name[DC3_SHARD_NAME];
    dc3_status status = DC3_OK;
    *lines = json_array();
    for (int i = 0; status == DC3_OK && (path = path_of(train, i)); i++) {
        status = read_lines(path, dc3_shard_name(i, name), *lines);
        free(path);
    }
    return status;
}

dc3_status dc3_shards_image(const char *train, const json_t *line, int width, int height, dc3_image *image)
{
    const char *name = json_string_value(json_object_get(line, "file_name"));
    const json_t *place = json_object_get(line, "place");
    const char *slash = name ? strchr(name, '/') : NULL;
    char *shard = slash ? strndup(name, (size_t)(slash - name)) : NULL;
    char *path = shard ? dc3_path_join(train, shard) : NULL, *data = NULL;
    dc3_ustar tar = {.file = NULL};
    dc3_status status = path ? dc3_ustar_open(path, &tar) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    tar.offset = (uint64_t)json_integer_value(json_array_get(place, 0));
    tar.size = (uint64_t)json_integer_value(json_array_get(place, 1));
    if (status == DC3_OK) status = dc3_ustar_read(&tar, DC3_FILE_LIMIT, &data);
    if (status == DC3_OK)
        status = dc3_image_decode(name, data, (size_t)tar.size, width, height, DC3_FIT_CROP, image);
    dc3_ustar_close(&tar);
    free(data);
    free(path);
    free(shard);
    return status;
}
