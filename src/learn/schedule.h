/* Learning-rate schedules: what the learning rate is multiplied with at each step. A step is whatever the
 * caller counts, epochs or batches. */
#ifndef DC3_LEARN_SCHEDULE_H
#define DC3_LEARN_SCHEDULE_H

#include <stdint.h>
#include "base/status.h"

/* With step t of total T, both counted after the warm-up: */
typedef enum dc3_schedule_kind {
    DC3_SCHEDULE_CONSTANT,    /* 1 */
    DC3_SCHEDULE_COSINE,      /* 0.5 (1 + cos(pi t / T)): down to 0 (Loshchilov and Hutter 2017) */
    DC3_SCHEDULE_HALF_COSINE, /* 0.5 (1 + cos(pi t / T / 2)): down to 0.5, as RDED has it */
    DC3_SCHEDULE_SMOOTH,      /* as half cosine up to t = 5 T / 6, then in a line down to 0 (Shao et al. 2024,
                                 EDC's smoothing schedule with zeta 2; its program's line begins at a sixth of
                                 that) */
    DC3_SCHEDULE_ONE_CYCLE, /* up, then down, both along cosines: torch's OneCycleLR (Smith and Topin 2018) */
    DC3_SCHEDULE_TRIANGLE,  /* as one cycle, but along lines, from step 0 to T */
    DC3_SCHEDULE_DECAY      /* gamma^(t / every, rounded down), or gamma^(number of milestones up to t) */
} dc3_schedule_kind;

enum { DC3_SCHEDULE_MILESTONES = 16 };

typedef struct dc3_schedule_options {
    dc3_schedule_kind kind; /* default: constant */
    int64_t warm_up;        /* steps before t = 0, with a factor that rises in a line up to 1; default 0 */
    double warm_up_start;   /* the factor at the first step of the warm-up, 0 to 1; default 0.01 */
    /* One cycle: from 1 / first_divisor up to 1 over the first `rise` of the steps, then down to
     * 1 / (first_divisor * last_divisor). */
    double rise;          /* 0 to 1; default 0.3 */
    double first_divisor; /* at least 1; default 25 */
    double last_divisor;  /* at least 1; default 10,000 */
    /* Decay in steps. */
    double gamma;                                /* more than 0; default 0.1 */
    int64_t every;                               /* 0: use the milestones; default 0 */
    int64_t milestones[DC3_SCHEDULE_MILESTONES]; /* rising; the new factor begins at the step named */
    int milestone_count;                         /* 0 to DC3_SCHEDULE_MILESTONES; default 0 */
} dc3_schedule_options;

dc3_schedule_options dc3_schedule_defaults(void);
/* DC3_ERR_ARGUMENT if an option is out of range for `total` steps, warm-up included. */
dc3_status dc3_schedule_check(const dc3_schedule_options *options, int64_t total);
/* The factor at `step` 0..total-1 of checked options; later steps are taken as `total`, for one cycle as
 * total - 1. */
double dc3_schedule_factor(const dc3_schedule_options *options, int64_t step, int64_t total);

#endif
