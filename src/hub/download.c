#include "hub/download.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "hub/digest.h"
#include "hub/lock.h"
#include "hub/refusal.h"
#include "hub/retry.h"

enum { WHOLE = 200 };

/* A file that is on its way. */
typedef struct arrival {
    const dc3_hub_name *name;
    const dc3_hub_file *file;
    dc3_hub_meter *meter;
    dc3_digest *digest; /* of the bytes that are there */
    char *path;         /* of the part that is there */
    int fd;
    int64_t have;
    int resumed; /* some of it is of an earlier call */
    int begun;   /* the answer that comes has been looked at */
} arrival;

static int64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
}

static char *part_of(const dc3_hub_store *store, const dc3_hub_file *file)
{
    char *blob = dc3_hub_cache_blob(store->folder, file->digest),
         *part = g_strconcat(blob, ".incomplete", NULL);
    g_free(blob);
    return part;
}

/* 1 if it is there: as a blob, or where links cannot be made as the commit's own file. */
static int is_there(const dc3_hub_store *store, const char *commit, const dc3_hub_file *file)
{
    if (dc3_hub_cache_has(store->folder, commit, file->path, file->size)) return 1;
    char *blob = dc3_hub_cache_blob(store->folder, file->digest);
    int64_t size = size_of(blob);
    g_free(blob);
    return size == file->size;
}

int64_t dc3_hub_have(const dc3_hub_store *store, const char *commit, const dc3_hub_file *file)
{
    if (is_there(store, commit, file)) return file->size;
    char *part = part_of(store, file);
    int64_t size = size_of(part);
    g_free(part);
    return size > 0 && size <= file->size ? size : 0;
}

static void tell(dc3_hub_meter *meter, int64_t more)
{
    meter->done += more;
    if (meter->listener->progress)
        meter->listener->progress(meter->listener->user, "fetching", meter->done, meter->total);
}

/* ---- the part that is there ---- */

static dc3_status cannot(const arrival *a, const char *what)
{
    return dc3_fail(DC3_ERR_IO, "%s: cannot be %s: %s", a->path, what, strerror(errno));
}

static dc3_status open_file(arrival *a)
{
    if (a->fd >= 0) close(a->fd);
    a->fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    return a->fd >= 0 ? DC3_OK : cannot(a, "opened");
}

/* From nothing again, in a new file: where locks keep nobody out another process may be writing the one that
 * is there. */
static dc3_status start_over(arrival *a)
{
    unlink(a->path);
    DC3_TRY(open_file(a));
    dc3_digest_close(&a->digest);
    a->digest = dc3_digest_open(a->file->digest, a->file->size);
    a->meter->total += a->have;
    a->have = 0;
    a->resumed = 0;
    return DC3_OK;
}

static dc3_status open_part(arrival *a)
{
    DC3_TRY(open_file(a));
    off_t size = lseek(a->fd, 0, SEEK_END);
    a->digest = dc3_digest_open(a->file->digest, a->file->size);
    if (size < 0 || size > a->file->size) return start_over(a);
    a->have = size;
    a->resumed = size > 0;
    return dc3_digest_add_file(a->digest, a->fd, a->have, a->path);
}

/* ---- what comes ---- */

/* 1 if the hub's hash of the large file that it leads to, where it is one, is that of its list. */
static int is_expected(const arrival *a, const dc3_hub_answer *answer)
{
    size_t length = strlen(a->file->digest);
    return !dc3_hub_is_digest(answer->etag, length) || strcmp(answer->etag, a->file->digest) == 0;
}

/* An answer's first bytes. A server that knows no parts sends the whole: what is there goes then. */
static dc3_status begin(arrival *a, const dc3_hub_answer *answer)
{
    int64_t starts = answer->code == WHOLE ? 0 : answer->start;
    a->begun = 1;
    if (!is_expected(a, answer))
        return dc3_fail(DC3_ERR_FORMAT, "hf:%s: %s: the hub lists the hash %s and sends %s; try again later",
                        a->name->repository, a->file->path, a->file->digest, answer->etag);
    if (starts == a->have) return DC3_OK;
    if (answer->code == WHOLE) return start_over(a);
    return dc3_fail(DC3_ERR_FORMAT,
                    "hf:%s: %s: asked for the bytes from %lld on, the hub sends those from %lld",
                    a->name->repository, a->file->path, (long long)a->have, (long long)starts);
}

static dc3_status take(void *user, const dc3_hub_answer *answer, const void *data, size_t size)
{
    arrival *a = user;
    if (!a->begun) DC3_TRY(begin(a, answer));
    if ((int64_t)size > a->file->size - a->have)
        return dc3_fail(DC3_ERR_FORMAT, "hf:%s: %s: expected %lld bytes, as the hub lists it; it sends more",
                        a->name->repository, a->file->path, (long long)a->file->size);
    if (dc3_write_all(a->fd, data, size) != DC3_OK) return cannot(a, "written");
    dc3_digest_add(a->digest, data, size);
    a->have += (int64_t)size;
    tell(a->meter, (int64_t)size);
    return DC3_OK;
}

