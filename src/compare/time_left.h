/* How long what is missing of a comparison will take, by what is done of it. */
#ifndef DC3_COMPARE_TIME_LEFT_H
#define DC3_COMPARE_TIME_LEFT_H

#include "compare/results.h"

/* Seconds of all cells of `wanted` that have no line: a student as those of the same size, network and labels
 * took, else as those of the same network, by the number of images, or of bytes; a dataset, of which no
 * student is scored yet, as those of the same method and size, else of any. -1 where nothing is done yet. */
double dc3_seconds_left(const json_t *wanted, const dc3_results *results);

#endif
