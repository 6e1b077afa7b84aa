/* What dc3 measure says of images that a training's generators made. */
#ifndef DC3_REPORT_TRAINING_MEASURES_H
#define DC3_REPORT_TRAINING_MEASURES_H

#include "io/json.h"

/* Adds the tables of the JSON of dc3 measure to the page, and curves over steps to `plots`, of the datasets
 * whose folders' names end in a number. */
void dc3_training_measures(json_t *page, json_t *plots, const json_t *document);

#endif
