/* What stored images take of a budget: bytes of themselves, of what is said of them, and of their soft
 * labels. */
#ifndef DC3_BUDGET_COST_H
#define DC3_BUDGET_COST_H

#include "io/json.h"

typedef struct dc3_cost {
    int tar;       /* an image, its class and its line are members of a tar */
    double shard;  /* bytes of a tar at most */
    double labels; /* of an image, but for its name; 0: the budget is for none */
    double names;  /* of what the labels say once (dc3_cost_names) */
} dc3_cost;

/* Of an image that is `bytes` long. */
double dc3_cost_image(const dc3_cost *cost, double bytes);
/* Of the rest: its line in metadata.jsonl, of `line` bytes without the line's end, its class number `label`,
 * and its labels, which name it by `name` (below OUT/train). */
double dc3_cost_rest(const dc3_cost *cost, double line, int label, const char *name);
/* Of what is there once, at most, where all together take no more than `budget`. */
double dc3_cost_once(const dc3_cost *cost, double budget);

/* Of what a file of soft labels says once, at most: its tensors, settings, up to 8 teachers and the names of
 * the classes, a list of texts. */
double dc3_cost_names(const json_t *classes);

#endif
