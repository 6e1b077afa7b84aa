/* Models of the Hugging Face Hub: their names, the cache that its Python package shares, fetching. */
#ifndef DC3_HUB_H
#define DC3_HUB_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if a text is meant as a name of the hub: hf:OWNER/NAME[@REVISION][:FILE], where REVISION is a branch, a
 * tag or a commit (default "main") and FILE one of its files, else the whole of it is meant. */
DC3_API int dc3_hub_is_name(const char *text);

/* Where the cache has a name: a file, or the folder of a commit; of a model that is one safetensors file, as
 * adapters are, that file. The caller frees *path. Never uses the network. DC3_ERR_OPTION (name) for a text
 * that is no name or means one of several files, DC3_ERR_IO where the cache lacks it. */
DC3_API dc3_status dc3_hub_find(const char *name, char **path);

/* NULL or 0 means the default. */
typedef struct dc3_pull_options {
    size_t struct_size; /* set by dc3_pull_defaults; not to be changed */
    const char *name;   /* hf:OWNER/NAME[@REVISION][:FILE] */
    int fp16;           /* weights of the variant "fp16", half as large, where the model has them */
    int dry_run;        /* say what would be fetched, and stop */
    dc3_listener listener;
} dc3_pull_options;

DC3_API dc3_pull_options dc3_pull_defaults(void);

typedef struct dc3_pull_report {
    char *path;           /* as of dc3_hub_find; NULL after dry_run; dc3_pull_report_free frees it */
    char commit[41];      /* what the revision is today; "" where the hub was not asked */
    int64_t files, bytes; /* what dc3 needs of the model */
    int64_t missing;      /* bytes of it that the cache lacked */
    int64_t fetched;      /* bytes that came */
    double seconds;
} dc3_pull_report;

/* Fetches what dc3 needs of a model into the cache: of a diffusion model model_index.json and the
 * configurations, the tokenizer and the weights of its parts; of other networks config.json and the weights;
 * safetensors where there are any, else PyTorch's .bin. Or the FILE of the name alone. A file is in its place
 * once it is whole and its SHA-256 (or the SHA-1 of its git blob) is the hub's; what was fetched of it before
 * stays, and the next call goes on there. The revision is noted once all files are there.
 *
 * Follows HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN (or the file that HF_TOKEN_PATH names),
 * HF_HUB_DOWNLOAD_TIMEOUT and HF_HUB_OFFLINE, with which it looks into the cache alone, and curl's variables
 * of proxies. Bytes are the unit of the listener's progress, in the stage "fetching". DC3_ERR_OPTION (name,
 * fp16), DC3_ERR_IO, DC3_ERR_FORMAT, DC3_ERR_CANCELLED. */
DC3_API dc3_status dc3_pull(const dc3_pull_options *options, dc3_pull_report *report);
DC3_API void dc3_pull_report_free(dc3_pull_report *report);

/* A model of the cache. */
typedef struct dc3_cached {
    char *name;      /* "hf:OWNER/NAME" */
    char *revisions; /* "main, v1.0": those that are noted */
    int64_t files;   /* whole ones */
    int64_t bytes;   /* of them */
    int64_t begun;   /* bytes of files that are not whole yet */
} dc3_cached;

/* The models of the cache, ordered by name; dc3_cached_free frees *list. None where there is no cache. */
DC3_API dc3_status dc3_cached_read(dc3_cached **list, int *count);
DC3_API void dc3_cached_free(dc3_cached *list, int count);
/* Removes a model with all its revisions; *bytes is what that gives back. DC3_ERR_BUSY while something is
 * fetched for it; DC3_ERR_OPTION (name) for a name with a revision or a file. */
DC3_API dc3_status dc3_cached_remove(const char *name, int64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
