#include "calibrate/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Means over the images, and the variance that the density has in all its cells. */
static double density_of(int64_t n, const dc3_lab_colours *c, double *mean)
{
    double trace = 0;
    memset(mean, 0, DC3_LAB_CELLS * sizeof *mean);
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < DC3_LAB_CELLS; k++) mean[k] += c[i].density[k] / (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < DC3_LAB_CELLS; k++) {
            double apart = c[i].density[k] - mean[k];
            trace += apart * apart / (double)n;
        }
    return trace;
}

/* (z, z^2) of an image: phi [2 * DC3_LAB_MOMENTS]. */
static void standardise(const dc3_target *t, const dc3_lab_colours *c, double *phi)
{
    for (int k = 0; k < DC3_LAB_MOMENTS; k++) {
        double z = fmax(-3, fmin(3, (c->moments[k] - t->mean[k]) / t->deviation[k]));
        phi[k] = z, phi[DC3_LAB_MOMENTS + k] = z * z;
    }
}

/* Mean and deviation of each moment, then the means of (z, z^2) and their variance. */
static double moments_of(int64_t n, const dc3_lab_colours *c, dc3_target *t)
{
    double trace = 0, phi[2 * DC3_LAB_MOMENTS];
    for (int k = 0; k < DC3_LAB_MOMENTS; k++) {
        double square = 0;
        for (int64_t i = 0; i < n; i++) t->mean[k] += c[i].moments[k] / (double)n;
        for (int64_t i = 0; i < n; i++) square += pow(c[i].moments[k] - t->mean[k], 2) / (double)n;
        t->deviation[k] = square > 1e-12 ? sqrt(square) : 1;
    }
    for (int64_t i = 0; i < n; i++) {
        standardise(t, &c[i], phi);
        for (int k = 0; k < 2 * DC3_LAB_MOMENTS; k++) t->moments[k] += phi[k] / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        standardise(t, &c[i], phi);
        for (int k = 0; k < 2 * DC3_LAB_MOMENTS; k++) trace += pow(phi[k] - t->moments[k], 2) / (double)n;
    }
    return trace;
}

/* The mean of a (x) b and the variance around it, which for vectors of length 1 or 0 is their number's share
 * less the square of the mean. */
static double gradients_of(int64_t n, const double *a, const double *b, dc3_target *t)
{
    double square = 0, lengths = 0;
    for (int64_t i = 0; i < n; i++) {
        double length = 0;
        for (int64_t k = 0; k < t->ca; k++) {
            double share = a[i * t->ca + k];
            length += share * share;
            for (int64_t j = 0; share != 0 && j < t->cb; j++)
                t->gradient[k * t->cb + j] += share * b[i * t->cb + j] / (double)n;
        }
        lengths += length / (double)n;
    }
    for (int64_t k = 0; k < t->ca * t->cb; k++) square += t->gradient[k] * t->gradient[k];
    return lengths - square;
}

static double scale_of(double trace)
{
    return trace > 1e-12 ? 1 / trace : 0;
}

dc3_status dc3_target_open(int64_t n, const dc3_lab_colours *colours, int64_t ca, const double *a, int64_t cb,
                           const double *b, dc3_target *t)
{
    *t = (dc3_target){.ca = a ? ca : 0, .cb = a ? cb : 0};
    t->scale[DC3_TERM_DENSITY] = scale_of(density_of(n, colours, t->density));
    t->scale[DC3_TERM_MOMENTS] = scale_of(moments_of(n, colours, t));
    if (!a) return DC3_OK;
    t->gradient = calloc((size_t)ca * (size_t)cb, sizeof *t->gradient);
    if (!t->gradient) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    t->scale[DC3_TERM_GRADIENTS] = scale_of(gradients_of(n, a, b, t));
    return DC3_OK;
}

void dc3_target_close(dc3_target *t)
{
    free(t->gradient);
    *t = (dc3_target){0};
}

void dc3_target_values(const dc3_target *t, const dc3_lab_colours *c, double *values)
{
    double by = sqrt(t->scale[DC3_TERM_DENSITY]);
    for (int k = 0; k < DC3_LAB_CELLS; k++) values[k] = by * (c->density[k] - t->density[k]);
    values += DC3_LAB_CELLS;
    by = sqrt(t->scale[DC3_TERM_MOMENTS]);
    standardise(t, c, values);
    for (int k = 0; k < 2 * DC3_LAB_MOMENTS; k++) values[k] = by * (values[k] - t->moments[k]);
}
