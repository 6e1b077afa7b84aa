#include "io/images/enlarge.h"

#include <stdlib.h>
#include <string.h>

enum {
    PHASES = 64, /* between two samples */
    WEIGHT_BITS = 12,
    TAPS = 4,
    BEFORE = 2, /* samples that the first one stands for beyond the edge, */
    AFTER = 3   /* and the last one */
};

/* Where the four samples of a wanted one begin, counted from BEFORE samples ahead of the first, and their
 * weights in units of 2^-12. */
typedef struct tap {
    int first;
    int weights[TAPS];
} tap;

/* Catmull and Rom's spline through four samples, x of the way from the second to the third. */
static void weigh(double x, int weights[TAPS])
{
    double left = 1 - x, outer = left * (-0.5 * x), first = left * outer, last = x * outer,
           rest = last - first;
    weights[0] = (int)(first * (1 << WEIGHT_BITS));
    weights[1] = (int)((left - first + rest) * (1 << WEIGHT_BITS));
    weights[2] = (int)((x - last - rest) * (1 << WEIGHT_BITS));
    weights[3] = (int)(last * (1 << WEIGHT_BITS));
}

static tap tap_at(double place)
{
    tap t = {.first = (int)place - 1};
    int part = ((int)(place * PHASES * 2) & (PHASES * 2 - 1)) + 1;
    weigh((double)(part >> 1) / PHASES, t.weights);
    return t;
}

static int rounded(int sum)
{
    return (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
}

/* A row of `from`, [width, 3], with its edges in `wide`, enlarged to [count, 3]; not yet cut to bytes. */
static void enlarge_row(const uint8_t *from, int width, const tap *taps, int count, uint8_t *wide,
                        int16_t *to)
{
    for (int i = 0; i < BEFORE; i++) memcpy(wide + 3 * i, from, 3);
    memcpy(wide + 3 * BEFORE, from, 3 * (size_t)width);
    for (int i = 0; i < AFTER; i++) memcpy(wide + 3 * (BEFORE + width + i), from + 3 * (width - 1), 3);
    for (int x = 0; x < count; x++, to += 3) {
        const uint8_t *p = wide + 3 * taps[x].first;
        const int *w = taps[x].weights;
        for (int c = 0; c < 3; c++)
            to[c] = (int16_t)rounded(w[0] * p[c] + w[1] * p[3 + c] + w[2] * p[6 + c] + w[3] * p[9 + c]);
    }
}

/* The weighted sum of four rows. */
static void mix_rows(int16_t *const rows[TAPS], const int weights[TAPS], int length, uint8_t *to)
{
    const int16_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    int16_t w0 = (int16_t)weights[0], w1 = (int16_t)weights[1], w2 = (int16_t)weights[2],
            w3 = (int16_t)weights[3];
    for (int i = 0; i < length; i++) {
        int v = rounded(w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * d[i]);
        to[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* What a call needs beside the result. */
typedef struct work {
    tap *across;
    uint8_t *wide;
    int16_t *rows[TAPS]; /* enlarged ones: row y of the source in y % TAPS */
    int held[TAPS];      /* which; -1: none */
} work;

static int work_make(work *w, int width, int count)
{
    w->across = malloc((size_t)count * sizeof *w->across);
    w->wide = malloc((size_t)(width + BEFORE + AFTER) * 3);
    int done = w->across && w->wide;
    for (int i = 0; i < TAPS; i++) {
        w->held[i] = -1;
        w->rows[i] = malloc((size_t)count * 3 * sizeof **w->rows);
        done = done && w->rows[i];
    }
    return done;
}

static void work_free(work *w)
{
    for (int i = 0; i < TAPS; i++) free(w->rows[i]);
    free(w->wide);
    free(w->across);
}

/* Enlarged rows for `t`, each made once as long as they are asked for from the top down. */
static void rows_for(const dc3_image *from, const tap *t, int count, work *w, int16_t *rows[TAPS])
{
    for (int i = 0; i < TAPS; i++) {
        int y = t->first - BEFORE + i;
        y = y < 0 ? 0 : y >= from->height ? from->height - 1 : y;
        int at = y % TAPS;
        rows[i] = w->rows[at];
        if (w->held[at] == y) continue;
        enlarge_row(from->pixels + (size_t)y * (size_t)from->width * 3, from->width, w->across, count,
                    w->wide, rows[i]);
        w->held[at] = y;
    }
}

int dc3_enlarge(const dc3_image *from, dc3_enlarge_axis across, dc3_enlarge_axis down, dc3_image *image)
{
    const double start = 1.5; /* of the first sample in the widened image */
    double part = 1.0 / (across.scale * down.scale), step = part * down.scale, line = part * across.scale,
           place = start;
    work w = {0};
    *image = (dc3_image){0};
    int done = work_make(&w, from->width, across.count) &&
               dc3_image_allocate((uint32_t)across.count, (uint32_t)down.count, image);
    for (int x = 0; done && x < across.first + across.count; x++, place += step)
        if (x >= across.first) w.across[x - across.first] = tap_at(place);
    for (int y = 0; done && y < down.count; y++) {
        int16_t *rows[TAPS];
        tap t = tap_at(line * (down.first + y) + 0.5 + 1);
        rows_for(from, &t, across.count, &w, rows);
        mix_rows(rows, t.weights, 3 * across.count, image->pixels + (size_t)y * (size_t)across.count * 3);
    }
    work_free(&w);
    return done;
}
