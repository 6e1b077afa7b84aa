#include "hub/cache.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/link.h"
#include "hub/name.h"

static const char models[] = "models--", between[] = "--";

static const char *given(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

char *dc3_hub_of_user(const char *path)
{
    if (path[0] == '~' && (!path[1] || path[1] == '/'))
        return g_build_filename(g_get_home_dir(), path + 1, NULL);
    return g_strdup(path);
}

char *dc3_hub_home(void)
{
    const char *home = given("HF_HOME"), *caches = given("XDG_CACHE_HOME");
    if (home) return dc3_hub_of_user(home);
    char *folder = dc3_hub_of_user(caches ? caches : "~/.cache"),
         *path = g_build_filename(folder, "huggingface", NULL);
    g_free(folder);
    return path;
}

char *dc3_hub_cache_root(void)
{
    const char *root = given("HF_HUB_CACHE");
    if (!root) root = given("HUGGINGFACE_HUB_CACHE");
    if (root) return dc3_hub_of_user(root);
    char *home = dc3_hub_home(), *path = g_build_filename(home, "hub", NULL);
    g_free(home);
    return path;
}

static char *entry_of(const char *repository)
{
    const char *slash = strchr(repository, '/');
    return g_strdup_printf("%s%.*s%s%s", models, (int)(slash - repository), repository, between, slash + 1);
}

char *dc3_hub_cache_folder(const char *root, const char *repository)
{
    char *entry = entry_of(repository), *path = g_build_filename(root, entry, NULL);
    g_free(entry);
    return path;
}

char *dc3_hub_cache_locks(const char *root, const char *repository)
{
    char *entry = entry_of(repository), *path = g_build_filename(root, ".locks", entry, NULL);
    g_free(entry);
    return path;
}

char *dc3_hub_cache_repository(const char *entry)
{
    if (strncmp(entry, models, strlen(models)) != 0) return NULL;
    const char *owner = entry + strlen(models), *end = strstr(owner, between);
    char *repository =
        end ? g_strdup_printf("%.*s/%s", (int)(end - owner), owner, end + strlen(between)) : NULL;
    if (repository && dc3_hub_is_repository(repository)) return repository;
    g_free(repository);
    return NULL;
}

void dc3_hub_cache_title(const char *folder, char *title, size_t size)
{
    enum { DIGITS = 7, PARTS = 3 }; /* models--OWNER--NAME/snapshots/COMMIT */
    char *parts[PARTS], *rest = g_strdup(folder);
    for (size_t end = strlen(rest); end > 1 && rest[end - 1] == '/'; end--) rest[end - 1] = 0;
    for (int i = PARTS; i-- > 0;) {
        char *above = g_path_get_dirname(rest);
        parts[i] = g_path_get_basename(rest);
        g_free(rest);
        rest = above;
    }
    int is_commit = strcmp(parts[1], "snapshots") == 0 && dc3_hub_is_digest(parts[2], DC3_HUB_COMMIT - 1);
    char *repository = is_commit ? dc3_hub_cache_repository(parts[0]) : NULL;
    if (repository)
        snprintf(title, size, "%s@%.*s", repository, DIGITS, parts[2]);
    else
        snprintf(title, size, "%s", parts[2]);
    g_free(repository);
    g_free(rest);
    for (int i = 0; i < PARTS; i++) g_free(parts[i]);
}

int dc3_hub_cache_commit(const char *folder, const char *revision, char commit[DC3_HUB_COMMIT])
{
    char *ref = g_build_filename(folder, "refs", revision, NULL), *text = NULL;
    int found = 0;
    if (dc3_hub_is_digest(revision, DC3_HUB_COMMIT - 1)) {
        g_strlcpy(commit, revision, DC3_HUB_COMMIT);
        found = 1;
    } else if (dc3_path_what(ref) == DC3_PATH_FILE && g_file_get_contents(ref, &text, NULL, NULL)) {
        g_strstrip(text);
        found = dc3_hub_is_digest(text, DC3_HUB_COMMIT - 1);
        if (found) g_strlcpy(commit, text, DC3_HUB_COMMIT);
    }
    g_free(text);
    g_free(ref);
    return found;
}

char *dc3_hub_cache_snapshot(const char *folder, const char *commit, const char *file)
{
    return g_build_filename(folder, "snapshots", commit, file, NULL);
}

int dc3_hub_cache_is_model(const char *snapshot)
{
    static const char *const files[] = {"model_index.json", "config.json",
                                        "pytorch_lora_weights.safetensors"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        if (dc3_folder_holds(snapshot, files[i])) return 1;
    return 0;
}

char *dc3_hub_cache_blob(const char *folder, const char *digest)
{
    return g_build_filename(folder, "blobs", digest, NULL);
}

/* "../../blobs/DIGEST", from as deep as the file stands. */
static char *way_to(const char *file, const char *digest)
{
    GString *way = g_string_new("../../");
    for (const char *c = file; *c; c++)
        if (*c == '/') g_string_append(way, "../");
    g_string_append_printf(way, "blobs/%s", digest);
    return g_string_free(way, FALSE);
}

int dc3_hub_cache_has(const char *folder, const char *commit, const char *file, int64_t size)
{
    char *path = dc3_hub_cache_snapshot(folder, commit, file);
    struct stat info;
    int has = lstat(path, &info) == 0 && S_ISREG(info.st_mode) && (int64_t)info.st_size == size;
    g_free(path);
    return has;
}

/* A link to the blob, or where the file system has none the blob itself. Another process may have moved it.
 */
static dc3_status place(const char *folder, char *path, const char *way, const char *digest)
{
    char *blob = dc3_hub_cache_blob(folder, digest);
    dc3_status status = dc3_make_folder_of(path);
    if (status == DC3_OK) {
        status = dc3_link_write(way, path);
        int has_none = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
        if (status == DC3_ERR_IO && has_none &&
            (rename(blob, path) == 0 || (errno == ENOENT && dc3_path_what(path) == DC3_PATH_FILE)))
            status = DC3_OK;
    }
    g_free(blob);
    return status;
}

dc3_status dc3_hub_cache_link(const char *folder, const char *commit, const char *file, const char *digest)
{
    char *path = dc3_hub_cache_snapshot(folder, commit, file), *way = way_to(file, digest),
         *found = g_file_read_link(path, NULL);
    dc3_status status = DC3_OK;
    if (!found || strcmp(found, way) != 0) status = place(folder, path, way, digest);
    g_free(found);
    g_free(way);
    g_free(path);
    return status;
}

dc3_status dc3_hub_cache_note(const char *folder, const char *revision, const char *commit)
{
    char noted[DC3_HUB_COMMIT];
    if (dc3_hub_cache_commit(folder, revision, noted) && strcmp(noted, commit) == 0) return DC3_OK;
    if (dc3_hub_is_digest(revision, DC3_HUB_COMMIT - 1)) return DC3_OK;
    char *ref = g_build_filename(folder, "refs", revision, NULL);
    dc3_status status = dc3_make_folder_of(ref);
    if (status == DC3_OK) status = dc3_file_write(ref, commit, strlen(commit));
    g_free(ref);
    return status;
}
