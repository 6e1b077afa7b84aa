/* Greedy maximisation of a monotone or not submodular set function. F(S + j) - F(S) never grows with S, so an
 * old gain is an upper bound, which the lazy forms use. */
#include <math.h>
#include "base/rng.h"
#include "select/objective.h"

/* The unpicked row of the largest value; ties to the lowest. picked rows have value -infinity. */
static int64_t largest(int64_t m, const double *values, const char *picked)
{
    int64_t best = -1;
    for (int64_t j = 0; j < m; j++)
        if (!picked[j] && (best < 0 || values[j] > values[best])) best = j;
    return best;
}

static int64_t naive(dc3_set_function *f, double *values, const char *picked)
{
    for (int64_t j = 0; j < f->similarity->m; j++)
        if (!picked[j]) values[j] = f->gain(f, j);
    return largest(f->similarity->m, values, picked);
}

/* Brings bounds up to date only while the leading one falls. With beta 1 exact; below, a row is taken whose
 * gain is still within that factor of its bound. */
static int64_t lazy(dc3_set_function *f, double *bounds, const char *picked, double beta)
{
    for (;;) {
        int64_t best = largest(f->similarity->m, bounds, picked);
        double old = bounds[best], now = bounds[best] = f->gain(f, best);
        if (now >= old || (beta < 1 && now >= beta * old)) return best;
        if (largest(f->similarity->m, bounds, picked) == best) return best;
    }
}

static int64_t stochastic(dc3_set_function *f, const char *picked, int64_t look, dc3_rng *rng, int64_t *order)
{
    int64_t left = 0, best = -1;
    double best_gain = -INFINITY;
    for (int64_t j = 0; j < f->similarity->m; j++)
        if (!picked[j]) order[left++] = j;
    for (int64_t t = 0; t < look && t < left; t++) {
        int64_t at = t + (int64_t)dc3_rng_below(rng, (uint64_t)(left - t)), j = order[at];
        order[at] = order[t];
        double gain = f->gain(f, j);
        if (best < 0 || gain > best_gain || (gain == best_gain && j < best)) best = j, best_gain = gain;
    }
    return best;
}

dc3_status dc3_maximize(const dc3_select_options *o, dc3_set_function *f, int64_t count, uint64_t item,
                        const int64_t *first, int64_t *picks, double *gains)
{
    int64_t m = f->similarity->m;
    dc3_meter *meter = f->similarity->meter;
    double *values = dc3_meter_alloc(meter, (size_t)m, sizeof *values);
    char *picked = dc3_meter_alloc(meter, (size_t)m, 1);
    int64_t *order = dc3_meter_alloc(meter, (size_t)m, sizeof *order);
    dc3_rng rng = dc3_rng_make(o->seed, DC3_RNG_STOCHASTIC_GREEDY, item);
    double part = ceil((double)m / (double)(count ? count : 1) * log(1 / o->epsilon));
    int64_t look = part < 1 ? 1 : part > (double)m ? m : (int64_t)part;
    dc3_status status = DC3_OK;
    if (!values || !picked || !order)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows", (long long)m);
    for (int64_t j = 0; status == DC3_OK && j < m; j++) values[j] = INFINITY;
    if (status == DC3_OK && o->maximizer != DC3_NAIVE_GREEDY && o->maximizer != DC3_STOCHASTIC_GREEDY)
        for (int64_t j = 0; j < m; j++) values[j] = f->gain(f, j);
    for (int64_t i = 0; status == DC3_OK && i < count; i++) {
        int64_t j;
        if (i == 0 && first)
            j = *first;
        else if (o->maximizer == DC3_LAZY_GREEDY || o->maximizer == DC3_APPROXIMATE_LAZY_GREEDY)
            j = lazy(f, values, picked, o->maximizer == DC3_LAZY_GREEDY ? 1 : o->beta);
        else if (o->maximizer == DC3_STOCHASTIC_GREEDY)
            j = stochastic(f, picked, look, &rng, order);
        else
            j = naive(f, values, picked);
        picked[j] = 1;
        picks[i] = j;
        if (gains) gains[i] = f->gain(f, j);
        if (i + 1 < count) {
            f->add(f, j);
            f->size++;
        }
        status = dc3_check_cancel();
    }
    dc3_meter_free(meter, values);
    dc3_meter_free(meter, picked);
    dc3_meter_free(meter, order);
    return status;
}
