/* A smaller condensed dataset of a larger one. */
#ifndef DC3_TAKE_H
#define DC3_TAKE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dc3_take_options {
    size_t struct_size; /* set by dc3_take_defaults; not to be changed */
    const char *run;    /* folder of a finished run of dc3_condense, dc3_compensate_command or dc3_take */
    const char *out;    /* folder to make */
    int ipc;   /* images of each class, 1 up to what one has, of which a smaller one gives all; 0: not
                  given */
    int total; /* in its place: images in all, as dc3_condense_options has it; 0: not given */
    int fresh; /* start over in the folder of an earlier run */
    dc3_listener listener;
} dc3_take_options;

DC3_API dc3_take_options dc3_take_defaults(void);

typedef struct dc3_take_report {
    int64_t images, of; /* taken; of how many */
    int64_t classes;
    int64_t files; /* in OUT/train */
    double file_bytes, disk_bytes;
    int nested;          /* 1: the images are those that the run's method chooses for so few */
    int64_t label_views; /* stored soft labels of each image that were taken; 0: none */
} dc3_take_report;

/* The first images of each class by the order in which they were chosen: by `rank`, of one rank by `bin`,
 * else as they lie. Makes a run's folder with them, in files or tars as those of the run: images byte for
 * byte, their lines of metadata.jsonl, saved edits, the run's own teacher, and dc3.json, whose settings say
 * in `taken` what was taken of what. Soft labels in the run's folder come along, of those
 * views that mix an image with none that is left out: all where they were made without CutMix. Scores are not
 * taken. Refuses a folder that it did not
 * make; one that an interrupted call left is made anew. DC3_ERR_FORMAT where the run is not complete or an
 * image of it is missing, DC3_ERR_BUSY where a process works in it. */
DC3_API dc3_status dc3_take(const dc3_take_options *options, dc3_take_report *report);

#ifdef __cplusplus
}
#endif
#endif
