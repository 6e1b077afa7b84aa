/* What an earlier call took. */
#ifndef DC3_TAKE_THERE_H
#define DC3_TAKE_THERE_H

#include "dc3/take.h"
#include "io/json.h"

/* 1 where the folder is complete, by these settings, and has all of its images. */
int dc3_taken_is_there(const char *out, const json_t *settings);
/* What the report says of what is there: files and labels. */
void dc3_taken_report(const char *out, dc3_take_report *report);

#endif
