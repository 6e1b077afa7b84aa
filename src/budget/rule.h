/* What is worth its bytes: which format, and how many images, fit a budget best. */
#ifndef DC3_BUDGET_RULE_H
#define DC3_BUDGET_RULE_H

#include <stdint.h>
#include "io/image.h"

/* A way to store images, and what it takes. */
typedef struct dc3_offer {
    dc3_coding coding;
    double bytes; /* of an image and all that is stored for it, mean */
} dc3_offer;

/* The formats that the rule chooses among, from the one with most loss to the one without. */
enum { DC3_OFFERS = 5 };
extern const dc3_coding dc3_budget_codings[DC3_OFFERS];

/* Points of accuracy that students are expected to have beyond those of one image of each class without loss,
 * of `each` images of each class (which need not be whole, at least 1) stored so. */
double dc3_budget_score(dc3_coding coding, double each);

/* The offer of the highest expected score and how many images it is, of at most `most` that there are, for
 * `classes` classes, where `once` of the budget is taken before. Among equals the first. DC3_ERR_ARGUMENT,
 * whose text is "N bytes" of the least that holds an image of each class, where none fits. */
dc3_status dc3_budget_choose(const dc3_offer *offers, int count, double budget, double once, int64_t classes,
                             int64_t most, int *which, int64_t *images);

#endif
