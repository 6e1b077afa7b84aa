/* The folder that images are generated into: OUT/generate.json (what they are made with), OUT/train/CLASS/
 * and OUT/train/metadata.jsonl. */
#ifndef DC3_GENERATE_FOLDER_H
#define DC3_GENERATE_FOLDER_H

#include "base/lock.h"
#include "dc3/generate.h"
#include "generate/subjects.h"
#include "io/image.h"
#include "io/json.h"

typedef struct dc3_generated {
    const dc3_generate_options *options;
    const dc3_subjects *subjects;
    dc3_coding coding;
    char *folder, *train;
    json_t *settings; /* but for the batch */
    int batch;        /* images at once, as the folder says; 0: it is new, or says nothing */
    int continues;
    int clears; /* it starts over: what images there are goes before the first is made */
    dc3_lock lock;
} dc3_generated;

/* DC3_ERR_ARGUMENT or DC3_ERR_OPTION unless `out` may be written to: before a model is opened. */
dc3_status dc3_generated_check_place(const dc3_generate_options *options);
/* Looks into the folder, if it is there: DC3_ERR_ARGUMENT where it holds something else, or images of other
 * settings and nothing says to start over. Close in any case. */
dc3_status dc3_generated_open(const dc3_generate_options *options, const dc3_generator *generator,
                              const dc3_edit_settings *settings, const dc3_subjects *subjects,
                              dc3_generated *generated);
/* Makes the folder, takes its lock and removes what an earlier call made where it starts over. batch: images
 * at once, which a call that continues keeps. missing: images that are still to be made; while there are any
 * generate.json says that the folder is not complete. */
dc3_status dc3_generated_begin(dc3_generated *generated, int batch, int64_t missing,
                               const dc3_listener *listener);
/* Writes metadata.jsonl, and that the folder is complete. */
dc3_status dc3_generated_end(dc3_generated *generated);
void dc3_generated_close(dc3_generated *generated);

/* Where image `number` of a subject is, below `train`: for the caller to free; NULL without memory. */
char *dc3_generated_path(const dc3_generated *generated, const dc3_subject *subject, int64_t number);

#endif
