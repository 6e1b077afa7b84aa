/* Hugging Face's cache of the hub, as its Python package keeps it, so that either finds what the other has
 * fetched:
 *
 *     ROOT/models--OWNER--NAME/blobs/DIGEST             contents, by the SHA-256 of a large file (Git LFS) or
 * the SHA-1 of its git blob ROOT/models--OWNER--NAME/blobs/DIGEST.incomplete  the beginning of one
 *     ROOT/models--OWNER--NAME/refs/REVISION            the commit that a branch or a tag was last found at
 *     ROOT/models--OWNER--NAME/snapshots/COMMIT/PATH    a relative link to its blob, or where links cannot be
 * made the file itself, of which there is no blob
 *     ROOT/.locks/models--OWNER--NAME/DIGEST.lock       held (flock) by who fetches it
 *     ROOT/.locks/models--OWNER--NAME/pull.lock         shared by calls of dc3 that fetch something of the
 * model
 */
#ifndef DC3_HUB_CACHE_H
#define DC3_HUB_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { DC3_HUB_COMMIT = 41 }; /* bytes of a commit's text */

/* HF_HUB_CACHE, or "hub" in dc3_hub_home. All strings here are the caller's, to be freed with g_free. */
char *dc3_hub_cache_root(void);
/* HF_HOME, or "huggingface" in XDG_CACHE_HOME or ~/.cache. */
char *dc3_hub_home(void);
/* A path of the environment: "~" at its beginning is the user's folder, as Python's programs read it. */
char *dc3_hub_of_user(const char *path);
/* Both of the repository "OWNER/NAME". */
char *dc3_hub_cache_folder(const char *root, const char *repository);
char *dc3_hub_cache_locks(const char *root, const char *repository);
/* The reverse for a name in ROOT: "OWNER/NAME" of models--OWNER--NAME; NULL for others, also for
 * models without an owner, which the hub once had. */
char *dc3_hub_cache_repository(const char *entry);

/* What people call a model's folder: its last component, or of a commit in a cache OWNER/NAME@COMMIT, of
 * which the first 7 digits. */
void dc3_hub_cache_title(const char *folder, char *title, size_t size);

/* 1 if the cache knows which commit a revision is. */
int dc3_hub_cache_commit(const char *folder, const char *revision, char commit[DC3_HUB_COMMIT]);
/* The place of a file of a commit, or with NULL of the commit's folder. */
char *dc3_hub_cache_snapshot(const char *folder, const char *commit, const char *file);
/* 1 for a commit's folder with more of a model than single files. */
int dc3_hub_cache_is_model(const char *snapshot);
char *dc3_hub_cache_blob(const char *folder, const char *digest);

/* 1 if the commit has the file itself, of this size: it is no link. */
int dc3_hub_cache_has(const char *folder, const char *commit, const char *file, int64_t size);
/* Makes the file of a commit lead to its blob; one that does already stays. Where the file system has no
 * links the blob becomes the file. */
dc3_status dc3_hub_cache_link(const char *folder, const char *commit, const char *file, const char *digest);
/* Notes the commit of a revision; one that is noted already, or is the commit, is not written. */
dc3_status dc3_hub_cache_note(const char *folder, const char *revision, const char *commit);

#endif
