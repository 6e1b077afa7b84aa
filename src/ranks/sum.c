/* The values are cut into runs. Where every rank reaches every other each adds up some of the runs, as in a
 * reduce-scatter that is followed by an all-gather, so that a rank sends and receives about twice the vector
 * for any number of ranks; where not, rank 0 does all of it. */
#include "ranks/sum.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "ranks/ranks.h"

enum { LONGEST = 1 << 20 }; /* values of a run */

struct dc3_sum {
    int parts, rank, ranks;
    int64_t values, length, runs; /* the last run may be shorter than `length` */
    int64_t round;
    float *total;        /* [values] */
    int *added;          /* [runs] parts that are in the total, of the runs that this rank adds up */
    dc3_message **early; /* [runs, parts] those that must wait for others before them */
    int64_t missing;     /* runs whose sum is not known yet */
};

static int64_t last_round;

/* Who adds up a run. */
static int owner(const dc3_sum *s, int64_t run)
{
    return dc3_ranks_reach_all() ? (int)(run % s->ranks) : 0;
}

static size_t bytes_of(const dc3_sum *s, int64_t run)
{
    int64_t left = s->values - run * s->length;
    return (size_t)(left < s->length ? left : s->length) * sizeof(float);
}

static void begin_round(dc3_sum *s)
{
    s->round = ++last_round;
    s->missing = s->runs;
    memset(s->added, 0, (size_t)s->runs * sizeof *s->added);
}

dc3_status dc3_sum_open(int parts, int64_t values, dc3_sum **sum)
{
    dc3_sum *s = *sum = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->parts = parts, s->values = values;
    s->rank = dc3_ranks_rank(), s->ranks = dc3_ranks_count();
    s->length = (values + s->ranks - 1) / s->ranks;
    if (s->length > LONGEST) s->length = LONGEST;
    s->runs = (values + s->length - 1) / s->length;
    s->total = dc3_alloc((size_t)values * sizeof *s->total);
    s->added = malloc((size_t)s->runs * sizeof *s->added);
    s->early = calloc((size_t)(s->runs * parts), sizeof(dc3_message *));
    if (!s->total || !s->added || !s->early)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for the sum of %lld gradients", (long long)values);
    begin_round(s);
    return DC3_OK;
}

void dc3_sum_close(dc3_sum **sum)
{
    dc3_sum *s = *sum;
    if (!s) return;
    for (int64_t i = 0; s->early && i < s->runs * s->parts; i++) free(s->early[i]);
    free(s->early);
    free(s->added);
    free(s->total);
    free(s);
    *sum = NULL;
}

int dc3_sum_has(const dc3_sum *s, int part)
{
    return part % s->ranks == s->rank;
}

static dc3_message *make(const dc3_sum *s, dc3_message_kind kind, int64_t number, int64_t run,
                         const float *values)
{
    dc3_message *m = dc3_message_make(kind, s->round, number, bytes_of(s, run));
    if (m) memcpy(dc3_message_body(m), values, bytes_of(s, run));
    return m;
}

/* The next part of a run that this rank adds up; when it was the last one, the others are told. */
static dc3_status add_next(dc3_sum *s, int64_t run, const float *values)
{
    float *total = s->total + run * s->length;
    int64_t n = (int64_t)(bytes_of(s, run) / sizeof *total);
    if (!s->added[run]++)
        memcpy(total, values, bytes_of(s, run));
    else
        for (int64_t i = 0; i < n; i++) total[i] += values[i];
    if (s->added[run] < s->parts) return DC3_OK;
    s->missing--;
    for (int to = 0; to < s->ranks; to++)
        if (to != s->rank)
            DC3_TRY(dc3_ranks_send(to, make(s, DC3_MESSAGE_TOTAL, run, run, total), bytes_of(s, run)));
    return DC3_OK;
}

/* Those that have waited for the one before them. */
static dc3_status add_early(dc3_sum *s, int64_t run)
{
    dc3_status status = DC3_OK;
    while (status == DC3_OK && s->added[run] < s->parts) {
        dc3_message **m = &s->early[run * s->parts + s->added[run]];
        if (!*m) break;
        status = add_next(s, run, dc3_message_body(*m));
        free(*m);
        *m = NULL;
    }
    return status;
}

/* What another rank sent, which is freed or kept. */
static dc3_status take_message(dc3_sum *s, dc3_message *m, size_t body)
{
    int is_total = m->kind == DC3_MESSAGE_TOTAL;
    int64_t run = is_total ? m->number : m->number / s->parts, most = is_total ? s->runs : s->runs * s->parts;
    int fits = m->number >= 0 && m->number < most && body == bytes_of(s, run) &&
               (owner(s, run) == s->rank) != is_total && (is_total || !s->early[m->number]);
    if (!fits) {
        free(m);
        return dc3_fail(DC3_ERR_INTERNAL, "found gradients of another network");
    }
    if (!is_total) {
        s->early[m->number] = m;
        return add_early(s, run);
    }
    memcpy(s->total + run * s->length, dc3_message_body(m), body);
    s->missing--;
    free(m);
    return DC3_OK;
}

/* What has come meanwhile, so that it does not take memory until all of this rank's parts are made. */
static dc3_status take_all(dc3_sum *s)
{
    dc3_message *m;
    size_t body;
    while (s->ranks > 1 && (m = dc3_ranks_sum_there(s->round, &body)) != NULL)
        DC3_TRY(take_message(s, m, body));
    return DC3_OK;
}

dc3_status dc3_sum_add(dc3_sum *s, int part, const float *values)
{
    for (int64_t run = 0; run < s->runs; run++) {
        const float *from = values + run * s->length;
        int to = owner(s, run);
        int64_t number = run * s->parts + part;
        if (to == s->rank && s->added[run] == part) {
            DC3_TRY(add_next(s, run, from));
            DC3_TRY(add_early(s, run));
            continue;
        }
        dc3_message *m = make(s, DC3_MESSAGE_TERM, number, run, from);
        if (to != s->rank)
            DC3_TRY(dc3_ranks_send(to, m, bytes_of(s, run)));
        else if (!(s->early[number] = m))
            return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    return take_all(s);
}

dc3_status dc3_sum_take(dc3_sum *s, float *total)
{
    while (s->missing) {
        dc3_message *m;
        size_t body;
        DC3_TRY(dc3_ranks_next_sum(s->round, &m, &body));
        DC3_TRY(take_message(s, m, body));
    }
    memcpy(total, s->total, (size_t)s->values * sizeof *total);
    begin_round(s);
    return DC3_OK;
}

dc3_status dc3_ranks_meet(void)
{
    float one = 1;
    dc3_sum *sum;
    if (dc3_ranks_count() == 1) return DC3_OK;
    dc3_status status = dc3_sum_open(dc3_ranks_count(), 1, &sum);
    if (status == DC3_OK) status = dc3_sum_add(sum, dc3_ranks_rank(), &one);
    if (status == DC3_OK) status = dc3_sum_take(sum, &one);
    dc3_sum_close(&sum);
    return status;
}
