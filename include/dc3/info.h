/* What a file or a folder is, in one screen. */
#ifndef DC3_INFO_H
#define DC3_INFO_H

#include <stddef.h>
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 means the default. */
typedef struct dc3_info_options {
    size_t struct_size; /* set by dc3_info_defaults; not to be changed */
    const char *path;
    int check;   /* 1: decodes every image of a dataset or a run, and counts those that cannot be read */
    int threads; /* 1 to 1024; of that check */
    dc3_listener listener;
    int machine;            /* 1: of this machine, without a path: which kernels run on it */
    dc3_data_choice choice; /* of a dataset: which of its images; of nothing else */
} dc3_info_options;

DC3_API dc3_info_options dc3_info_defaults(void);

typedef struct dc3_info_report {
    char *text; /* for people: a title and lines below it; caller frees */
    char *
        json; /* an object with "path", "kind" and what that kind has; units are in the names; caller frees */
} dc3_info_report;

/* Kinds: "classifier", "training checkpoint", "soft labels", "embeddings", "features", "network" (a part of a
 * diffusion model), "tensors" (no network that dc3 knows), "editor" (a diffusers directory), "dataset", "run"
 * (a folder of condense and its like), "comparison", "machine". Files are recognised by their contents. Texts
 * of files are printed without control characters, and cut. Weights are mapped, not read; of a dataset some
 * images are decoded. DC3_ERR_IO or DC3_ERR_FORMAT for what is none of these, or damaged; text and json are
 * NULL then.
 */
DC3_API dc3_status dc3_info(const dc3_info_options *options, dc3_info_report *report);

#ifdef __cplusplus
}
#endif
#endif
