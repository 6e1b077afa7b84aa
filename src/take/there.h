/* What an earlier call took. */
#ifndef DC3_TAKE_THERE_H
#define DC3_TAKE_THERE_H

#include "dc3/take.h"
#include "io/json.h"

/* In the document of what is taken: fingerprints of the run's images and, if there were, of its labels. */
extern const char dc3_taken_from_key[];

/* 1 where the folder is complete, of the same settings, images and labels as the document says, and has all
 * of its images. */
int dc3_taken_is_there(const char *out, const json_t *document);
/* What the report says of what is there: files and labels. */
void dc3_taken_report(const char *out, dc3_take_report *report);

#endif
