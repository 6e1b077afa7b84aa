/* Each row is held against the chosen ones alone: O(n |S| d), and of all rows but those 4 bytes are kept, the
 * distance, for its percentile. The sums are those of graph_cut.c (with lambda 1) and facility_location.c:
 * what their gains add up to. */
#include "select/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "select/distance.h"

struct dc3_coverage {
    int64_t d, chosen, room, count, space;
    double *rows, *lengths;        /* [room, d], [room] of the chosen rows */
    float *distances;              /* [space] */
    double sum, best, all, inside; /* distances, largest similarities, all of them, those within S */
};

dc3_status dc3_coverage_open(int64_t d, dc3_coverage **coverage)
{
    dc3_coverage *c = *coverage = calloc(1, sizeof *c);
    if (!c) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->d = d;
    return DC3_OK;
}

void dc3_coverage_rest(dc3_coverage *c)
{
    free(c->rows);
    free(c->lengths);
    c->rows = c->lengths = NULL;
    c->room = 0;
}

void dc3_coverage_close(dc3_coverage **coverage)
{
    if (!*coverage) return;
    dc3_coverage_rest(*coverage);
    free((*coverage)->distances);
    free(*coverage);
    *coverage = NULL;
}

static double length_of(int64_t d, const float *x)
{
    double sum = 0;
    for (int64_t j = 0; j < d; j++) sum += (double)x[j] * x[j];
    return sqrt(sum);
}

/* s of two rows of these lengths and product. */
static double similarity(double product, double a, double b)
{
    double lengths = a * b;
    return lengths > 0 ? 0.5 + 0.5 * product / lengths : 0.5;
}

/* What one row adds. */
typedef struct answer {
    double distance, best, all;
} answer;

DC3_FOR_EACH_PROCESSOR static void compare_row(const dc3_coverage *c, const float *x, answer *to)
{
    double nearest = INFINITY, length = length_of(c->d, x);
    *to = (answer){.best = -INFINITY};
    for (int64_t k = 0; k < c->chosen; k++) {
        const double *row = c->rows + k * c->d;
        double away = dc3_distance(c->d, x, row), product = 0;
#pragma omp simd reduction(+ : product)
        for (int64_t j = 0; j < c->d; j++) product += x[j] * row[j];
        double s = similarity(product, length, c->lengths[k]);
        nearest = away < nearest ? away : nearest;
        to->best = s > to->best ? s : to->best;
        to->all += s;
    }
    to->distance = sqrt(nearest);
}

dc3_status dc3_coverage_choose(dc3_coverage *c, const float *x)
{
    answer with = {0};
    if (c->chosen == c->room) {
        int64_t room = c->room ? 2 * c->room : 8;
        double *rows = realloc(c->rows, (size_t)(room * c->d) * sizeof *rows);
        if (rows) c->rows = rows;
        double *lengths = rows ? realloc(c->lengths, (size_t)room * sizeof *lengths) : NULL;
        if (!lengths) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld chosen rows", (long long)room);
        c->lengths = lengths;
        c->room = room;
    }
    if (c->chosen) compare_row(c, x, &with);
    c->inside += 2 * with.all; /* each pair counts both ways */
    for (int64_t j = 0; j < c->d; j++) c->rows[c->chosen * c->d + j] = x[j];
    c->lengths[c->chosen++] = length_of(c->d, x);
    return DC3_OK;
}

static dc3_status more_space(dc3_coverage *c, int64_t wanted)
{
    int64_t space = c->space;
    while (space < wanted) space = space ? 2 * space : 64;
    if (space == c->space) return DC3_OK;
    float *distances = realloc(c->distances, (size_t)space * sizeof *distances);
    if (!distances) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld distances", (long long)space);
    c->distances = distances;
    c->space = space;
    return DC3_OK;
}

dc3_status dc3_coverage_add(dc3_coverage *c, int64_t n, const float *x)
{
    answer one;
    if (!c->chosen) return DC3_OK;
    DC3_TRY(more_space(c, c->count + n));
    for (int64_t i = 0; i < n; i++) {
        compare_row(c, x + i * c->d, &one);
        c->sum += one.distance, c->best += one.best, c->all += one.all;
        c->distances[c->count++] = (float)one.distance;
    }
    return DC3_OK;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Between the two values that the share lies between (numpy's linear percentile); sorts x [n], n >= 1. */
static double percentile(int64_t n, float *x, double share)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    double at = share * (double)(n - 1);
    int64_t low = (int64_t)at, high = low + 1 < n ? low + 1 : low;
    return x[low] + (at - (double)low) * ((double)x[high] - x[low]);
}

dc3_status dc3_coverage_get(dc3_coverage *const *classes, int64_t count, dc3_coverage_values *v)
{
    double sum = 0;
    *v = (dc3_coverage_values){.mean = NAN, .p95 = NAN, .facility_location = NAN, .graph_cut = NAN};
    for (int64_t k = 0; k < count; k++)
        if (classes[k]->count) v->rows += classes[k]->count, v->chosen += classes[k]->chosen;
    if (!v->rows) return DC3_OK;
    float *all = malloc((size_t)v->rows * sizeof *all);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld distances", (long long)v->rows);
    int64_t at = 0;
    v->facility_location = v->graph_cut = 0;
    for (int64_t k = 0; k < count; k++) {
        const dc3_coverage *c = classes[k];
        if (!c->count) continue;
        memcpy(all + at, c->distances, (size_t)c->count * sizeof *all);
        at += c->count;
        sum += c->sum;
        v->facility_location += c->best;
        v->graph_cut += c->all - c->inside;
    }
    v->mean = sum / (double)v->rows;
    v->p95 = percentile(v->rows, all, 0.95);
    free(all);
    return DC3_OK;
}
