/* How well a condensed set covers the dataset. */
#ifndef DC3_MEASURE_COVERAGE_H
#define DC3_MEASURE_COVERAGE_H

#include "measure/subject.h"

/* Fills the coverage of each subject that has a pairing. */
dc3_status dc3_measure_coverage(dc3_measuring *m);

#endif
