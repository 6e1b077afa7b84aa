/* The parts of the page: each is gathered by the file that is named. */
#ifndef DC3_GATHER_PARTS_H
#define DC3_GATHER_PARTS_H

#include "gather/gather.h"

/* run.c: reads dc3.json and metadata.jsonl of options->run, opens its dataset, if it is where it was,
 * whose notes become the page's. Always close, which releases all of *r. */
dc3_status dc3_reporting_read(dc3_reporting *r);
dc3_status dc3_reporting_open_data(dc3_reporting *r);
void dc3_reporting_close(dc3_reporting *r);
/* text.c: a value of settings or metadata as people read it; caller frees, NULL without memory. */
char *dc3_gather_value(const json_t *value);
/* Adds settings, times and skipped images to the page. */
dc3_status dc3_gather_settings(dc3_reporting *r);
dc3_status dc3_gather_times(dc3_reporting *r);
dc3_status dc3_gather_skipped(dc3_reporting *r);
/* scores.c: adds scores to the page, and the accuracy to the classes. */
dc3_status dc3_gather_scores(dc3_reporting *r);
/* answers.c: adds what tells whether the set is good; after all other parts. */
dc3_status dc3_gather_answers(dc3_reporting *r);
/* class_table.c: adds the table of all classes. */
void dc3_gather_class_table(dc3_reporting *r);
/* images.c: adds the classes with their images; how many images are likely to find room. */
int64_t dc3_gather_room(const dc3_reporting *r);
dc3_status dc3_gather_classes(dc3_reporting *r);
/* The same of the images that r->classes say are shown. */
dc3_status dc3_gather_shown(dc3_reporting *r);
/* calibration.c: adds the classes of calibrated compensation. */
dc3_status dc3_gather_calibration(dc3_reporting *r);
/* colour.c: adds curves and measures. */
dc3_status dc3_gather_colour(dc3_reporting *r);

#endif
