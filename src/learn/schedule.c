#include "learn/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

dc3_schedule_options dc3_schedule_defaults(void)
{
    return (dc3_schedule_options){.kind = DC3_SCHEDULE_CONSTANT,
                                  .warm_up_start = 0.01,
                                  .rise = 0.3,
                                  .first_divisor = 25,
                                  .last_divisor = 1e4,
                                  .gamma = 0.1};
}

static dc3_status check_decay(const dc3_schedule_options *o)
{
    if (!(o->gamma > 0 && isfinite(o->gamma)))
        return dc3_fail(DC3_ERR_ARGUMENT, "gamma: expected more than 0, found %g", o->gamma);
    if (o->every < 0 || o->milestone_count < 0 || o->milestone_count > DC3_SCHEDULE_MILESTONES)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "decay: expected 0 or more steps and 0 to %d milestones, found %lld and %d",
                        DC3_SCHEDULE_MILESTONES, (long long)o->every, o->milestone_count);
    for (int i = 1; i < o->milestone_count; i++)
        if (o->milestones[i] <= o->milestones[i - 1])
            return dc3_fail(DC3_ERR_ARGUMENT, "milestones: expected them to rise, found %lld after %lld",
                            (long long)o->milestones[i], (long long)o->milestones[i - 1]);
    return DC3_OK;
}

dc3_status dc3_schedule_check(const dc3_schedule_options *o, int64_t total)
{
    if (total < 1)
        return dc3_fail(DC3_ERR_ARGUMENT, "schedule: expected 1 step or more, found %lld", (long long)total);
    if (o->warm_up < 0 || o->warm_up >= total)
        return dc3_fail(DC3_ERR_ARGUMENT, "warm-up: expected 0 to %lld steps, found %lld",
                        (long long)total - 1, (long long)o->warm_up);
    if (!(o->warm_up_start >= 0 && o->warm_up_start <= 1))
        return dc3_fail(DC3_ERR_ARGUMENT, "start of the warm-up: expected 0 to 1, found %g",
                        o->warm_up_start);
    if (!(o->rise >= 0 && o->rise <= 1 && o->first_divisor >= 1 && o->last_divisor >= 1))
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "one cycle: expected a rise of 0 to 1 and divisors of 1 or more, found %g, %g and %g",
                        o->rise, o->first_divisor, o->last_divisor);
    return check_decay(o);
}

/* From `first` at part 0 to `last` at part 1. */
static double along_cosine(double first, double last, double part)
{
    return last + (first - last) / 2 * (1 + cos(pi * part));
}

static double one_cycle(const dc3_schedule_options *o, double step, double total)
{
    double bottom = 1 / o->first_divisor, top = o->rise * total - 1, last = total - 1;
    if (step >= last) step = last;
    if (step <= top) return top > 0 ? along_cosine(bottom, 1, step / top) : 1;
    return along_cosine(1, bottom / o->last_divisor, (step - top) / (last - top));
}

static double triangle(const dc3_schedule_options *o, double step, double total)
{
    double bottom = 1 / o->first_divisor, last = bottom / o->last_divisor, top = o->rise * total;
    if (step < top) return bottom + (1 - bottom) * step / top;
    return step < total ? last + (1 - last) * (total - step) / (total - top) : last;
}

static double decay(const dc3_schedule_options *o, int64_t step)
{
    int64_t times = o->every > 0 ? step / o->every : 0;
    for (int i = 0; o->every == 0 && i < o->milestone_count; i++) times += o->milestones[i] <= step;
    return pow(o->gamma, (double)times);
}

double dc3_schedule_factor(const dc3_schedule_options *o, int64_t step, int64_t total)
{
    if (step < o->warm_up)
        return o->warm_up_start + (1 - o->warm_up_start) * (double)step / (double)o->warm_up;
    if (step > total) step = total;
    double t = (double)(step - o->warm_up), all = (double)(total - o->warm_up);
    switch (o->kind) {
    case DC3_SCHEDULE_COSINE:
        return along_cosine(1, 0, t / all);
    case DC3_SCHEDULE_HALF_COSINE:
        return along_cosine(1, 0, t / all / 2);
    case DC3_SCHEDULE_SMOOTH:
        return 6 * t <= 5 * all ? along_cosine(1, 0, t / all / 2)
                                : along_cosine(1, 0, 5 / 12.0) * 6 * (all - t) / all;
    case DC3_SCHEDULE_ONE_CYCLE:
        return one_cycle(o, t, all);
    case DC3_SCHEDULE_TRIANGLE:
        return triangle(o, t, all);
    case DC3_SCHEDULE_DECAY:
        return decay(o, step - o->warm_up);
    default:
        return 1;
    }
}
