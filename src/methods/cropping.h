/* Crops in the place of whole images (features/crops.h), as options have them. */
#ifndef DC3_METHODS_CROPPING_H
#define DC3_METHODS_CROPPING_H

#include "methods/method.h"

/* 1: with these options the method stores crops. */
int dc3_method_crops(const dc3_method *method, const dc3_condense_options *options);

/* run->crops, once the method is known, and that they need a teacher. DC3_ERR_OPTION where they are out of
 * range, or the command chooses no images (`chooses` 0). */
dc3_status dc3_run_choose_crops(dc3_run *run, int chooses);
/* DC3_ERR_OPTION where they need a teacher and the run has none. */
dc3_status dc3_run_check_crops(const dc3_run *run);
/* run->factor and run->each, once run->size is known; tells of patches that are small. DC3_ERR_OPTION where
 * the factor has no meaning. */
dc3_status dc3_run_choose_factor(dc3_run *run);

#endif
