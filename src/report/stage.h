/* The page as a stage of the run that it is about. */
#ifndef DC3_REPORT_STAGE_H
#define DC3_REPORT_STAGE_H

#include "dc3/report.h"

/* Writes the page about a run that is complete, whose lock is held; the run's state.db notes under `stage`
 * how far it is and the time. *seconds: of all calls together. peak: the most memory of the process so far,
 * bytes. That the page cannot be written is no failure of the run: the listener hears a warning.
 * DC3_ERR_CANCELLED. */
dc3_status dc3_report_stage(const dc3_report_options *options, const char *stage, double peak,
                            double *seconds);

/* About how long the page takes about a run on `images` images that stores `stored` of them, where reading
 * one takes 1. */
double dc3_report_reads(int64_t images, int64_t stored);

#endif
