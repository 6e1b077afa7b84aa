/* Where a page goes. */
#ifndef DC3_REPORT_PLACE_H
#define DC3_REPORT_PLACE_H

#include "gather/gather.h"

/* Where the page goes, which must be allowed (output/output_path.h); caller frees. Writes it there. */
dc3_status dc3_report_find_place(const dc3_reporting *r, char **place);
dc3_status dc3_report_write_page(dc3_reporting *r, const char *place);

#endif
