/* The measures as a table for people. */
#ifndef DC3_MEASURE_TABLE_H
#define DC3_MEASURE_TABLE_H

#include "measure/subject.h"

/* The table for people of what dc3_measure gives as JSON; caller frees, NULL without memory. */
char *dc3_measure_table(const json_t *document, int per_class);

#endif
