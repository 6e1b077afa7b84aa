/* dc3 pull: fetching what dc3 needs of a model. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/call.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "dc3/hub.h"
#include "dc3/text.h"
#include "hub/download.h"
#include "hub/lock.h"
#include "hub/wanted.h"

/* A call. */
typedef struct pull {
    const dc3_pull_options *options;
    dc3_pull_report *report;
    dc3_hub_name name;
    dc3_hub_listing listing;
    dc3_hub_store store;
    char *root, *wanted; /* wanted [listing.count] */
    int64_t *missing;    /* [listing.count], bytes */
} pull;

dc3_pull_options dc3_pull_defaults(void)
{
    return (dc3_pull_options){.struct_size = sizeof(dc3_pull_options)};
}

void dc3_pull_report_free(dc3_pull_report *report)
{
    free(report->path);
    report->path = NULL;
}

/* ---- before ---- */

static void say_files(const pull *p)
{
    const dc3_listener *to = &p->options->listener;
    const dc3_pull_report *r = p->report;
    char size[DC3_NUMBER_TEXT], left[DC3_NUMBER_TEXT];
    dc3_listener_say(to, "hf:%s at %.12s: %lld file%s, %s; to fetch: %s", p->name.repository, r->commit,
                     (long long)r->files, r->files == 1 ? "" : "s", dc3_size_text((double)r->bytes, size),
                     r->missing ? dc3_size_text((double)r->missing, left) : "nothing");
    for (int i = 0; r->missing && i < p->listing.count; i++)
        if (p->wanted[i])
            dc3_listener_say(to, "  %10s  %s%s", dc3_size_text((double)p->listing.files[i].size, size),
                             p->listing.files[i].path, p->missing[i] ? "" : " (there)");
}

/* The nearest folder of the cache's that is there already. */
static char *nearest_folder(const char *path)
{
    char *folder = g_strdup(path);
    while (dc3_path_what(folder) == DC3_PATH_MISSING) {
        char *above = g_path_get_dirname(folder);
        int is_top = strcmp(above, folder) == 0;
        g_free(folder);
        folder = above;
        if (is_top) break;
    }
    return folder;
}

static dc3_status check_space(const pull *p)
{
    struct statvfs disk;
    char need[DC3_NUMBER_TEXT], left[DC3_NUMBER_TEXT], *folder = nearest_folder(p->root);
    dc3_status status = DC3_OK;
    if (statvfs(folder, &disk) == 0) {
        double available = (double)disk.f_bavail * (double)disk.f_frsize;
        if (available < (double)p->report->missing)
            status = dc3_fail(
                DC3_ERR_IO,
                "%s: %s are to be fetched and the disk has room for %s; make room, or name another "
                "place in HF_HUB_CACHE",
                p->root, dc3_size_text((double)p->report->missing, need), dc3_size_text(available, left));
    }
    g_free(folder);
    return status;
}

/* 1 if a single file is asked for and the cache has the model at another commit of the branch, which then
 * stays the one that the branch means. */
static int is_of_older(const pull *p, char commit[DC3_HUB_COMMIT])
{
    if (!p->name.file || !dc3_hub_cache_commit(p->store.folder, p->name.revision, commit) ||
        strcmp(commit, p->listing.commit) == 0)
        return 0;
    char *snapshot = dc3_hub_cache_snapshot(p->store.folder, commit, NULL);
    int is_model = dc3_hub_cache_is_model(snapshot);
    g_free(snapshot);
    return is_model;
}

static dc3_status list(pull *p, dc3_hub_client *client)
{
    char commit[DC3_HUB_COMMIT];
    DC3_TRY(dc3_hub_listing_get(client, &p->name, &p->listing));
    if (!is_of_older(p, commit)) return DC3_OK;
    dc3_listener_say(&p->options->listener,
                     "note: hf:%s: %s is at %.12s now; the file is of %.12s, as the model in the cache is; "
                     "dc3 pull hf:%s@%s fetches the newer model",
                     p->name.repository, p->name.revision, p->listing.commit, commit, p->name.repository,
                     p->name.revision);
    const dc3_hub_name older = {p->name.repository, commit, p->name.file};
    dc3_hub_listing_free(&p->listing);
    return dc3_hub_listing_get(client, &older, &p->listing);
}

