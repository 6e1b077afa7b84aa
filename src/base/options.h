/* Options of callers that were built with an earlier version of the library. Every public struct of options
 * begins with `size_t struct_size`, which its defaults call sets; later versions add fields at its end. */
#ifndef DC3_BASE_OPTIONS_H
#define DC3_BASE_OPTIONS_H

#include "base/status.h"

#include <stddef.h>

/* Copies *given over *own, which holds the defaults, as far as the caller's struct goes. `type` names the
 * struct for errors; `first` and `known` are the bytes of its first version and of this one. DC3_ERR_ARGUMENT
 * where `given` is NULL, was not filled by its defaults call, or is of a later version. */
dc3_status dc3_options_take(const char *type, size_t first, size_t known, const void *given, void *own);

/* DC3_ERR_OPTION where an option that has no default is NULL. */
dc3_status dc3_options_need(const char *name, const void *value);
/* DC3_ERR_ARGUMENT where the caller has no place for a result. */
dc3_status dc3_place_need(const char *name, const void *place);

/* DC3_ERR_OPTION unless there are 1 to 1024. OpenMP ends the process where it is asked for fewer or for very
 * many, so each public call checks its own. */
dc3_status dc3_threads_check(int threads);
/* The same for options of which 0 is the default: it becomes 1. */
dc3_status dc3_options_threads(int *threads);

/* The same as dc3_options_take for a struct `type` whose first version ended with the field `last`. */
#define DC3_TAKE_OPTIONS(type, last, given, own)                                                             \
    dc3_options_take(#type, offsetof(type, last) + sizeof(((const type *)0)->last), sizeof(type), given, own)

/* DC3_ERR_ARGUMENT unless *part, a struct `type` of options inside another one, is of this version: such a
 * struct cannot grow without moving what stands behind it. */
#define DC3_CHECK_PART(type, part) dc3_options_check_part(#type, sizeof(type), (part)->struct_size)
dc3_status dc3_options_check_part(const char *type, size_t known, size_t found);

#endif
