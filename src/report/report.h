/* The report, for a caller inside the library. */
#ifndef DC3_REPORT_REPORT_H
#define DC3_REPORT_REPORT_H

#include "dc3/report.h"

/* dc3_report by a caller that holds the lock of the run's folder. */
dc3_status dc3_report_claimed(const dc3_report_options *options, dc3_report_result *result);

#endif
