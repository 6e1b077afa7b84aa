/* Groups of images that are alike. */
#ifndef DC3_DUPLICATES_GROUPS_H
#define DC3_DUPLICATES_GROUPS_H

#include "duplicates/finding.h"

/* Fills the groups, their members and the report's counts: images that are alike directly or by others
 * between them. */
dc3_status dc3_groups_make(dc3_finding *finding);

#endif
