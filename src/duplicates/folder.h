/* The folder that dc3_duplicates makes. */
#ifndef DC3_DUPLICATES_FOLDER_H
#define DC3_DUPLICATES_FOLDER_H

#include "duplicates/finding.h"

/* Whether the options' folder may be written to: DC3_ERR_OPTION or DC3_ERR_ARGUMENT; nothing without one. */
dc3_status dc3_duplicates_check_place(const dc3_duplicates_options *options);
/* Fills it; the report has its json. */
dc3_status dc3_duplicates_write(const dc3_finding *finding);

#endif
