#include "run_folder/store.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "io/ustar.h"
#include "options/option_names.h"
#include "run_folder/shards.h"

dc3_status dc3_store_check(const dc3_condense_options *o)
{
    DC3_TRY(dc3_option_check("store", (int)o->store, 0));
    if (o->shard_size == 0) return DC3_OK;
    if (o->store != DC3_STORE_TAR)
        return dc3_fail_setting("shard_size", "is of tars; leave it out, or use %s %s", dc3_setting("store"),
                                dc3_store_kind_name(DC3_STORE_TAR));
    if (o->shard_size >= DC3_SHARD_LEAST && isfinite(o->shard_size)) return DC3_OK;
    return dc3_fail_setting("shard_size", "expected %d bytes or more, found %g", DC3_SHARD_LEAST,
                            o->shard_size);
}

dc3_status dc3_store_check_folders(const dc3_condense_options *o, char *const *folders, int count)
{
    char key[DC3_SHARD_NAME + DC3_USTAR_FOLDER + 2];
    for (int i = 0; o->store == DC3_STORE_TAR && i < count; i++) {
        if (strlen(folders[i]) > DC3_USTAR_FOLDER)
            return dc3_fail_about("store", "%s %s: expected names of classes of at most %d bytes, found '%s'",
                                  dc3_setting("store"), dc3_store_kind_name(o->store), DC3_USTAR_FOLDER,
                                  folders[i]);
        snprintf(key, sizeof key, "%s/", folders[i]);
        if (dc3_shard_member(key) != key)
            return dc3_fail_about("store", "%s %s: expected classes called otherwise than shards, found '%s'",
                                  dc3_setting("store"), dc3_store_kind_name(o->store), folders[i]);
    }
    return DC3_OK;
}

int dc3_store_keeps(const dc3_condense_options *o)
{
    return o->store == DC3_STORE_COPY || o->store == DC3_STORE_LINK;
}

double dc3_store_shard_bytes(const dc3_condense_options *o)
{
    return o->shard_size > 0 ? o->shard_size : DC3_SHARD_BYTES;
}

void dc3_store_settings(const dc3_condense_options *o, json_t *settings)
{
    if (o->store == DC3_STORE_FILES) return;
    json_object_set_new(settings, "store", json_string(dc3_store_kind_name(o->store)));
    if (o->store == DC3_STORE_TAR)
        json_object_set_new(settings, "shard_size", json_real(dc3_store_shard_bytes(o)));
}

static void add_folder(const char *folder, int depth, dc3_disk_use *use)
{
    enum { DEPTH = 8, BLOCK = 512 }; /* of st_blocks */
    DIR *entries = depth < DEPTH ? opendir(folder) : NULL;
    struct dirent *entry;
    struct stat info;
    while (entries && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *path = dc3_path_join(folder, entry->d_name);
        int there = path && lstat(path, &info) == 0;
        if (there && S_ISDIR(info.st_mode)) add_folder(path, depth + 1, use);
        if (there && (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))) {
            use->files++;
            use->bytes += (double)info.st_size;
            use->blocks += (double)info.st_blocks * BLOCK;
        }
        free(path);
    }
    if (entries) closedir(entries);
}

dc3_disk_use dc3_disk_use_of(const char *folder)
{
    dc3_disk_use use = {0};
    add_folder(folder, 0, &use);
    return use;
}
