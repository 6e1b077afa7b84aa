/* A comparison by several ranks (ranks/ranks.h): the first set of each method is made by all of them
 * together, which leaves its features in the cache, the other sets by one each, and then the students by one
 * each. */
#ifndef DC3_COMPARE_SHARING_H
#define DC3_COMPARE_SHARING_H

#include "compare/sets.h"

/* After the plan, on all ranks: fails where another rank does not work on the same, and for students of
 * minutes, whose epochs would be those of one rank. */
dc3_status dc3_comparing_agree(const dc3_comparing *c);

/* ---- rank 0 ---- */

/* Has the others take the teacher, which is there now. */
dc3_status dc3_comparing_tell(const dc3_comparing *c);
/* What the sets of a comparison cost, by their order; NULL with one rank. */
typedef struct dc3_shared_sets {
    dc3_set_cost *made;
} dc3_shared_sets;
/* Makes the sets whose scores are missing; nothing with one rank. The caller frees sets->made in any case. */
dc3_status dc3_comparing_share_sets(dc3_comparing *c, dc3_shared_sets *sets);

/* ---- the others ---- */

/* All that they do after agreeing; `take` is called once the teacher is there. */
dc3_status dc3_comparing_follow(dc3_comparing *c, dc3_status (*take)(void *comparing));

#endif
