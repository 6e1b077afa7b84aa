/* What an image may be stored as: the original, an edit of it, or two that are combined, each at two
 * strengths. */
#ifndef DC3_CALIBRATE_CANDIDATES_H
#define DC3_CALIBRATE_CANDIDATES_H

#include "dc3/condense.h"

/* Warm and as many cold edits of an image at most; candidates of so many. */
enum {
    DC3_CANDIDATE_PAIRS = 3,
    DC3_CANDIDATES = 1 + 2 * (2 * DC3_CANDIDATE_PAIRS) + 2 * DC3_CANDIDATE_PAIRS * DC3_CANDIDATE_PAIRS
};

typedef struct dc3_candidate {
    int edits[2];    /* numbers of edits; -1: none, first or second */
    double strength; /* of the change: 1 is the edit, 0.5 half way from the original */
} dc3_candidate;

/* Of `pairs` warm edits, number 0 on, and as many cold ones: the original; each edit alone; each warm one
 * with each cold one; both at strength 1 and 0.5. The first that combines two, at place dc3_candidate_random,
 * is what random compensation stores. Returns their number. */
int dc3_candidates_of(int pairs, dc3_candidate all[DC3_CANDIDATES]);
int dc3_candidate_random(int pairs);
/* The image: original and edits [size, size, 3] in [0, 1]; out another memory. seed, item: of the coins of
 * dc3_combine_images. */
void dc3_candidate_image(const dc3_candidate *candidate, dc3_combine mode, int size, const float *original,
                         const float *const *edits, uint64_t seed, uint64_t item, float *out);

#endif
