#include "hub/listing.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hub/refusal.h"
#include "hub/retry.h"
#include "io/json.h"

/* More than any repository has: 2^50 bytes in a file, 2^60 in all. */
static const json_int_t largest_file = (json_int_t)1 << 50, largest_sum = (json_int_t)1 << 60;
enum { MOST_FILES = 100000 };
static const char api[] = "the hub's list of its files";

/* A text of the answer as a message may have it. */
static dc3_status odd(const dc3_hub_name *name, const char *path, const char *what)
{
    char *safe = g_strescape(path, NULL);
    dc3_status status = dc3_fail(DC3_ERR_FORMAT, "hf:%s: %s has '%.200s'%s; nothing was fetched",
                                 name->repository, api, safe, what);
    g_free(safe);
    return status;
}

static dc3_status read_file(const dc3_hub_name *name, const json_t *sibling, dc3_hub_file *file)
{
    const char *path = json_string_value(json_object_get(sibling, "rfilename"));
    if (!path) return odd(name, "", ", a file without a name");
    if (!dc3_hub_path_is_plain(path)) return odd(name, path, ", which is no path within the repository");
    const json_t *lfs = json_object_get(sibling, "lfs"), *size = json_object_get(lfs, "size");
    const char *digest = json_string_value(json_object_get(sibling, "blobId"));
    size_t length = DC3_HUB_COMMIT - 1;
    if (json_is_object(lfs)) {
        digest = json_string_value(json_object_get(lfs, "sha256"));
        if (!digest) digest = json_string_value(json_object_get(lfs, "oid"));
        length = DC3_HUB_DIGEST - 1;
    }
    if (!size) size = json_object_get(sibling, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0 || !dc3_hub_is_digest(digest, length))
        return odd(name, path, " without its size and hash");
    if (json_integer_value(size) > largest_file) return odd(name, path, " of more than 2^50 bytes");
    file->path = g_strdup(path);
    file->size = json_integer_value(size);
    g_strlcpy(file->digest, digest, sizeof file->digest);
    return DC3_OK;
}

static dc3_status read_listing(const dc3_hub_name *name, const json_t *document, dc3_hub_listing *listing)
{
    const json_t *siblings = json_object_get(document, "siblings");
    const char *commit = json_string_value(json_object_get(document, "sha"));
    if (!json_is_array(siblings) || !dc3_hub_is_digest(commit, DC3_HUB_COMMIT - 1))
        return dc3_fail(DC3_ERR_FORMAT, "hf:%s: expected %s, 'sha' and 'siblings', found another answer",
                        name->repository, api);
    if (json_array_size(siblings) > MOST_FILES)
        return dc3_fail(DC3_ERR_FORMAT,
                        "hf:%s: expected at most %d files in %s, found %zu; nothing was fetched",
                        name->repository, MOST_FILES, api, json_array_size(siblings));
    g_strlcpy(listing->commit, commit, sizeof listing->commit);
    json_int_t sum = 0;
    listing->files = g_new0(dc3_hub_file, json_array_size(siblings) + 1);
    for (size_t i = 0; i < json_array_size(siblings); i++) {
        DC3_TRY(read_file(name, json_array_get(siblings, i), &listing->files[listing->count]));
        sum += listing->files[listing->count++].size;
        if (sum > largest_sum)
            return dc3_fail(DC3_ERR_FORMAT, "hf:%s: expected at most 2^60 bytes in %s; nothing was fetched",
                            name->repository, api);
    }
    return DC3_OK;
}

dc3_status dc3_hub_listing_get(dc3_hub_client *client, const dc3_hub_name *name, dc3_hub_listing *listing)
{
    dc3_hub_answer answer;
    char *text = NULL, *revision = g_uri_escape_string(name->revision, NULL, FALSE),
         *path = g_strdup_printf("/api/models/%s/revision/%s?blobs=true", name->repository, revision);
    size_t size = 0;
    json_t *document = NULL;
    *listing = (dc3_hub_listing){.count = 0};
    dc3_status status = dc3_hub_get(client, path, &answer, &text, &size);
    if (status == DC3_OK && answer.code != 200) status = dc3_hub_refused(client, name, &answer);
    if (status == DC3_OK) status = dc3_json_parse(api, text, size, &document);
    if (status == DC3_OK) status = read_listing(name, document, listing);
    json_decref(document);
    g_free(path);
    g_free(revision);
    g_free(text);
    return status;
}

void dc3_hub_listing_free(dc3_hub_listing *listing)
{
    for (int i = 0; i < listing->count; i++) g_free(listing->files[i].path);
    g_free(listing->files);
    *listing = (dc3_hub_listing){.count = 0};
}

int dc3_hub_listing_find(const dc3_hub_listing *listing, const char *path)
{
    for (int i = 0; i < listing->count; i++)
        if (strcmp(listing->files[i].path, path) == 0) return i;
    return -1;
}
