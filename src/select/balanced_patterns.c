/* Balanced Patterns Selection (BPS: "Balanced Dataset Distillation via Modeling Multiple Visual Pattern
 * Distribution", CVPR 2026, and its program). A class is taken for several patterns; each gives images by its
 * size, half of them, rounded up, nearest to its centre, and the others from its margin, where a teacher is
 * unsure but not at a loss. With unit embeddings u_i, entropies H_i of the teacher's probabilities, and a
 * pattern P:
 * - centre: by descending <u_i, sum_{j in P} u_j>;
 * - margin: two normal distributions are fitted to the max(|P| / 10, 10) largest H of P, with means mu_1 <
 * mu_2 that meet at t. What lies above t is noise. First come the rows of mu_1 <= H_i <= t by ascending H,
 * then those below mu_1 by descending H, the noise last, by ascending H. A pattern of fewer than ten rows, or
 * of equal entropies, has no such fit: its margin is by descending H. Where ours departs: the program finds
 * its patterns by Infomap on the features of a network that it trains with a contrastive loss; here they are
 * `bins` clusters (bins.h: PCA, k-means) of the given teacher's unit embeddings. It rounds |P| / m * IPC and
 * mends the sum; here the next image always goes to the pattern of the largest |P| / (2 given + 1) that has
 * room (Webster's, or Sainte-Lague's, method), and patterns take turns between centre and margin, so that the
 * first k images of a class are the same for every number of images per class. It fits H to what the centre
 * has left, ours to all of P; its t has the variances of the logarithm the wrong way round. O(m (d + c) + m
 * log m) beside the clusters. Ties go to the lowest row. */
#include <math.h>
#include <string.h>
#include "select/bins.h"
#include "select/certainty.h"
#include "select/choose.h"
#include "select/two_gaussians.h"

enum { LEAST = 10, PART = 10 }; /* rows of a fit, and which part of a pattern they are */

typedef struct pattern {
    int64_t first, count; /* of the rows by pattern */
    int64_t given;
    int64_t next[2]; /* in the orders by centre and margin */
} pattern;

typedef struct patterns {
    const dc3_candidates *from;
    int64_t m, d, count; /* rows, values of one, patterns */
    float *x;            /* [m, d], unit embeddings */
    int *of;             /* [m], pattern of each row */
    pattern *all;        /* [count] */
    int64_t *rows;       /* [m] by pattern */
    int64_t *orders[2];  /* [m] each: the rows of each pattern by centre and by margin */
    int64_t *scratch;    /* [m] */
    double *keys;        /* [m] */
    double *entropy;     /* [m] */
    double *values;      /* [3 m] */
    char *chosen;        /* [m] */
} patterns;

static dc3_status open_patterns(const dc3_candidates *from, patterns *p)
{
    size_t m = (size_t)from->m, d = (size_t)from->d;
    dc3_meter *meter = from->meter;
    int64_t k = from->options->bins < from->m ? from->options->bins : from->m;
    *p = (patterns){.from = from,
                    .m = from->m,
                    .d = from->d,
                    .count = k,
                    .x = dc3_meter_alloc(meter, m * d, sizeof *p->x),
                    .of = dc3_meter_alloc(meter, m, sizeof *p->of),
                    .all = dc3_meter_alloc(meter, (size_t)k, sizeof *p->all),
                    .rows = dc3_meter_alloc(meter, 4 * m, sizeof *p->rows),
                    .keys = dc3_meter_alloc(meter, 5 * m, sizeof *p->keys),
                    .chosen = dc3_meter_alloc(meter, m, 1)};
    if (!p->x || !p->of || !p->all || !p->rows || !p->keys || !p->chosen)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for the patterns of %lld rows", (long long)m);
    p->orders[0] = p->rows + m, p->orders[1] = p->rows + 2 * m, p->scratch = p->rows + 3 * m;
    p->entropy = p->keys + m, p->values = p->keys + 2 * m;
    return DC3_OK;
}

static void close_patterns(patterns *p)
{
    dc3_meter *meter = p->from->meter;
    dc3_meter_free(meter, p->x);
    dc3_meter_free(meter, p->of);
    dc3_meter_free(meter, p->all);
    dc3_meter_free(meter, p->rows);
    dc3_meter_free(meter, p->keys);
    dc3_meter_free(meter, p->chosen);
}

/* A row of zeros stays as it is. */
static void take_rows(patterns *p)
{
    const dc3_candidates *from = p->from;
    for (int64_t i = 0; i < p->m; i++) {
        const float *x = from->embeddings + from->rows[i] * p->d;
        double square = 0;
        for (int64_t j = 0; j < p->d; j++) square += (double)x[j] * x[j];
        for (int64_t j = 0; j < p->d; j++)
            p->x[i * p->d + j] = square > 0 ? (float)(x[j] / sqrt(square)) : x[j];
        p->entropy[i] = dc3_entropy(from->c, from->logits + from->rows[i] * from->c);
    }
}

