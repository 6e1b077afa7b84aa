/* A run for another command, which has some of what it opens. */
#ifndef DC3_CONDENSE_CONDENSE_BY_H
#define DC3_CONDENSE_CONDENSE_BY_H

#include "dc3/condense.h"
#include "select/image_rows.h"

/* dc3_condense by features that are open already, those of the options' file, which must live as long; NULL:
 * none are, or the options have none. */
dc3_status dc3_condense_by(const dc3_condense_options *options, const dc3_image_rows *opened,
                           dc3_condense_report *report);

#endif
