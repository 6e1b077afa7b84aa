/* How what is written lies to what the command reads. */
#ifndef DC3_OUTPUT_APART_H
#define DC3_OUTPUT_APART_H

#include "output/output_path.h"

typedef enum dc3_relation { DC3_APART, DC3_SAME, DC3_INSIDE, DC3_LINKED } dc3_relation;

/* The first input that what is written, there or not, is not apart from, and how; else NULL. */
dc3_status dc3_find_input(const char *path, const dc3_input *inputs, size_t count, const dc3_input **found,
                          dc3_relation *how);

#endif
