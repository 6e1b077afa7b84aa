/* Which compensation the method dc3 has. */
#ifndef DC3_METHODS_COMPENSATION_H
#define DC3_METHODS_COMPENSATION_H

#include "methods/method.h"

/* DC3_ERR_OPTION unless options of edits are left at their defaults: without compensation they have no
 * effect. `combines`: nor has how edits are combined. */
dc3_status dc3_compensation_check_none(const dc3_condense_options *options, int combines);
/* The compensation of the method dc3: what the options say; where they do not, what the run or the comparison
 * in `folder` (NULL: none) was begun with, else calibrated, of four edits as tiles random. The listener is
 * told where that is random. */
dc3_compensation_kind dc3_compensation_of(const dc3_condense_options *options, const char *folder,
                                          const dc3_listener *listener);
/* The method as the options' compensation has it, in *method; `condenses`: the command does all of it. Fails
 * where the method or the command has no compensation to choose, and where an option has no effect. */
dc3_status dc3_compensation_choose(const dc3_condense_options *options, int condenses,
                                   const dc3_method **method);

#endif
