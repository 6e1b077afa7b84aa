/* Making the chosen images and storing them. */
#ifndef DC3_CONDENSE_STORING_H
#define DC3_CONDENSE_STORING_H

#include "condense/output.h"

/* Makes and stores every chosen image that is not there yet, class by class, several at once where the
 * synthesis lets threads make them; those that cannot be read are skipped. Then the metadata. */
dc3_status dc3_store_all(dc3_run *run, dc3_output *output, dc3_chosen *chosen);

#endif
