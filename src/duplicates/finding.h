/* What dc3_duplicates found. Private to this folder. */
#ifndef DC3_DUPLICATES_FINDING_H
#define DC3_DUPLICATES_FINDING_H

#include "dc3/duplicates.h"
#include "io/json.h"
#include "lookalikes/lookalikes.h"

/* Images that are alike: members [count] of dc3_finding.members from `first` on; those that stay come first,
 * the largest of them before the others. */
typedef struct dc3_group {
    int64_t first, count;
    int classes; /* that it has */
} dc3_group;

typedef struct dc3_finding {
    const dc3_duplicates_options *options;
    dc3_duplicates_report *report;
    dc3_dataset *dataset;
    dc3_lookalikes like;
    json_t *skipped;  /* list of [key, reason] */
    char network[64]; /* whose embeddings were compared; "": none's */
    dc3_group
        *groups; /* [report->groups]: those of several classes first, then in the order of their images */
    int64_t *members; /* [report->grouped], items */
} dc3_finding;

/* 1 if the image stays. */
static inline int dc3_stays(const dc3_finding *f, int64_t item)
{
    return f->like.images[item].own.item < 0;
}

#endif
