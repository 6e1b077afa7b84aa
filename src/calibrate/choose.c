#include "calibrate/choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "select/objective.h"

enum { VALUES = DC3_CALIBRATE_VALUES, ROUNDS = 16 };

/* The set function of a round: what is added replaces the image of its slot. */
typedef struct exchange {
    dc3_set_function function; /* first: what the maximizer sees */
    dc3_similarity size;       /* of its rows, which are compared here and not there */
    const dc3_calibrating *from;
    const int64_t *base; /* [slots]: rows from which the round began */
    char *taken;         /* [slots] */
    double *rest;        /* [VALUES]: sum of the slots' values */
    double *against;     /* [rows]: <f_row, sum of the slots' gradients - slots * target> */
    double *length;      /* [rows]: |f_row - f of the slot's image at first|^2 */
} exchange;

static double dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += x[k] * y[k];
    return sum;
}

/* <f_i, f_j> of the gradients. */
static double product(const dc3_calibrating *c, int64_t i, int64_t j)
{
    int64_t ca = c->target->ca, cb = c->target->cb;
    double first = dot(ca, c->a + i * ca, c->a + j * ca);
    return first == 0 ? 0 : first * dot(cb, c->b + i * cb, c->b + j * cb);
}

/* <f_i, mean of the class>. */
static double to_target(const dc3_calibrating *c, int64_t i)
{
    int64_t ca = c->target->ca, cb = c->target->cb;
    double sum = 0;
    for (int64_t k = 0; k < ca; k++)
        if (c->a[i * ca + k] != 0)
            sum += c->a[i * ca + k] * dot(cb, c->target->gradient + k * cb, c->b + i * cb);
    return sum;
}

static double gain(const dc3_set_function *f, int64_t j)
{
    const exchange *e = (const exchange *)f;
    const dc3_calibrating *c = e->from;
    int64_t slot = c->slot[j], old = e->base[slot];
    const double *to = c->values + j * VALUES, *was = c->values + old * VALUES;
    double change = 0;
    if (e->taken[slot] || c->dropped[j]) return -INFINITY;
    if (j == old) return 0;
    for (int k = 0; k < VALUES; k++) {
        double step = to[k] - was[k];
        change += step * (2 * e->rest[k] + step);
    }
    if (c->a)
        change +=
            c->target->scale[DC3_TERM_GRADIENTS] * (2 * (e->against[j] - e->against[old]) + e->length[j]);
    return -change / (double)c->slots;
}

static void add(dc3_set_function *f, int64_t j)
{
    exchange *e = (exchange *)f;
    const dc3_calibrating *c = e->from;
    int64_t slot = c->slot[j], old = e->base[slot];
    e->taken[slot] = 1;
    if (j == old) return;
    for (int k = 0; k < VALUES; k++) e->rest[k] += c->values[j * VALUES + k] - c->values[old * VALUES + k];
    for (int64_t i = 0; c->a && i < c->rows; i++) e->against[i] += product(c, i, j) - product(c, i, old);
}

/* The sums of the choice from which a round begins. */
static void begin(exchange *e, const int64_t *base)
{
    const dc3_calibrating *c = e->from;
    e->base = base;
    memset(e->taken, 0, (size_t)c->slots);
    memset(e->rest, 0, VALUES * sizeof *e->rest);
    for (int64_t s = 0; s < c->slots; s++)
        for (int k = 0; k < VALUES; k++) e->rest[k] += c->values[base[s] * VALUES + k];
    for (int64_t i = 0; c->a && i < c->rows; i++) {
        e->against[i] = -(double)c->slots * to_target(c, i);
        for (int64_t s = 0; s < c->slots; s++) e->against[i] += product(c, i, base[s]);
        int64_t old = base[c->slot[i]];
        e->length[i] = product(c, i, i) + product(c, old, old) - 2 * product(c, i, old);
    }
}

/* A round from `choice`; whether it changed anything. */
static dc3_status round_of(exchange *e, dc3_meter *meter, int64_t *choice, int64_t *picks, double *gains,
                           int *changed)
{
    const dc3_calibrating *c = e->from;
    dc3_select_options options = dc3_select_defaults();
    options.maximizer = DC3_NAIVE_GREEDY;
    e->size = (dc3_similarity){.m = c->rows, .meter = meter};
    e->function = (dc3_set_function){.similarity = &e->size, .most = c->slots, .gain = gain, .add = add};
    double before = dc3_calibrate_distance(c, choice, NULL), gained = 0;
    begin(e, choice);
    DC3_TRY(dc3_maximize(&options, &e->function, c->slots, 0, NULL, picks, gains));
    for (int64_t i = 0; i < c->slots; i++)
        if (gains[i] > 0) gained += gains[i];
    *changed = gained > 1e-9 * (1 + before);
    for (int64_t i = 0; *changed && i < c->slots; i++)
        if (gains[i] > 0) choice[c->slot[picks[i]]] = picks[i];
    return DC3_OK;
}

dc3_status dc3_calibrate(const dc3_calibrating *from, int64_t *choice)
{
    dc3_meter meter = {0};
    int64_t *base = malloc((size_t)from->slots * sizeof *base),
            *picks = malloc((size_t)from->slots * sizeof *picks);
    double *gains = malloc((size_t)from->slots * sizeof *gains);
    exchange e = {.from = from,
                  .taken = malloc((size_t)from->slots),
                  .rest = malloc(VALUES * sizeof *e.rest),
                  .against = malloc(2 * (size_t)from->rows * sizeof *e.against)};
    dc3_status status = base && picks && gains && e.taken && e.rest && e.against
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    e.length = e.against ? e.against + from->rows : NULL;
    for (int64_t i = from->rows; i-- > 0;) choice[from->slot[i]] = i;
    for (int changed = 1, rounds = 0; status == DC3_OK && changed && rounds < ROUNDS; rounds++) {
        memcpy(base, choice, (size_t)from->slots * sizeof *base);
        status = round_of(&e, &meter, base, picks, gains, &changed);
        if (status == DC3_OK) memcpy(choice, base, (size_t)from->slots * sizeof *base);
    }
    free(base);
    free(picks);
    free(gains);
    free(e.taken);
    free(e.rest);
    free(e.against);
    return status;
}

/* n |mean f - target|^2 of the gradients, times n. */
static double gradients(const dc3_calibrating *c, const int64_t *choice)
{
    double n = (double)c->slots,
           sum = n * n * dot(c->target->ca * c->target->cb, c->target->gradient, c->target->gradient);
    for (int64_t i = 0; i < c->slots; i++) {
        sum -= 2 * n * to_target(c, choice[i]);
        for (int64_t k = 0; k < c->slots; k++) sum += product(c, choice[i], choice[k]);
    }
    return sum > 0 ? sum : 0;
}

double dc3_calibrate_distance(const dc3_calibrating *c, const int64_t *choice, double terms[DC3_TARGET_TERMS])
{
    double own[DC3_TARGET_TERMS] = {0}, sum = 0, n = (double)c->slots;
    for (int k = 0; k < VALUES; k++) {
        double all = 0;
        for (int64_t s = 0; s < c->slots; s++) all += c->values[choice[s] * VALUES + k];
        own[k < DC3_LAB_CELLS ? DC3_TERM_DENSITY : DC3_TERM_MOMENTS] += all * all / n;
    }
    if (c->a) own[DC3_TERM_GRADIENTS] = c->target->scale[DC3_TERM_GRADIENTS] * gradients(c, choice) / n;
    for (int t = 0; t < DC3_TARGET_TERMS; t++) sum += own[t];
    if (terms) memcpy(terms, own, sizeof own);
    return sum;
}