/* ---- the whole ---- */

static dc3_status refused(dc3_hub_client *client, const arrival *a, const dc3_hub_answer *answer)
{
    const dc3_hub_name name = {a->name->repository, a->name->revision, a->file->path};
    return dc3_hub_refused(client, &name, answer);
}

/* Tries until all bytes are there. */
static dc3_status fetch(dc3_hub_client *client, arrival *a, const char *path)
{
    enum { NO_SUCH_PART = 416, PART = 206 };
    dc3_hub_answer answer;
    int tries = 0, anew = 0;
    while (a->have < a->file->size) {
        int64_t before = a->have;
        a->begun = 0;
        DC3_TRY(dc3_hub_try(client, path, a->have, take, a, &answer));
        if (a->have == a->file->size) break;
        if (answer.code == NO_SUCH_PART && a->have && !anew++) {
            DC3_TRY(start_over(a));
            continue;
        }
        if (answer.code == WHOLE || answer.code == PART) {
            answer.code = 0, answer.passes = 1;
            g_strlcpy(answer.trouble, "the file ended early", sizeof answer.trouble);
        }
        if (!answer.passes) return refused(client, a, &answer);
        if (a->have > before) tries = 0;
        DC3_TRY(dc3_hub_pause(client, &answer, &tries));
    }
    return DC3_OK;
}

/* What an earlier call left may be damaged, so then the whole is fetched once more. */
static dc3_status fetch_right(dc3_hub_client *client, arrival *a, const char *path)
{
    for (;;) {
        DC3_TRY(fetch(client, a, path));
        const char *found = dc3_digest_text(a->digest);
        if (strcmp(found, a->file->digest) == 0) return DC3_OK;
        if (!a->resumed) break;
        DC3_TRY(start_over(a));
    }
    unlink(a->path);
    return dc3_fail(DC3_ERR_FORMAT,
                    "hf:%s: %s: expected the hash %s, found %s: what came is not what the hub lists, and was "
                    "removed; try again",
                    a->name->repository, a->file->path, a->file->digest, dc3_digest_text(a->digest));
}

/* Makes what came the blob. Where locks keep nobody out another process may have done so, which is as good,
 * or have begun anew: then *gone is 1. */
static dc3_status keep(const arrival *a, const char *blob, int *gone)
{
    if (fsync(a->fd) != 0) return cannot(a, "kept");
    *gone = !dc3_path_is_open(a->path, a->fd);
    if (!*gone && rename(a->path, blob) != 0) {
        if (errno != ENOENT) return cannot(a, "kept");
        *gone = 1;
    }
    if (*gone || !dc3_path_is_open(blob, a->fd)) *gone = size_of(blob) != a->file->size;
    return DC3_OK;
}

/* `missing`: the bytes of it that are counted as such. */
static dc3_status fill(dc3_hub_client *client, arrival *a, const char *path, const char *blob,
                       int64_t missing)
{
    enum { TRIES = 5 };
    for (int i = 0, gone = 1; gone; i++) {
        if (i == TRIES)
            return dc3_fail(DC3_ERR_IO,
                            "%s: other processes keep fetching it too, and no lock keeps them apart; try "
                            "again when they have ended",
                            a->path);
        dc3_digest_close(&a->digest);
        DC3_TRY(open_part(a));
        a->meter->total += a->file->size - a->have - missing;
        DC3_TRY(fetch_right(client, a, path));
        DC3_TRY(keep(a, blob, &gone));
        missing = 0;
    }
    return DC3_OK;
}

static dc3_status fill_blob(dc3_hub_client *client, arrival *a, const dc3_hub_store *store,
                            const char *commit, int64_t missing)
{
    char *blob = dc3_hub_cache_blob(store->folder, a->file->digest),
         *file = g_uri_escape_string(a->file->path, "/", FALSE),
         *path = g_strdup_printf("/%s/resolve/%s/%s", a->name->repository, commit, file);
    dc3_status status = dc3_make_folder_of(blob);
    if (status == DC3_OK) status = fill(client, a, path, blob, missing);
    if (a->fd >= 0) close(a->fd);
    dc3_digest_close(&a->digest);
    g_free(path);
    g_free(file);
    g_free(blob);
    return status;
}

dc3_status dc3_hub_download(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_store *store,
                            const char *commit, const dc3_hub_file *file, int64_t missing,
                            dc3_hub_meter *meter)
{
    if (is_there(store, commit, file)) {
        meter->total -= missing;
        return DC3_OK;
    }
    arrival a = {.name = name, .file = file, .meter = meter, .path = part_of(store, file), .fd = -1};
    int lock;
    dc3_status status = dc3_hub_lock(store->locks, file->digest, file->path, meter->listener, &lock);
    if (status == DC3_OK && is_there(store, commit, file))
        meter->total -= missing;
    else if (status == DC3_OK)
        status = fill_blob(client, &a, store, commit, missing);
    if (lock >= 0) close(lock);
    g_free(a.path);
    return status;
}
