/* The images of a call, batch by batch: how many together, how much memory and time they take, and making
 * them. */
#ifndef DC3_GENERATE_BATCHES_H
#define DC3_GENERATE_BATCHES_H

#include "diffusion/guidance.h"
#include "generate/folder.h"

typedef struct dc3_batches {
    const dc3_generate_options *options;
    dc3_generator *generator;
    const dc3_edit_settings *settings;
    const dc3_subjects *subjects;
    const dc3_listener *listener;
    int64_t total; /* images in all: those of the first subject, of the second, ... */
    int size;      /* of a batch, but for the last one */
    int workers;   /* batches that are made side by side */
    double bytes;  /* that they need together, the packed weights among them */
    int continues; /* the settings are those of a folder, which only starting over changes */
} dc3_batches;

/* `size`: of a batch, which takes no more than all images, or 0: as many as take a gigabyte of memory, up to
 * 16, and fewer where those do not fit. DC3_ERR_MEMORY, which says what would fit, where the process cannot
 * have so much. */
dc3_status dc3_batches_plan(dc3_batches *batches, int size);
/* Seconds that `images` images take, by one with as few steps as the sampler takes; *writing: what of it each
 * takes to be encoded, by all workers together. */
dc3_status dc3_batches_measure(const dc3_batches *batches, dc3_coding coding, int64_t images, double *seconds,
                               double *writing);
/* How many images are not in the folder yet. */
dc3_status dc3_batches_missing(const dc3_batches *batches, const dc3_generated *folder, int64_t *images);
/* Makes those, and tells the listener; other ranks make batches, too, and store them. *made: how many were.
 */
dc3_status dc3_batches_make(const dc3_batches *batches, const dc3_generated *folder, int64_t *made);
/* Another rank's part in it, in the stage of that name (ranks/share.h); batches: as dc3_batches_plan needs
 * it. */
extern const char dc3_batches_stage[];
dc3_status dc3_batches_serve(dc3_batches *batches, const dc3_generated *folder, const void *known,
                             size_t bytes);

#endif
