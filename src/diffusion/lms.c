/* Adams and Bashforth's linear multistep method of fourth order on the probability flow, as in Karras'
 * k-diffusion: x += sum_j c_j d_j, where d_j = (x - x0) / sigma of step i - j, and c_j is the integral from
 * sigma to sigma' of the polynomial that is 1 at sigma_{i - j} and 0 at the others. */
#include "diffusion/sampler.h"

enum { ORDER = 4 };

static double basis(const double *sigmas, int order, int j, double at)
{
    double product = 1;
    for (int k = 0; k < order; k++)
        if (k != j) product *= (at - sigmas[-k]) / (sigmas[-j] - sigmas[-k]);
    return product;
}

/* By Gauss and Legendre's rule of two points, which is exact up to degree 3. */
static double weight_of(const double *sigmas, int order, int j)
{
    static const double root = 0.57735026918962576451;
    double middle = (sigmas[1] + sigmas[0]) / 2, half = (sigmas[1] - sigmas[0]) / 2;
    return half *
           (basis(sigmas, order, j, middle - half * root) + basis(sigmas, order, j, middle + half * root));
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int order = i + 1 < ORDER ? i + 1 : ORDER;
    dc3_sigma_slope(s, s->sigmas[i], step);
    step->next[DC3_TERM_X] = 1;
    step->next[DC3_TERM_SLOPE] = weight_of(s->sigmas + i, order, 0);
    for (int j = 1; j < order; j++) step->next[DC3_TERM_MEMORY + j - 1] = weight_of(s->sigmas + i, order, j);
    step->keep[0][DC3_TERM_SLOPE] = 1;
    step->keep[1][DC3_TERM_MEMORY] = 1;
    step->keep[2][DC3_TERM_MEMORY + 1] = 1;
}

const dc3_sampler_class dc3_sampler_lms = {.scheduler = "LMSDiscreteScheduler",
                                           .spacing = DC3_SPACING_LINSPACE,
                                           .sigma_form = 1,
                                           .follows = DC3_KEYS_RAMP,
                                           .memories = ORDER - 1,
                                           .plan = dc3_plan_sigmas,
                                           .step = step_of};
