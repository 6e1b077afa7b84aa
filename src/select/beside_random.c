#include "select/beside_random.h"

#include <math.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/pieces.h"
#include "base/rng.h"
#include "select/coverage.h"

/* Random choices; sets, with the given one first; rows in all, of a class at least and at most. */
enum { DRAWS = 5, SETS = 1 + DRAWS, ROWS = 30000, LEAST = 30, MOST = 300 };
enum { LOOKED = 1 << 7 }; /* beside a bit for each set that a row is in */

typedef struct work {
    const dc3_class_rows *rows;
    unsigned char *member; /* [n] */
    dc3_coverage **sets;   /* [SETS, classes] */
    int64_t most, looked;
} work;

/* Draws as many rows of the class [first, end) as are chosen, and marks those that are looked at. */
static void mark_class(work *w, int64_t first, int64_t end)
{
    int64_t n = end - first, chosen = 0;
    for (int64_t row = first; row < end; row++) {
        w->member[row] = w->rows->chosen[row] != 0;
        chosen += w->member[row];
    }
    for (int k = 1; k < SETS; k++) {
        uint64_t item = ((uint64_t)k << 32) + (uint64_t)w->rows->labels[first];
        dc3_rng rng = dc3_rng_make(w->rows->seed, DC3_RNG_QUALITY, item);
        int64_t left = chosen;
        for (int64_t row = first; row < end && left; row++)
            if (dc3_rng_below(&rng, (uint64_t)(end - row)) < (uint64_t)left)
                w->member[row] |= (unsigned char)(1 << k), left--;
    }
    for (int64_t row = first; row < end; row++) {
        int64_t at = row - first;
        if (w->member[row] || n <= w->most || at * w->most / n != (at + 1) * w->most / n)
            w->member[row] |= LOOKED, w->looked++;
    }
}

typedef struct class_range {
    const work *work;
    int64_t first, end;
} class_range;

/* One set of the class [first, end). */
static dc3_status cover(void *user, int worker, int64_t set, void *result)
{
    const class_range *class = user;
    const work *w = class->work;
    const dc3_class_rows *r = w->rows;
    int64_t first = class->first, end = class->end;
    (void)worker, (void)result;
    dc3_coverage **c = w->sets + set * r->classes + r->labels[first];
    DC3_TRY(dc3_coverage_open(r->d, c));
    for (int64_t row = first; row < end; row++)
        if (w->member[row] >> set & 1) DC3_TRY(dc3_coverage_choose(*c, r->features + row * r->d));
    for (int64_t row = first; row < end; row++)
        if (w->member[row] & LOOKED) DC3_TRY(dc3_coverage_add(*c, 1, r->features + row * r->d));
    dc3_coverage_rest(*c);
    return DC3_OK;
}

static dc3_status cover_all(work *w)
{
    const dc3_class_rows *r = w->rows;
    for (int64_t first = 0, end; first < r->n; first = end) {
        for (end = first + 1; end < r->n && r->labels[end] == r->labels[first];) end++;
        mark_class(w, first, end);
        dc3_pieces sets = {
            .count = SETS, .workers = r->threads, .user = &(class_range){w, first, end}, .work = cover};
        dc3_status status = dc3_pieces_run(&sets);
        dc3_map_forget(r->features + first * r->d, (size_t)((end - first) * r->d) * sizeof *r->features);
        DC3_TRY(status);
    }
    return DC3_OK;
}

/* Moves the classes that have rows to the front of a set; their number. */
static int64_t with_rows(dc3_coverage **set, int64_t classes)
{
    int64_t count = 0;
    for (int64_t c = 0; c < classes; c++) {
        dc3_coverage *class = set[c];
        set[c] = NULL;
        if (class) set[count++] = class;
    }
    return count;
}

static dc3_status sum_up(const work *w, dc3_beside_random *result)
{
    double found[SETS], mean = 0, squares = 0;
    for (int k = 0; k < SETS; k++) {
        dc3_coverage_values v;
        dc3_coverage **set = w->sets + k * w->rows->classes;
        DC3_TRY(dc3_coverage_get(set, with_rows(set, w->rows->classes), &v));
        found[k] = v.mean;
        if (k) mean += v.mean / DRAWS;
    }
    for (int k = 1; k < SETS; k++) squares += (found[k] - mean) * (found[k] - mean);
    *result = (dc3_beside_random){found[0], mean, sqrt(squares / (DRAWS - 1)), w->looked};
    return DC3_OK;
}

dc3_status dc3_coverage_beside_random(const dc3_class_rows *rows, dc3_beside_random *result)
{
    int64_t most = ROWS / rows->classes, sets = SETS * rows->classes;
    work w = {.rows = rows,
              .member = calloc((size_t)rows->n + 1, sizeof *w.member),
              .sets = calloc((size_t)sets, sizeof(dc3_coverage *)),
              .most = most < LEAST  ? LEAST
                      : most > MOST ? MOST
                                    : most};
    *result = (dc3_beside_random){NAN, NAN, NAN, 0};
    dc3_status status = w.member && w.sets ? cover_all(&w) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = sum_up(&w, result);
    for (int64_t i = 0; w.sets && i < sets; i++) dc3_coverage_close(&w.sets[i]);
    free(w.sets);
    free(w.member);
    return status;
}
