#include "run_folder/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/lock.h"
#include "dc3/edit_options.h"
#include "run_folder/shards.h"

/* What a folder without a dc3.json is. */
static const char *describe(const char *folder)
{
    static const char *const made[][2] = {
        {"generate.json",
         "one that dc3 generate made; dc3 contact shows its images, dc3 measure compares them, "
         "dc3 info says how they were made"},
        {"finetune.json", "one that dc3 finetune made; dc3 report is about it, dc3 info says what it holds"},
        {"compare.json", "one that dc3 compare made; dc3 report is about it, dc3 info says what it holds"}};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (dc3_folder_holds(folder, made[i][0])) return made[i][1];
    return "no dc3.json in it";
}

dc3_status dc3_document_read(const char *run, json_t **document)
{
    char *path = dc3_path_join(run, "dc3.json");
    dc3_path_kind folder = dc3_path_what(run);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        dc3_path_what(path) == DC3_PATH_FILE
            ? dc3_json_read(path, DC3_DOCUMENT_LIMIT, document)
            : dc3_fail(DC3_ERR_IO, "%s: expected a folder that dc3 condense made, found %s", run,
                       folder == DC3_PATH_FOLDER    ? describe(run)
                       : folder == DC3_PATH_MISSING ? "nothing there"
                                                    : "no folder");
    free(path);
    return status;
}

static void drop_number(json_t *settings, const char *key, double most)
{
    const json_t *value = json_object_get(settings, key);
    if (json_is_number(value) && json_number_value(value) <= most) json_object_del(settings, key);
}

void dc3_document_drop_unset(json_t *settings)
{
    static const char *const keys[] = {"epochs", "batch", "factor", "lr", "temperature", "size", "bins"};
    const dc3_edit_option *o;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) drop_number(settings, keys[i], 0);
    drop_number(settings, "weight_decay", -1);
    for (int i = 0; (o = dc3_edit_option_at(i)); i++) drop_number(settings, o->name, o->unset);
    json_object_del(settings, "wanted");
}

const char dc3_document_names[] = "names";

void dc3_document_use_names(json_t *settings)
{
    const char *key;
    json_t *name, *names = json_incref(json_object_get(settings, dc3_document_names));
    json_object_foreach(names, key, name)
    {
        if (json_is_string(json_object_get(settings, key))) json_object_set(settings, key, name);
    }
    json_object_del(settings, dc3_document_names);
    json_decref(names);
}

dc3_status dc3_check_complete(const char *document, const json_t *object)
{
    char who[200], own[40];
    const char *name = strrchr(document, '/');
    if (json_is_true(json_object_get(object, "complete"))) return DC3_OK;
    char *folder = name ? strndup(document, (size_t)(name - document)) : strdup(".");
    int held = folder && dc3_lock_holder(*folder ? folder : "/", who, sizeof who);
    free(folder);
    snprintf(own, sizeof own, "process %ld on ", (long)getpid());
    if (held && strncmp(who, own, strlen(own)) != 0)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: the run is not complete; %s works on it: wait until it has ended", document,
                        who);
    return dc3_fail(DC3_ERR_FORMAT, "%s: the run is not complete; run its command again to resume it",
                    document);
}

dc3_status dc3_metadata_each(const char *train, dc3_json_take *take, void *user)
{
    enum { LINE_LIMIT = 1 << 24 };
    if (dc3_shards_hold(train)) return dc3_shards_each_line(train, take, user);
    char *path = dc3_path_join(train, "metadata.jsonl");
    dc3_status status =
        path ? dc3_json_each_line(path, LINE_LIMIT, take, user) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

static dc3_status keep(void *user, json_t *line)
{
    json_t *lines = user;
    return json_array_append(lines, line) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_metadata_read(const char *train, json_t **lines)
{
    *lines = json_array();
    return *lines ? dc3_metadata_each(train, keep, *lines) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

json_t *dc3_document_of(const char *folder, char **path)
{
    static const char *const names[] = {"dc3.json", "compare.json"};
    json_t *document = NULL;
    *path = NULL;
    for (int i = 0; i < 2 && !document; i++) {
        free(*path);
        *path = dc3_path_join(folder, names[i]);
        if (*path && dc3_path_what(*path) == DC3_PATH_FILE)
            (void)dc3_json_read(*path, DC3_DOCUMENT_LIMIT, &document);
    }
    return document;
}
