/* Group and layer normalisation and their gradients, one element at a time. */
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

void dc3_ref_group_norm(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                        const float *gamma, const float *beta, float eps, dc3_activation act, void *y)
{
    int64_t width = c / groups;
    for (int64_t i = 0; i < n; i++)
        for (int64_t g = 0; g < groups; g++) {
            double sum = 0, square = 0, count = (double)(pixels * width);
#define AT(p, j) (((i)*pixels + (p)) * c + g * width + (j))
#define VALUE(p, j) get(type, x, AT(p, j))
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) sum += VALUE(p, j);
            double mean = sum / count;
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) square += (VALUE(p, j) - mean) * (VALUE(p, j) - mean);
            double rate = 1 / sqrt(square / count + eps);
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) {
                    int64_t k = g * width + j;
                    put(type, y, AT(p, j), act_of(act, (VALUE(p, j) - mean) * rate * gamma[k] + beta[k]));
                }
#undef AT
#undef VALUE
        }
}

void dc3_ref_layer_norm(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                        const float *beta, float eps, void *y)
{
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0, square = 0;
        for (int64_t j = 0; j < c; j++) sum += get(type, x, r * c + j);
        double mean = sum / (double)c;
        for (int64_t j = 0; j < c; j++) square += pow(get(type, x, r * c + j) - mean, 2);
        double rate = 1 / sqrt(square / (double)c + eps);
        for (int64_t j = 0; j < c; j++)
            put(type, y, r * c + j, (get(type, x, r * c + j) - mean) * rate * gamma[j] + beta[j]);
    }
}

size_t dc3_ref_norm_gradient_scratch(int64_t c)
{
    return (size_t)(2 * c) * sizeof(double);
}

/* Where a group of an image stands. */
typedef struct group {
    dc3_dtype type;
    int64_t base, pixels, c, width, first; /* first element of the image, first channel of the group */
    double mean, rate;
} group;

static int64_t place(const group *g, int64_t pixel, int64_t j)
{
    return g->base + pixel * g->c + g->first + j;
}

static void moments(group *g, const void *x, float eps)
{
    double sum = 0, square = 0, count = (double)(g->pixels * g->width);
    for (int64_t i = 0; i < g->pixels * g->width; i++)
        sum += get(g->type, x, place(g, i / g->width, i % g->width));
    g->mean = sum / count;
    for (int64_t i = 0; i < g->pixels * g->width; i++)
        square += pow(get(g->type, x, place(g, i / g->width, i % g->width)) - g->mean, 2);
    g->rate = 1 / sqrt(square / count + eps);
}

/* With z = xhat gamma + beta, dz = dy act'(z) and g = dz gamma: dbeta = sum dz, dgamma = sum dz xhat, dx =
 * rate (g - mean(g) - xhat mean(g xhat)). */
static void group_gradient(const group *g, const void *x, const float *gamma, const float *beta,
                           dc3_activation act, const void *dy, void *dx, double *dbeta, double *dgamma)
{
    double sum = 0, product = 0, count = (double)(g->pixels * g->width);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < g->pixels * g->width; i++) {
            int64_t j = i % g->width, at = place(g, i / g->width, j), k = g->first + j;
            double xhat = (get(g->type, x, at) - g->mean) * g->rate;
            double dz = get(g->type, dy, at) * act_slope(act, xhat * gamma[k] + beta[k]);
            if (pass == 0) {
                dbeta[k] += dz, dgamma[k] += dz * xhat;
                sum += dz * gamma[k], product += dz * gamma[k] * xhat;
            } else if (dx)
                put(g->type, dx, at, g->rate * (dz * gamma[k] - (sum + xhat * product) / count));
        }
}

void dc3_ref_group_norm_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                 const void *x, const float *gamma, const float *beta, float eps,
                                 dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch)
{
    double *first = scratch, *second = first + c;
    for (int64_t j = 0; j < 2 * c; j++) first[j] = 0;
    for (int64_t i = 0; i < n * groups; i++) {
        int64_t width = c / groups;
        group g = {type, i / groups * pixels * c, pixels, c, width, i % groups * width, 0, 0};
        moments(&g, x, eps);
        group_gradient(&g, x, gamma, beta, act, dy, dx, first, second);
    }
    for (int64_t j = 0; dgamma && j < c; j++) dgamma[j] += (float)second[j];
    for (int64_t j = 0; dbeta && j < c; j++) dbeta[j] += (float)first[j];
}

/* With xhat = (x - mean) rate and g = dy gamma: dx = rate (g - mean(g) - xhat mean(g xhat)). */
void dc3_ref_layer_norm_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                                 float eps, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch)
{
    double *first = scratch, *second = first + c; /* sums of dy and of dy * xhat over the rows */
    for (int64_t j = 0; j < 2 * c; j++) first[j] = 0;
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0, square = 0, g_sum = 0, g_product = 0;
        for (int64_t j = 0; j < c; j++) sum += get(type, x, r * c + j);
        double mean = sum / (double)c;
        for (int64_t j = 0; j < c; j++) square += pow(get(type, x, r * c + j) - mean, 2);
        double rate = 1 / sqrt(square / (double)c + eps);
        for (int64_t j = 0; j < c; j++) {
            double g = get(type, dy, r * c + j), xhat = (get(type, x, r * c + j) - mean) * rate;
            first[j] += g, second[j] += g * xhat;
            g_sum += g * gamma[j], g_product += g * gamma[j] * xhat;
        }
        for (int64_t j = 0; dx && j < c; j++) {
            double g = get(type, dy, r * c + j), xhat = (get(type, x, r * c + j) - mean) * rate;
            put(type, dx, r * c + j, rate * (g * gamma[j] - (g_sum + xhat * g_product) / (double)c));
        }
    }
    for (int64_t j = 0; dgamma && j < c; j++) dgamma[j] += (float)second[j];
    for (int64_t j = 0; dbeta && j < c; j++) dbeta[j] += (float)first[j];
}
