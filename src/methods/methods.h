/* The methods of condensation: dc3 and what it is compared with. Adding one is a line in methods.c and in
 * options/method_names.c, and a file for the part of it that is new. */
#ifndef DC3_METHODS_METHODS_H
#define DC3_METHODS_METHODS_H

#include "methods/method.h"

/* [DC3_METHODS]; the first is dc3. */
extern const dc3_method dc3_methods[];
/* The one of that name, or NULL. */
const dc3_method *dc3_method_called(const char *name);

#endif
