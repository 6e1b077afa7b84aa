/* How stored pictures are made: each of these stands in the file of its name. */
#ifndef DC3_CONDENSE_MAKERS_H
#define DC3_CONDENSE_MAKERS_H

#include "condense/method.h"

extern const dc3_maker dc3_compensation; /* compensate.c */
extern const dc3_maker dc3_as_is;
extern const dc3_maker dc3_conventional;
extern const dc3_maker dc3_stitching; /* rded.c */

#endif
