/* Models of the Hugging Face Hub: their names, and the cache that its Python package shares. */
#ifndef DC3_HUB_H
#define DC3_HUB_H

#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if a text is meant as a name of the hub: hf:OWNER/NAME[@REVISION][:FILE], where REVISION is a branch, a
 * tag or a commit (default "main") and FILE one of its files, else the whole of it is meant. */
DC3_API int dc3_hub_is_name(const char *text);

/* Where the cache has a name: a file, or the folder of a commit; the caller frees *path. Never uses the
 * network. DC3_ERR_OPTION (name) for a text that is no name, DC3_ERR_IO where the cache lacks it. */
DC3_API dc3_status dc3_hub_find(const char *name, char **path);

#ifdef __cplusplus
}
#endif
#endif
