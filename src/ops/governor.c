#include "ops/governor.h"

#include <sys/resource.h>
#include <time.h>

/* A phase of a trial: steps and seconds at least, since a thread is sent off for milliseconds at a time; the
 * first steps by another number make primitives and are not counted. */
enum { FIRST_STEPS = 2, COUNTED_STEPS = 3 };
static const double phase_seconds = 0.2;
static const double window = 0.25; /* seconds in which switches are counted */
static const double often = 20;    /* switches a second: more than a quiet machine has */
/* Of the present time, what makes fewer threads worth it, and more, which another process may slow down soon.
 */
static const double gain_down = 0.9, gain_up = 0.75;
static const double slower = 1.4; /* of the usual time: what makes a trial worth it at once */
static const double least_rest = 2, most_rest = 32,
                    most_rest_below = 8; /* seconds between trials; below most */

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Times that the process's threads were sent off a core while they had work. */
static long switches_now(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

void dc3_governor_open(dc3_governor *g, int threads)
{
    *g = (dc3_governor){.most = threads, .team = threads, .rest = least_rest, .since = least_rest};
}

int dc3_governor_begin(dc3_governor *g)
{
    if (g->most < 2) return 1;
    g->before = switches_now();
    g->start = seconds_now();
    return g->other && g->phase ? g->other : g->team;
}

void dc3_governor_end(dc3_governor *g, double work)
{
    if (g->most < 2) return;
    dc3_governor_note(g, work, seconds_now() - g->start, switches_now() - g->before);
}

static void count_from_zero(dc3_governor *g)
{
    g->steps = 0;
    g->work = g->time = 0;
    g->switches = 0;
}

/* The faster number stays; a trial that changed nothing is repeated later than the last. */
static void conclude(dc3_governor *g)
{
    int is_faster = g->unit[1] < (g->other < g->team ? gain_down : gain_up) * g->unit[0];
    if (is_faster) g->team = g->other;
    g->rest = is_faster ? least_rest : 4 * g->rest;
    double most = g->team < g->most ? most_rest_below : most_rest;
    if (g->rest > most) g->rest = most;
    g->usual = g->unit[is_faster];
    g->other = 0;
    g->since = 0;
}

/* A step of a trial. */
static void count_step(dc3_governor *g, double work, double seconds)
{
    int skipped = g->phase ? FIRST_STEPS : 0;
    if (g->steps++ >= skipped) g->work += work, g->time += seconds;
    if (g->steps < skipped + COUNTED_STEPS || g->time < phase_seconds) return;
    g->unit[g->phase] = g->time / g->work;
    count_from_zero(g);
    if (g->phase++) conclude(g);
}

/* What is tried after a window, or 0. */
static int worth_trying(const dc3_governor *g)
{
    int is_slow = g->usual > 0 && g->time > slower * g->usual * g->work;
    if (g->since < (is_slow ? least_rest : g->rest)) return 0;
    if (g->team > 1 && (is_slow || (double)g->switches > often * g->time)) return g->team / 2;
    return g->team == g->most ? 0 : 2 * g->team < g->most ? 2 * g->team : g->most;
}

void dc3_governor_note(dc3_governor *g, double work, double seconds, long switches)
{
    if (g->other) {
        count_step(g, work, seconds);
        return;
    }
    g->work += work;
    g->time += seconds;
    g->since += seconds;
    g->switches += switches;
    if (g->time < window) return;
    g->other = worth_trying(g);
    g->phase = 0;
    count_from_zero(g);
}
