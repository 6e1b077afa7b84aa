/* The densities of a calibrated class as a picture. */
#ifndef DC3_CALIBRATE_CHART_H
#define DC3_CALIBRATE_CHART_H

#include <stdio.h>
#include "io/json.h"

/* An <svg> of three panels, L*, a* and b*, each with a curve of each of `sets` [count] as far as `curves`,
 * the member of class-N.json, has it: DC3_LAB_CURVES shares of pixels, beside each other smoothed by (1, 2,
 * 1) / 4. A curve is a <path> whose class is the set's name, that of the first set an area above the
 * axis; each panel ends at its highest value. */
void dc3_calibration_chart(FILE *to, const json_t *curves, const char *const *sets, int count);

#endif
