/* Colours of datasets: colourfulness, densities, histograms. */
#ifndef DC3_MEASURE_COLOUR_H
#define DC3_MEASURE_COLOUR_H

#include "measure/subject.h"

void dc3_colour_sums_add(dc3_colour_sums *sums, const dc3_image *image);
void dc3_colour_sums_merge(dc3_colour_sums *to, const dc3_colour_sums *from);
/* Makes the curves of the reference, with which those of all datasets are compared. */
dc3_status dc3_colour_curves(dc3_subject *reference);
/* Everything about `sums`; densities with the bandwidths of `reference`, distances from it unless it is
 * `sums` itself. reference NULL: `sums` has bandwidths of its own. `curve`: with the curves. */
json_t *dc3_colour_to_json(const dc3_colour_sums *sums, const dc3_colour_sums *reference, int curve);

#endif
