/* Calibrated compensation on arrays (src/calibrate): the colours of an image and the terms of the distance
 * against their formulas, the choice against all choices, the guard, and what candidates there are. */
#include "support/random_tensors.h"
#include <math.h>
#include <string.h>
#include "calibrate/candidates.h"
#include "calibrate/choose.h"
#include "calibrate/guard.h"
#include "calibrate/lab_colours.h"
#include "calibrate/target.h"
#include "metrics/lab.h"

enum { VALUES = DC3_CALIBRATE_VALUES, CA = 3, CB = 4, CLASS = 40, SIDE = 6 };

static double random_of(dc3_rng *rng)
{
    return 2 * dc3_rng_uniform(rng) - 1;
}

/* ---- colours ---- */

/* White has L* 100 and no colour: beyond the middle of the lightest cells, between the two middle ones of a*
 * and b*, so that four cells have a quarter each. */
static void white(void **state)
{
    (void)state;
    uint8_t rgb[2 * 3 * 3];
    memset(rgb, 255, sizeof rgb);
    dc3_lab_colours c;
    dc3_lab_colours_of(rgb, 3, 2, &c);
    assert_float_equal(c.moments[0], 100, 0.01);
    assert_float_equal(c.moments[3], 0, 0.02);
    for (int a = 3; a <= 4; a++)
        for (int b = 3; b <= 4; b++)
            assert_float_equal(c.density[(4 * DC3_LAB_HUE + a) * DC3_LAB_HUE + b], 0.25, 2e-3);
    assert_float_equal(c.curves[DC3_LAB_STEPS - 1] + c.curves[DC3_LAB_STEPS - 2], 1, 1e-12);
}

/* One pixel's shares of the cells: their middles' mean, weighted by the shares, is its colour; nothing of it
 * is more than a cell away. */
static void shares(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 1);
    for (int i = 0; i < 200; i++) {
        uint8_t rgb[3];
        double lab[3], mean[3] = {0}, sum = 0;
        for (int k = 0; k < 3; k++) rgb[k] = (uint8_t)(60 + dc3_rng_below(&rng, 100));
        dc3_lab_of_srgb(rgb, 1, lab);
        dc3_lab_colours c;
        dc3_lab_colours_of(rgb, 1, 1, &c);
        for (int cell = 0; cell < DC3_LAB_CELLS; cell++) {
            double middle[] = {20 * (cell / 64 + 0.5), -64 + 16 * (cell / 8 % 8 + 0.5),
                               -64 + 16 * (cell % 8 + 0.5)};
            sum += c.density[cell];
            for (int k = 0; k < 3; k++) mean[k] += c.density[cell] * middle[k];
            for (int k = 0; k < 3 && c.density[cell] > 0; k++)
                assert_true(fabs(middle[k] - lab[k]) <= (k ? 16 : 20) + 1e-9);
        }
        assert_float_equal(sum, 1, 1e-12);
        for (int k = 0; k < 3; k++) {
            double most = k ? 56 : 90, least = k ? -56 : 10;
            assert_float_equal(mean[k], fmax(least, fmin(most, lab[k])), 1e-9);
            assert_float_equal(c.moments[k], lab[k], 1e-12);
        }
        assert_float_equal(c.moments[3], hypot(lab[1], lab[2]), 1e-12);
    }
}

