/* What a condensed class is calibrated to: the whole class, by a sample of its images.
 *
 * Three terms, each the squared distance of the mean over the condensed class's n images from the mean over
 * the class, in units of what n random images of the class miss on average, which is the class's variance
 * over n (the trace of the covariance of that feature):
 *
 *     D = sum_t w_t n |mean_S phi_t - mean_V phi_t|^2 / trace cov_V phi_t          w_t = 1
 *
 *   density:   phi = the shares of the image's pixels in the cells of L*a*b* (lab_colours.h)
 *   moments:   phi = (z, z^2) of the image's mean L*, a*, b* and chroma, each standardised by the class's
 * mean and deviation and cut at -3 and 3 (or one image far out would be all of D), so that the spread between
 * the images counts as their mean does gradients: phi = the teacher's gradient of the last layer, of length 1
 * (docs/method.md, Submodular sampling), as it chose the images; without a teacher there is no such term
 *
 * So each term has no unit and is 1 for a random selection on average, which is why the weights are equal:
 * none of the three is known to matter more. */
#ifndef DC3_CALIBRATE_TARGET_H
#define DC3_CALIBRATE_TARGET_H

#include "base/status.h"
#include "calibrate/lab_colours.h"

enum { DC3_CALIBRATE_VALUES = DC3_LAB_CELLS + 2 * DC3_LAB_MOMENTS };
/* The terms of D. */
enum { DC3_TERM_DENSITY, DC3_TERM_MOMENTS, DC3_TERM_GRADIENTS, DC3_TARGET_TERMS };

typedef struct dc3_target {
    double density[DC3_LAB_CELLS];                            /* mean */
    double mean[DC3_LAB_MOMENTS], deviation[DC3_LAB_MOMENTS]; /* a deviation of 0 counts as 1 */
    double moments[2 * DC3_LAB_MOMENTS];                      /* means of z, then of z^2 */
    double scale[DC3_TARGET_TERMS];                           /* 1 / trace of each term; 0 without one */
    int64_t ca, cb;                                           /* of the gradients; 0 without a teacher */
    double *gradient;                                         /* [ca, cb]: their mean, NULL without */
} dc3_target;

/* From `n` images, n >= 1: their colours, and without a teacher NULL, else unit factors a [n, ca] and b [n,
 * cb] of their gradients a (x) b, as dc3_similarity_open makes them. Free with dc3_target_close, also after a
 * failure. */
dc3_status dc3_target_open(int64_t n, const dc3_lab_colours *colours, int64_t ca, const double *a, int64_t cb,
                           const double *b, dc3_target *target);
void dc3_target_close(dc3_target *target);
/* The image's features less the class's mean, scaled by the root of w_t / trace: values
 * [DC3_CALIBRATE_VALUES], the density's before the moments', so that n times the square of their mean over
 * the condensed class is the sum of the first two terms. */
void dc3_target_values(const dc3_target *target, const dc3_lab_colours *colours, double *values);

#endif
