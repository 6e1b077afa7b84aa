/* The page about a comparison. */
#ifndef DC3_REPORT_COMPARISON_PAGE_H
#define DC3_REPORT_COMPARISON_PAGE_H

#include "dc3/report.h"

/* 1 if a folder is one of dc3_compare. */
int dc3_report_is_comparison(const char *folder);
/* Its table with the best marked, its settings, and some images of each method's first set: to options->out
 * or OUT/report.html. DC3_ERR_FORMAT where there is no table yet. */
dc3_status dc3_report_comparison(const dc3_report_options *options, dc3_report_result *result);

#endif