static dc3_status plan(pull *p, dc3_hub_client *client)
{
    DC3_TRY(list(p, client));
    const dc3_hub_listing *l = &p->listing;
    g_strlcpy(p->report->commit, l->commit, sizeof p->report->commit);
    p->wanted = g_new0(char, (gsize)l->count + 1);
    p->missing = g_new0(int64_t, l->count + 1);
    DC3_TRY(dc3_hub_choose(l, &p->name, p->options->fp16, &p->options->listener, p->wanted));
    for (int i = 0; i < l->count; i++) {
        if (!p->wanted[i]) continue;
        p->missing[i] = l->files[i].size - dc3_hub_have(&p->store, l->commit, &l->files[i]);
        p->report->files++;
        p->report->bytes += l->files[i].size;
        p->report->missing += p->missing[i];
    }
    say_files(p);
    return check_space(p);
}

/* ---- fetching ---- */

/* The revision is noted at the end, so that what is not whole is not found by its name. */
static dc3_status fetch(pull *p, dc3_hub_client *client)
{
    dc3_hub_meter meter = {.listener = &p->options->listener, .total = p->report->missing};
    const char *commit = p->listing.commit;
    dc3_status status = DC3_OK;
    int lock = -1;
    if (meter.total) dc3_hub_lock_share(p->store.locks, &lock);
    for (int i = 0; status == DC3_OK && i < p->listing.count; i++) {
        const dc3_hub_file *file = &p->listing.files[i];
        if (!p->wanted[i]) continue;
        status = dc3_hub_download(client, &p->name, &p->store, commit, file, p->missing[i], &meter);
        if (status == DC3_OK && !dc3_hub_cache_has(p->store.folder, commit, file->path, file->size))
            status = dc3_hub_cache_link(p->store.folder, commit, file->path, file->digest);
    }
    p->report->fetched = meter.done;
    if (status == DC3_OK) status = dc3_hub_cache_note(p->store.folder, p->name.revision, commit);
    if (lock >= 0) close(lock);
    return status;
}

static dc3_status pull_online(pull *p)
{
    dc3_hub_place place;
    dc3_hub_client *client = NULL;
    dc3_status status = dc3_hub_place_read(&place);
    if (status == DC3_OK) status = dc3_hub_client_open(&place, &p->options->listener, &client);
    if (status == DC3_OK) status = plan(p, client);
    if (status == DC3_OK && !p->options->dry_run) status = fetch(p, client);
    dc3_hub_client_close(&client);
    dc3_hub_place_free(&place);
    return status;
}

static dc3_status pull_offline(const pull *p)
{
    char *path;
    dc3_status status = dc3_hub_find(p->options->name, &path);
    if (status == DC3_ERR_IO) return dc3_fail_in(status, "HF_HUB_OFFLINE is set");
    if (status != DC3_OK) return status;
    dc3_listener_say(&p->options->listener, "HF_HUB_OFFLINE is set: this is what the cache has");
    free(path);
    return DC3_OK;
}

dc3_status dc3_pull(const dc3_pull_options *options, dc3_pull_report *report)
{
    dc3_pull_options own = dc3_pull_defaults();
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_pull_report){.path = NULL};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_pull_options, listener, options, &own));
    DC3_TRY(dc3_options_need("name", own.name));
    DC3_CALL_SCOPE(own.listener.cancel);
    double start = dc3_seconds_now();
    pull p = {.options = &own, .report = report, .root = dc3_hub_cache_root()};
    dc3_status status = dc3_hub_name_read(own.name, &p.name);
    if (status == DC3_OK) {
        p.store.folder = dc3_hub_cache_folder(p.root, p.name.repository);
        p.store.locks = dc3_hub_cache_locks(p.root, p.name.repository);
        status = dc3_hub_is_offline() ? pull_offline(&p) : pull_online(&p);
    }
    if (status == DC3_OK && !own.dry_run) status = dc3_hub_find(own.name, &report->path);
    report->seconds = dc3_seconds_now() - start;
    dc3_hub_listing_free(&p.listing);
    dc3_hub_name_free(&p.name);
    g_free(p.store.folder);
    g_free(p.store.locks);
    g_free(p.root);
    g_free(p.wanted);
    g_free(p.missing);
    return status;
}
