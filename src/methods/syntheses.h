/* How stored images are made: each of these stands in the file of its name. */
#ifndef DC3_METHODS_SYNTHESES_H
#define DC3_METHODS_SYNTHESES_H

#include "methods/method.h"

extern const dc3_synthesis dc3_compensation; /* compensate.c */
extern const dc3_synthesis dc3_calibrated;   /* calibrated.c */
extern const dc3_synthesis dc3_as_is;
extern const dc3_synthesis dc3_uncompensated; /* as_is.c: of the method dc3 without compensation */
extern const dc3_synthesis dc3_conventional;

#endif
