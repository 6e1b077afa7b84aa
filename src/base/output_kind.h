/* What kinds of files dc3 writes where a user names the place. Who writes one declares it;
 * output/output_path.h asks about the place. */
#ifndef DC3_BASE_OUTPUT_KIND_H
#define DC3_BASE_OUTPUT_KIND_H

typedef struct dc3_output_kind {
    const char *things, *form;  /* "weights" are written as "safetensors" */
    const char *const *endings; /* of names, ".safetensors"; NULL behind the last */
    /* How a file of this kind is known as dc3's: all of these stand in its first or its last
     * DC3_MARK_BYTES; NULL behind the last. */
    const char *const *marks;
    const char *const *in_run; /* its names in the folder of the run that it is about, NULL behind the last;
                                  NULL: it has none there */
    int grows;                 /* what is there is read and added to by who writes, and never replaced */
} dc3_output_kind;

enum { DC3_MARK_BYTES = 1 << 14 };

#endif
