/* Where a command writes: asked before the work begins, so that no output is an input or lies in a dataset,
 * nothing of somebody else's and no run's own file is replaced unasked, and a file is what its name says.
 * docs/outputs.md has the rules for users. */
#ifndef DC3_OUTPUT_OUTPUT_PATH_H
#define DC3_OUTPUT_OUTPUT_PATH_H

#include <stddef.h>
#include "base/output_kind.h"
#include "base/status.h"

/* What a command reads, a file or a folder: "the dataset", and its path; a path of NULL counts as none. */
typedef struct dc3_input {
    const char *what, *path;
} dc3_input;

typedef struct dc3_output_path {
    const char *setting; /* which is at fault where the path is refused */
    const char *path;
    const dc3_output_kind *kind;
    int force; /* replace a file that is not known as dc3's, and write into what looks like a dataset */
    const dc3_input *inputs;
    size_t count;    /* of inputs */
    const char *run; /* the folder that the file is about, among whose kind->in_run it may be; NULL: none */
} dc3_output_path;

/* DC3_ERR_OPTION, naming the setting, unless `path` may be written: its name has an ending of its kind or
 * none; its folder is there and can be written to; it is none of the inputs, by any name or link, and lies in
 * no folder among them, also where a link in that folder leads; it is none of a run's own files but
 * those of kind->in_run in `run`, nor among a run's images; without `force` it lies in no other dataset
 * either (around.h); what is there is nothing, an empty file, a file of this kind that dc3 wrote, or, with
 * `force`, any other regular file. *place is where to write, for the caller to free: `path`, or what it leads
 * to where it is a link, so that the link stays one. NULL after a failure. */
dc3_status dc3_output_path_check(const dc3_output_path *output, char **place);

/* 1 if `name` has no ending, or one of these, letters in either case. */
int dc3_ending_suits(const char *name, const char *const *endings);

/* A folder that is to be made, with its missing parents, or written into. DC3_ERR_ARGUMENT where it is one of
 * the inputs, lies in one or in another dataset (around.h), or has one of the folders among the inputs in it;
 * DC3_ERR_OPTION where it cannot be made. */
dc3_status dc3_output_folder_check(const char *setting, const char *path, const dc3_input *inputs,
                                   size_t count);
/* 1 if `path` is a folder that holds anything but what a process that was killed at once leaves (a lock,
 * parts of files) and what systems leave in folders (io/datasets/leftovers.h). */
int dc3_folder_occupied(const char *path);

#endif
