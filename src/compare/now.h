/* What a comparison is doing, for those who ask meanwhile: OUT/now.json, while a process works on it. Scores
 * are known by their numbers among those that compare.json says are wanted. */
#ifndef DC3_COMPARE_NOW_H
#define DC3_COMPARE_NOW_H

#include "dc3/status.h"
#include "io/json.h"

typedef enum dc3_doing {
    DC3_DOING_UNKNOWN,
    DC3_DOING_SET,     /* the set of the one score is condensed */
    DC3_DOING_STUDENTS /* the scores' students are trained, side by side; of none while they are opened */
} dc3_doing;

/* Where it cannot be written nobody is told, and the work goes on. */
void dc3_now_write(const char *out, dc3_doing doing, const int64_t *numbers, int count);
void dc3_now_remove(const char *out);
/* *numbers: an array of integers below `total`, which the caller releases. */
dc3_doing dc3_now_read(const char *out, int64_t total, json_t **numbers);

#endif
