/* How many threads a loop of many short steps takes. Beside another busy process every parallel region waits
 * for the thread that was sent off its core, so that fewer threads are faster: half as many are tried when
 * threads are seen to be sent off or steps take longer than they did, the faster number is kept, and twice as
 * many are tried again from time to time. For loops whose results do not depend on the number
 * (dc3_ctx_team_is_free). */
#ifndef DC3_OPS_GOVERNOR_H
#define DC3_OPS_GOVERNOR_H

typedef struct dc3_governor {
    int most, team;     /* threads: at most; those to take for the next step */
    int other;          /* while a trial runs: the number that is tried; else 0 */
    int phase, steps;   /* of a trial: by `team`, then by `other` */
    double work, time;  /* of the trial's phase, or of the steps since `switches` was counted from 0 */
    double unit[2];     /* seconds of a unit of work in the phases */
    double usual;       /* the same by `team` in the last trial; 0: there was none */
    long switches;      /* times that threads were sent off their cores */
    double rest, since; /* seconds from a trial to the next, and since the last */
    long before;        /* the process's count when the step began */
    double start;
} dc3_governor;

void dc3_governor_open(dc3_governor *g, int threads);
/* Around a step: the number of threads for it; and how much work it was, in any unit that time grows with. */
int dc3_governor_begin(dc3_governor *g);
void dc3_governor_end(dc3_governor *g, double work);

/* The same without a clock, for tests: a step of `work` took `seconds`, in which threads were sent off
 * `switches` times. */
void dc3_governor_note(dc3_governor *g, double work, double seconds, long switches);

#endif
