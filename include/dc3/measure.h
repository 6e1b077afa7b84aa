/* Measures of datasets side by side: colour, fidelity to the originals, distances of features. */
#ifndef DC3_MEASURE_H
#define DC3_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 means the default. */
typedef struct dc3_measure_options {
    size_t struct_size;      /* set by dc3_measure_defaults; not to be changed */
    const char *const *data; /* folders that dc3_condense made, or any datasets; NULL after the last */
    const char *reference;   /* what the others are compared with; default the first of `data` */
    const char *originals;   /* dataset that the runs were made from; default as each run's dc3.json says */
    const char *teacher;     /* classifier: safetensors or .pth, trained on the originals' classes */
    const char *arch;        /* the teacher's architecture, to be checked; derived from its tensors */
    int teacher_size;        /* pixels at which the teacher sees images */
    const char
        *inception;     /* weights of the Inception v3 of FID: safetensors or .pth; NULL: no FID, KID, IS */
    int coverage;       /* 1: how well runs cover what they were made from, beside random choices */
    const char *editor; /* diffusers directory, whose VAE's features are compared without a teacher */
    int per_class;      /* 1: the table has the classes too; the JSON always has them */
    int strict;         /* an image that cannot be read ends it */
    int threads;        /* 1 to 1024; only what networks say depends on it, in its last digits */
    uint64_t seed;      /* of the rows that kernel distances are taken over */
    dc3_listener listener;
    int any_teacher; /* as dc3_condense_options, where answers of the teacher are measured */
    int dry_run;     /* 1: measure some images of each dataset and stop: the report has estimate_seconds */
    const char *teacher_classes; /* as dc3_condense_options */
    const char *training;   /* dataset that a generator was trained on: which images are nearly one of it */
    dc3_data_choice choice; /* which images of those of `data` and of the reference that are no runs of dc3;
                               `split` of those that are manifests */
    const char *reference_split; /* of a manifest `reference`, in place of choice.split; NULL: that one */
    const char *const *features; /* your own features of the images, files as dc3_condense_options.features:
                                    of `reference`, if it is given, of each of `data` and of `training`, if
                                    that is given, in this order; NULL after the last. By them there are
                                    distances and manifolds, too. NULL: none */
} dc3_measure_options;

DC3_API dc3_measure_options dc3_measure_defaults(void);

typedef struct dc3_measure_report {
    int64_t images;          /* that were measured, of all datasets */
    int64_t skipped;         /* that cannot be read; the JSON lists them */
    double estimate_seconds; /* of a dry run, which makes no table and no JSON */
    char *table;             /* for people; caller frees */
    char *json;              /* an object; caller frees */
} dc3_measure_report;

/* Colourfulness, hue and chroma, and the density of red, green and blue of every image at its own size,
 * by class and of all (docs/measures.md); of runs whose images have one original each SSIM, Delta E 2000
 * and PSNR against it, with a teacher also how its answers change, and of all datasets the
 * distances of its embeddings from the reference's, and how far both cover each other; and by features of
 * files, too. A folder of generated images is taken as it is. Images are read one batch after the other:
 * memory does not grow with their number, except for the embeddings of `training`. Classes are matched by
 * name. On failure table and json are NULL. */
DC3_API dc3_status dc3_measure(const dc3_measure_options *options, dc3_measure_report *report);

#ifdef __cplusplus
}
#endif
#endif
