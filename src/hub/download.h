/* Fetching one file into the cache. */
#ifndef DC3_HUB_DOWNLOAD_H
#define DC3_HUB_DOWNLOAD_H

#include "hub/listing.h"

/* What is told of several files as one. */
typedef struct dc3_hub_meter {
    const dc3_listener *listener;
    int64_t done, total; /* bytes that came, of those that were missing */
} dc3_hub_meter;

/* Where a model is in the cache (hub/cache.h). */
typedef struct dc3_hub_store {
    char *folder, *locks;
} dc3_hub_store;

/* Bytes of a commit's file that the cache has: all, the beginning, or 0. */
int64_t dc3_hub_have(const dc3_hub_store *store, const char *commit, const dc3_hub_file *file);

/* Fetches what is missing of its blob, and checks its hash; the blob is in its place then, unless the commit
 * has the file itself. What was fetched
 * stays for the next call if this one fails, except for contents that are not what the hub says. Waits while
 * another process fetches the same file. `missing` is what of it is in the meter's total. */
dc3_status dc3_hub_download(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_store *store,
                            const char *commit, const dc3_hub_file *file, int64_t missing,
                            dc3_hub_meter *meter);

#endif