/* Of a large image every k-th pixel is looked at: one whose other pixels differ is the same. */
static void every_third(void **state)
{
    (void)state;
    enum { W = 130, H = 20 };
    static uint8_t one[W * H * 3], two[W * H * 3];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int at = (y * W + x) * 3;
            one[at] = two[at] = (uint8_t)(x + y);
            if (x % 3) two[at + 1] = 200;
        }
    dc3_lab_colours a, b;
    dc3_lab_colours_of(one, W, H, &a);
    dc3_lab_colours_of(two, W, H, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

/* ---- the class ---- */

typedef struct world {
    dc3_lab_colours class[CLASS];
    double a[CLASS * CA], b[CLASS * CB];
    dc3_target target;
} world;

static void unit(int n, double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    for (int i = 0; i < n; i++) x[i] /= sqrt(sum);
}

static void random_image(dc3_rng *rng, double shift, dc3_lab_colours *c)
{
    uint8_t rgb[SIDE * SIDE * 3];
    int base[3];
    for (int k = 0; k < 3; k++) base[k] = (int)dc3_rng_below(rng, 150);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        rgb[i] = (uint8_t)fmin(255, base[i % 3] + (double)dc3_rng_below(rng, 60) + (i % 3 ? 0 : shift));
    dc3_lab_colours_of(rgb, SIDE, SIDE, c);
}

static void random_factors(dc3_rng *rng, double *a, double *b)
{
    for (int k = 0; k < CA; k++) a[k] = random_of(rng);
    for (int k = 0; k < CB; k++) b[k] = random_of(rng);
    unit(CA, a), unit(CB, b);
}

static void open_world(uint64_t seed, world *w)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 2);
    for (int i = 0; i < CLASS; i++) {
        random_image(&rng, 0, &w->class[i]);
        random_factors(&rng, w->a + i * CA, w->b + i * CB);
    }
    assert_int_equal(dc3_target_open(CLASS, w->class, CA, w->a, CB, w->b, &w->target), DC3_OK);
}

/* The whole class is at no distance from itself, and n random images of it are at n |mean|^2 / trace, whose
 * expectation is 1: the mean over all sets of one image is exactly that. */
static void units(void **state)
{
    (void)state;
    static world w;
    open_world(5, &w);
    static double values[CLASS * VALUES];
    static const char dropped[CLASS];
    int64_t slot[CLASS], all[CLASS];
    double terms[DC3_TARGET_TERMS], mean[DC3_TARGET_TERMS] = {0};
    for (int i = 0; i < CLASS; i++) {
        slot[i] = all[i] = i;
        dc3_target_values(&w.target, &w.class[i], values + i * VALUES);
    }
    dc3_calibrating c = {&w.target, CLASS, CLASS, slot, dropped, values, w.a, w.b};
    assert_true(dc3_calibrate_distance(&c, all, terms) < 1e-9);
    for (int i = 0; i < CLASS; i++) {
        int64_t none = 0;
        dc3_calibrating one = {
            &w.target, 1, 1, (const int64_t[]){0}, dropped, values + i * VALUES, w.a + i * CA, w.b + i * CB};
        dc3_calibrate_distance(&one, &none, terms);
        for (int t = 0; t < DC3_TARGET_TERMS; t++) mean[t] += terms[t] / CLASS;
    }
    for (int t = 0; t < DC3_TARGET_TERMS; t++) assert_float_equal(mean[t], 1, 1e-9);
    dc3_target_close(&w.target);
}

/* ---- the choice ---- */

enum { SLOTS = 3, EACH = 5, ROWS = SLOTS * EACH };

typedef struct problem {
    world w;
    dc3_lab_colours colours[ROWS];
    double values[ROWS * VALUES], a[ROWS * CA], b[ROWS * CB];
    int64_t slot[ROWS];
    char dropped[ROWS];
    dc3_calibrating c;
} problem;

static void open_problem(uint64_t seed, int taught, problem *p)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 3);
    open_world(seed, &p->w);
    memset(p->dropped, 0, sizeof p->dropped);
    for (int i = 0; i < ROWS; i++) {
        p->slot[i] = i / EACH;
        random_image(&rng, 20 * (i % EACH), &p->colours[i]);
        random_factors(&rng, p->a + i * CA, p->b + i * CB);
        dc3_target_values(&p->w.target, &p->colours[i], p->values + i * VALUES);
    }
    p->c = (dc3_calibrating){
        &p->w.target,        SLOTS, ROWS, p->slot, p->dropped, p->values, taught ? p->a : NULL,
        taught ? p->b : NULL};
}