/* The clusters, and the rows by them. */
static dc3_status find_patterns(patterns *p)
{
    const dc3_select_options *o = p->from->options;
    DC3_TRY(dc3_bins(p->from->meter, p->m, p->d, p->x, o->components, (int)p->count, o->seed,
                     (uint64_t)p->from->label, p->of));
    int64_t next = 0;
    for (int64_t b = 0; b < p->count; b++) {
        p->all[b].first = next;
        for (int64_t i = 0; i < p->m; i++)
            if (p->of[i] == b) p->rows[next++] = i;
        p->all[b].count = next - p->all[b].first;
    }
    return DC3_OK;
}

/* The pattern's rows into its part of an order, by ascending keys [count] of them. */
static void put_in_order(patterns *p, const pattern *b, int which)
{
    dc3_order_by(b->count, p->keys, p->scratch);
    for (int64_t k = 0; k < b->count; k++) p->orders[which][b->first + k] = p->rows[b->first + p->scratch[k]];
}

static void order_by_centre(patterns *p, const pattern *b, double *sum)
{
    memset(sum, 0, (size_t)p->d * sizeof *sum);
    for (int64_t k = 0; k < b->count; k++)
        for (int64_t j = 0; j < p->d; j++) sum[j] += p->x[p->rows[b->first + k] * p->d + j];
    for (int64_t k = 0; k < b->count; k++) {
        double product = 0;
        for (int64_t j = 0; j < p->d; j++) product += p->x[p->rows[b->first + k] * p->d + j] * sum[j];
        p->keys[k] = -product;
    }
    put_in_order(p, b, 0);
}

/* Where the margin begins and where noise does; 0 where nothing can be fitted. */
static int find_margin(patterns *p, const pattern *b, double *begins, double *noise)
{
    dc3_two_gaussians mixture;
    int64_t n = b->count / PART > LEAST ? b->count / PART : LEAST;
    if (b->count < LEAST) return 0;
    for (int64_t k = 0; k < b->count; k++) p->keys[k] = p->entropy[p->rows[b->first + k]];
    dc3_order_by(b->count, p->keys, p->scratch);
    for (int64_t k = 0; k < n; k++) p->values[k] = p->keys[p->scratch[b->count - n + k]];
    if (!dc3_fit_two_gaussians(n, p->values, p->values + n, &mixture)) return 0;
    *begins = mixture.mean[0];
    *noise = dc3_gaussians_meet(&mixture);
    return 1;
}

static void order_by_margin(patterns *p, const pattern *b)
{
    double begins = INFINITY, noise = INFINITY,
           far = 2 * log((double)(p->from->c + 1)); /* above any entropy */
    int fitted = find_margin(p, b, &begins, &noise);
    for (int64_t k = 0; k < b->count; k++) {
        double h = p->entropy[p->rows[b->first + k]];
        p->keys[k] = !fitted || h < begins ? far - h : h <= noise ? h : 2 * far + h;
    }
    put_in_order(p, b, 1);
}

/* The pattern that the next image is due to. */
static pattern *next_pattern(const patterns *p)
{
    pattern *best = NULL;
    for (pattern *b = p->all; b < p->all + p->count; b++) {
        if (b->given == b->count) continue;
        if (!best || (double)b->count * (double)(2 * best->given + 1) >
                         (double)best->count * (double)(2 * b->given + 1))
            best = b;
    }
    return best;
}

static int64_t take(patterns *p, pattern *b)
{
    int which = (int)(b->given++ % 2);
    const int64_t *order = p->orders[which] + b->first;
    while (p->chosen[order[b->next[which]]]) b->next[which]++;
    int64_t row = order[b->next[which]++];
    p->chosen[row] = 1;
    return row;
}

dc3_status dc3_choose_balanced_patterns(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    patterns p;
    double *sum = dc3_meter_alloc(from->meter, (size_t)from->d, sizeof *sum);
    dc3_status status = open_patterns(from, &p);
    if (status == DC3_OK && !sum) status = dc3_fail(DC3_ERR_MEMORY, "out of memory for a centre");
    if (status == DC3_OK) {
        take_rows(&p);
        status = find_patterns(&p);
    }
    for (int64_t b = 0; status == DC3_OK && b < p.count; b++) {
        order_by_centre(&p, &p.all[b], sum);
        order_by_margin(&p, &p.all[b]);
        status = dc3_check_cancel();
    }
    for (int64_t k = 0; status == DC3_OK && k < count; k++) picks[k] = take(&p, next_pattern(&p));
    dc3_meter_free(from->meter, sum);
    close_patterns(&p);
    return status;
}
