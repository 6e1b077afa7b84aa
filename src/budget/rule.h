/* What is worth its bytes: in which format, with which labels, and how many images fit a budget best. */
#ifndef DC3_BUDGET_RULE_H
#define DC3_BUDGET_RULE_H

#include <stdint.h>
#include "io/image.h"

/* How logits of soft labels are stored. */
typedef struct dc3_precision {
    int bits;  /* of a logit, 16 or 8; 0: there are no soft labels */
    int top_k; /* logits of a view; 0: all */
} dc3_precision;

/* A way to store images and their labels, and what it takes. */
typedef struct dc3_offer {
    dc3_coding coding;
    dc3_precision labels;
    double bytes; /* of an image and all that is stored for it, mean */
} dc3_offer;

/* What an offer is taken for. */
typedef struct dc3_purpose {
    double budget, once;   /* bytes; of them those that are taken before there is an image */
    int64_t classes, most; /* images that there are */
} dc3_purpose;

/* The formats that the rule chooses among, from the one with most loss to the one without. */
enum { DC3_OFFERS = 5 };
extern const dc3_coding dc3_budget_codings[DC3_OFFERS];

/* The precisions that it chooses among, the one without loss first; returns how many. */
enum { DC3_OFFER_PRECISIONS = 2 };
int dc3_budget_precisions(dc3_precision precisions[DC3_OFFER_PRECISIONS]);

/* Points of accuracy that students are expected to have beyond those of one image of each class without loss,
 * of `each` images of each class (which need not be whole, at least 1) stored as the offer says. */
double dc3_budget_score(const dc3_offer *offer, double each);

/* The offer of the highest expected score and how many images it is. Among equals the first.
 * DC3_ERR_ARGUMENT, whose text is "N bytes" of the least that holds an image of each class, where none fits.
 */
dc3_status dc3_budget_choose(const dc3_offer *offers, int count, const dc3_purpose *purpose, int *which,
                             int64_t *images);

#endif