/* n |mean - target|^2 / trace of each term, written out. */
static double distance_of(const problem *p, const int64_t *choice)
{
    double sum = 0, all = 0;
    for (int k = 0; k < DC3_LAB_CELLS; k++) {
        double mean = 0;
        for (int s = 0; s < SLOTS; s++) mean += p->colours[choice[s]].density[k] / SLOTS;
        all += pow(mean - p->w.target.density[k], 2);
    }
    sum += SLOTS * all * p->w.target.scale[DC3_TERM_DENSITY];
    all = 0;
    for (int k = 0; k < DC3_LAB_MOMENTS; k++)
        for (int power = 1; power <= 2; power++) {
            double mean = 0, class = 0;
            for (int i = 0; i < SLOTS + CLASS; i++) {
                const dc3_lab_colours *c = i < SLOTS ? &p->colours[choice[i]] : &p->w.class[i - SLOTS];
                double z = (c->moments[k] - p->w.target.mean[k]) / p->w.target.deviation[k];
                z = fmax(-3, fmin(3, z));
                *(i < SLOTS ? &mean : &class) += pow(z, power) / (i < SLOTS ? SLOTS : CLASS);
            }
            all += pow(mean - class, 2);
        }
    sum += SLOTS * all * p->w.target.scale[DC3_TERM_MOMENTS];
    all = 0;
    for (int i = 0; i < CA && p->c.a; i++)
        for (int j = 0; j < CB; j++) {
            double mean = 0;
            for (int s = 0; s < SLOTS; s++)
                mean += p->a[choice[s] * CA + i] * p->b[choice[s] * CB + j] / SLOTS;
            all += pow(mean - p->w.target.gradient[i * CB + j], 2);
        }
    return sum + SLOTS * all * p->w.target.scale[DC3_TERM_GRADIENTS];
}

/* The best single exchange of `choice`, in order of rows; the distance after it, or -1: none is better. */
static double exchange(const problem *p, int64_t *choice, const int *taken, int64_t *row)
{
    double now = distance_of(p, choice), best = now - 1e-12;
    *row = -1;
    for (int64_t j = 0; j < ROWS; j++) {
        int64_t s = p->slot[j], old = choice[s];
        if ((taken && taken[s]) || p->dropped[j]) continue;
        choice[s] = j;
        double then = distance_of(p, choice);
        choice[s] = old;
        if (then < best - 1e-12) best = then, *row = j;
    }
    return *row < 0 ? -1 : best;
}

/* What the choice is by trying everything: the steepest exchange of a free slot, then the next, in rounds. */
static void by_force(const problem *p, int64_t *choice)
{
    int64_t row;
    for (int s = 0; s < SLOTS; s++) choice[s] = s * EACH;
    for (int changed = 1; changed;) {
        int taken[SLOTS] = {0};
        changed = 0;
        while (exchange(p, choice, taken, &row) >= 0) {
            choice[p->slot[row]] = row;
            taken[p->slot[row]] = changed = 1;
        }
    }
}

/* Against the same by brute force, without a teacher and with one, with some candidates dropped: the same
 * rows; no exchange is left that helps; never further than the originals, and mostly the best of all. */
static void choice(void **state)
{
    (void)state;
    static problem p;
    int best_of_all = 0, changed = 0;
    for (int seed = 0; seed < 40; seed++) {
        int64_t chosen[SLOTS], expected[SLOTS], any[SLOTS], row;
        open_problem((uint64_t)seed, seed % 2, &p);
        for (int i = 0; i < ROWS; i++) p.dropped[i] = seed % 4 > 1 && i % EACH && (i + seed) % 3 == 0;
        assert_int_equal(dc3_calibrate(&p.c, chosen), DC3_OK);
        by_force(&p, expected);
        for (int s = 0; s < SLOTS; s++) assert_int_equal(chosen[s], expected[s]);
        for (int s = 0; s < SLOTS; s++) assert_false(p.dropped[chosen[s]]);
        assert_true(exchange(&p, chosen, NULL, &row) < 0);
        double found = dc3_calibrate_distance(&p.c, chosen, NULL), best = INFINITY;
        assert_float_equal(found, distance_of(&p, chosen), 1e-9 * (1 + found));
        for (int all = 0; all < EACH * EACH * EACH; all++) {
            int least = 0;
            any[0] = all % EACH, any[1] = EACH + all / EACH % EACH, any[2] = 2 * EACH + all / EACH / EACH;
            for (int s = 0; s < SLOTS; s++) least |= p.dropped[any[s]];
            if (!least) best = fmin(best, distance_of(&p, any));
            if (!all) assert_true(found <= distance_of(&p, any) + 1e-9);
        }
        assert_true(found >= best - 1e-9);
        best_of_all += found < best + 1e-9;
        changed += chosen[0] != 0 || chosen[1] != EACH || chosen[2] != 2 * EACH;
        dc3_target_close(&p.w.target);
    }
    assert_true(best_of_all >= 20 && changed >= 30);
}

