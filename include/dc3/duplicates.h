/* Images of a dataset that are the same, or nearly: which, which of them stay, and where labels contradict
 * each other. */
#ifndef DC3_DUPLICATES_H
#define DC3_DUPLICATES_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 means the default. */
typedef struct dc3_duplicates_options {
    size_t struct_size; /* set by dc3_duplicates_defaults; not to be changed */
    const char *data;   /* dataset, as dc3_condense_options has it */
    const char *out;    /* folder to make, or of an earlier call to replace; NULL: none */
    dc3_data_choice choice;
    int exact;              /* 1: the same images alone */
    int hash_distance;      /* bits of 256, 0 to 64, up to which perceptual hashes of near-duplicates differ;
                               -1: 31 */
    double near_duplicates; /* 0.5 to 1: the images of a class whose embeddings have such a cosine or a
                               greater one are near-duplicates, too, and of images of different classes one
                               of the labels may be wrong; 0: embeddings are not looked at */
    const char *embeddings; /* a file of them, as dc3_condense_options.features: a row for each image. NULL:
                               those of `backbone`, or without it features of the editor's VAE */
    const char *backbone;   /* as dc3_condense_options has it, with what is default about it */
    int usual_backbone;
    const char *editor; /* diffusers directory with that VAE */
    const char *cache;  /* folder that saves features for other calls and runs on the same data */
    dc3_compute dtype;  /* of the networks */
    int threads;        /* 1 to 1024; what is found does not depend on it but through the embeddings */
    int strict;         /* an image that cannot be read ends the call */
    dc3_listener listener;
} dc3_duplicates_options;

DC3_API dc3_duplicates_options dc3_duplicates_defaults(void);

typedef struct dc3_duplicates_report {
    int64_t images, skipped; /* in the dataset; of them those that cannot be read */
    int64_t groups, grouped; /* groups of images that are alike, and images in them */
    int64_t copies, near;    /* images to leave out: the same as another of their class; near to one */
    int64_t conflicts;       /* groups of several classes */
    int64_t plain; /* images of one colour or nearly, or of a side below 16 pixels: without a hash */
    char *text;    /* for people: what was found, the first groups; caller frees */
    char *json;    /* an object with all of it; caller frees */
} dc3_duplicates_report;

/* Finds images that are the same (equal files, or equal pixels once decoded), near-duplicates by perceptual
 * hashes, mirrored ones too, and with `near_duplicates` by embeddings: src/lookalikes/lookalikes.h has the
 * definitions. Of those of a class the largest stays, of equally large ones the first by its name; images of
 * different classes never stand for each other. OUT gets report.html, a page with the images of the first
 * groups; duplicates.json, all groups; kept.csv, a manifest of the images that stay, which other calls take
 * as a dataset, where images are files; and left_out.txt, the others' names, a line each. Changes nothing in
 * the dataset. DC3_ERR_OPTION for a wrong option, DC3_ERR_ARGUMENT for a folder that another command made.
 * text and json are NULL after a failure. */
DC3_API dc3_status dc3_duplicates(const dc3_duplicates_options *options, dc3_duplicates_report *report);

#ifdef __cplusplus
}
#endif
#endif
