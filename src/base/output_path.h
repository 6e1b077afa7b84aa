/* Where a command writes: asked before the work begins, so that no output is an input or lies in one, nothing
 * of somebody else's is replaced unasked, and a file is what its name says. docs/outputs.md has the rules for
 * users. */
#ifndef DC3_BASE_OUTPUT_PATH_H
#define DC3_BASE_OUTPUT_PATH_H

#include <stddef.h>
#include "base/status.h"

/* A kind of file that dc3 writes. Who writes it declares it. */
typedef struct dc3_output_kind {
    const char *things, *form;  /* "weights" are written as "safetensors" */
    const char *const *endings; /* of names, ".safetensors"; NULL behind the last */
    /* How a file of this kind is known as dc3's: all of these stand in its first or its last
     * DC3_MARK_BYTES; NULL behind the last. */
    const char *const *marks;
} dc3_output_kind;

enum { DC3_MARK_BYTES = 1 << 14 };

/* What a command reads, a file or a folder: "the dataset", and its path; a path of NULL counts as none. */
typedef struct dc3_input {
    const char *what, *path;
} dc3_input;

typedef struct dc3_output_path {
    const char *setting; /* which is at fault where the path is refused */
    const char *path;
    const dc3_output_kind *kind;
    int force; /* replace a file that is not known as dc3's */
    const dc3_input *inputs;
    size_t count; /* of inputs */
} dc3_output_path;

/* DC3_ERR_OPTION, naming the setting, unless `path` may be written: its name has an ending of its kind or
 * none; its folder is there and can be written to; it is none of the inputs, by any name or link, and lies in
 * no folder among them, also where a link in that folder leads; what is there is nothing, an empty file, a
 * file of this kind that dc3 wrote, or, with `force`, any other regular file. *place is where to write, for
 * the caller to free: `path`, or what it leads to where it is a link, so that the link stays one. NULL after
 * a failure. */
dc3_status dc3_output_path_check(const dc3_output_path *output, char **place);

/* 1 if `name` has no ending, or one of these, letters in either case. */
int dc3_ending_suits(const char *name, const char *const *endings);

/* A folder that is to be made, with its missing parents, or written into. DC3_ERR_ARGUMENT where it is one of
 * the inputs, lies in one, or has one of the folders among them in it; DC3_ERR_OPTION where it cannot be
 * made. */
dc3_status dc3_output_folder_check(const char *setting, const char *path, const dc3_input *inputs,
                                   size_t count);

#endif