/* ---- the guard ---- */

static void range(void **state)
{
    (void)state;
    double losses[100], one[] = {0.3};
    for (int i = 0; i < 100; i++) losses[i] = 100 - i;
    dc3_loss_range r = dc3_loss_range_of(100, losses);
    assert_true(r.least == 5 && r.most == 95);
    r = dc3_loss_range_of(1, one);
    assert_true(r.least == 0.3 && r.most == 0.3);
}

static void guard(void **state)
{
    (void)state;
    const dc3_loss_range r = {0.1, 1};
    const float right[] = {0, 2, 1}, wrong[] = {0, 1, 2}, tied[] = {0, 2, 2};
    assert_true(dc3_guard_keeps(&r, 3, 1, right, 0.5, right, 0.9));
    assert_false(dc3_guard_keeps(&r, 3, 1, right, 0.5, wrong, 0.9)); /* not recognised any more */
    assert_true(dc3_guard_keeps(&r, 3, 1, wrong, 0.5, wrong, 0.9));  /* never was */
    assert_true(dc3_guard_keeps(&r, 3, 1, right, 0.5, tied, 0.9));
    assert_false(dc3_guard_keeps(&r, 3, 1, right, 0.5, right, 1.01)); /* too hard */
    assert_false(dc3_guard_keeps(&r, 3, 1, right, 0.5, right, 0.09)); /* too easy */
    assert_true(dc3_guard_keeps(&r, 3, 1, right, 1.5, right, 1.5));   /* no harder than the original */
    assert_true(dc3_guard_keeps(&r, 3, 1, right, 0.05, right, 0.05));
    assert_false(dc3_guard_keeps(&r, 3, 1, right, 0.5, right, NAN));
}

/* ---- candidates ---- */

static void candidates(void **state)
{
    (void)state;
    dc3_candidate all[DC3_CANDIDATES];
    assert_int_equal(dc3_candidates_of(3, all), DC3_CANDIDATES);
    assert_int_equal(dc3_candidates_of(1, all), 1 + 4 + 2);
    const dc3_candidate *random = &all[dc3_candidate_random(1)];
    assert_true(random->edits[0] == 0 && random->edits[1] == 1 && random->strength == 1);
    dc3_candidates_of(3, all);
    random = &all[dc3_candidate_random(3)];
    assert_true(random->edits[0] == 0 && random->edits[1] == 3 && random->strength == 1);
    for (int i = 0; i < DC3_CANDIDATES; i++)
        for (int k = 0; k < i; k++) assert_memory_not_equal(&all[i], &all[k], sizeof *all);

    enum { SIZE = 24, N = SIZE * SIZE * 3 };
    static float original[N], edits[2][N], out[N];
    const float *const list[] = {edits[0], edits[1]};
    for (int i = 0; i < N; i++) original[i] = 0.25f, edits[0][i] = 0.75f, edits[1][i] = 0.5f;
    dc3_candidate one = {{-1, -1}, 0};
    dc3_candidate_image(&one, DC3_COMBINE_RANDOM, SIZE, original, list, 0, 7, out);
    assert_memory_equal(out, original, sizeof out);
    one = (dc3_candidate){{1, -1}, 1};
    dc3_candidate_image(&one, DC3_COMBINE_RANDOM, SIZE, original, list, 0, 7, out);
    assert_memory_equal(out, edits[1], sizeof out);
    one = (dc3_candidate){{0, 1}, 0.5};
    dc3_candidate_image(&one, DC3_COMBINE_RANDOM, SIZE, original, list, 0, 7, out);
    int of[2] = {0};
    for (int i = 0; i < N; i++) {
        assert_true(out[i] == 0.5f || out[i] == 0.375f);
        of[out[i] == 0.375f]++;
    }
    assert_true(of[0] > N / 3 && of[1] > N / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(white),       cmocka_unit_test(shares),
                                       cmocka_unit_test(every_third), cmocka_unit_test(units),
                                       cmocka_unit_test(choice),      cmocka_unit_test(range),
                                       cmocka_unit_test(guard),       cmocka_unit_test(candidates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
