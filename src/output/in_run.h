/* What runs and comparisons have in their folders is theirs. */
#ifndef DC3_OUTPUT_IN_RUN_H
#define DC3_OUTPUT_IN_RUN_H

#include "output/output_path.h"

/* Whatever the command reads, nothing is put among the images that a run stored, where it would count as one
 * of them, nor among its students. */
dc3_status dc3_check_no_run_images(const char *setting, const char *path);
/* The same of the place of a link, wherever it leads: one that a run stored leads to an original. */
dc3_status dc3_check_no_run_link(const char *setting, const char *link);
/* A file with one of a run's own names is written by the run itself, and by the command that is given the run
 * and makes this kind of file of it. */
dc3_status dc3_check_no_run_file(const dc3_output_path *output, const char *place);

#endif
