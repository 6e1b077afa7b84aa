/* What a model's repository on the hub has. */
#ifndef DC3_HUB_LISTING_H
#define DC3_HUB_LISTING_H

#include <stdint.h>
#include "hub/cache.h"
#include "hub/name.h"
#include "hub/request.h"

enum { DC3_HUB_DIGEST = 65 };

typedef struct dc3_hub_file {
    char *path; /* within the repository, plain (hub/name.h) */
    int64_t size;
    char digest[DC3_HUB_DIGEST]; /* SHA-256 of a large file, 64 digits; SHA-1 of its git blob, 40 */
} dc3_hub_file;

typedef struct dc3_hub_listing {
    char commit[DC3_HUB_COMMIT];
    dc3_hub_file *files;
    int count;
} dc3_hub_listing;

/* Asks the hub for the name's revision; free it in any case. DC3_ERR_FORMAT for an answer that names files
 * outside of the repository, no sizes or sizes that no repository has (above 2^50 bytes). */
dc3_status dc3_hub_listing_get(dc3_hub_client *client, const dc3_hub_name *name, dc3_hub_listing *listing);
void dc3_hub_listing_free(dc3_hub_listing *listing);

/* The place of a file in it, or -1. */
int dc3_hub_listing_find(const dc3_hub_listing *listing, const char *path);

#endif
