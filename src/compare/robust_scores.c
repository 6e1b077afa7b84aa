/* DD-Ranking's scores (dc3/compare.h). */
#include <math.h>
#include "dc3/compare.h"

/* -1 to 1 onto 0 to 1. */
static double scale(double x)
{
    return (exp(x) - exp(-1)) / (exp(1) - exp(-1));
}

double dc3_label_robust_score(double real_hard, double hard, double soft, double random)
{
    return scale(0.5 * (soft - random) - 0.5 * (real_hard - hard));
}

double dc3_augment_robust_score(double with, double random_with, double without, double random_without)
{
    return scale(0.5 * (with - random_with) + 0.5 * (without - random_without));
}
