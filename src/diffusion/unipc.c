/* UniPC (Zhao et al. 2023, algorithms 5 to 8, B(h) as in appendix): each evaluation first corrects x by the
 * new output, then predicts the next x. With m0 the newest estimate, from time s to t, h the step in lambda =
 * -log(sigma), u = -h where the estimates are of x0, h where they are of the noise, x_t = a x_s - c (expm1(u)
 * m0 + B sum_k rho_k (m_k - m0) / r_k), r_k = (lambda_k - lambda_s) / h; the corrector has m_t as one of the
 * m_k, with r = 1. rho solves R rho = b, R_jk = r_k^(j - 1), b_j = j! phi_{j + 1}(u) u / B, B = expm1(u)
 * ("bh2") or u ("bh1"). */
#include <math.h>
#include "diffusion/sampler.h"

enum { MOST = 3 };                                       /* the order */
enum { BEFORE = DC3_TERM_MEMORY, LAST = BEFORE + MOST }; /* the memories: estimates, newest first; x_s */
_Static_assert(MOST + 1 <= DC3_SAMPLER_MEMORIES, "what is kept");

static double lambda_of(const dc3_sampler *s, int i)
{
    return -log(s->sigmas[i]);
}

/* Of the step from sigmas[i]. */
static int order_of(const dc3_sampler *s, int i)
{
    int order = s->config.order, left = s->evaluations - i;
    if ((s->config.lower_order_final || s->sigmas[s->evaluations] == 0) && left < order) order = left;
    return order < i + 1 ? order : i + 1;
}

/* Solves the n equations a x = b by elimination with pivots. */
static void solve(int n, double a[MOST][MOST], double *b, double *x)
{
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i][k]) > fabs(a[best][k])) best = i;
        for (int j = 0; j < n; j++) {
            double saved = a[k][j];
            a[k][j] = a[best][j], a[best][j] = saved;
        }
        double saved = b[k];
        b[k] = b[best], b[best] = saved;
        for (int i = k + 1; i < n; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < n; j++) a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        x[k] = b[k];
        for (int j = k + 1; j < n; j++) x[k] -= a[k][j] * x[j];
        x[k] /= a[k][k];
    }
}

/* rho [n] for r [n]. */
static void make_rho(int n, const double *r, double u, double scale, double *rho)
{
    double a[MOST][MOST], b[MOST], phi = expm1(u) / u - 1, factorial = 1;
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) a[j][k] = pow(r[k], j);
        b[j] = phi * factorial / scale;
        factorial *= j + 2;
        phi = phi / u - 1 / factorial;
    }
    solve(n, a, b, rho);
}

/* A step from sigmas[from] to the next one, of `order`, as weights of terms: of x_s, of m0, of those before
 * it in turn, and, where `corrects`, of m_t. */
typedef struct formula {
    double x, m[MOST], corrected;
} formula;

static formula formula_of(const dc3_sampler *s, int from, int order, int corrects)
{
    const dc3_scheduler_config *c = &s->config;
    double sigma = s->sigmas[from], next = s->sigmas[from + 1], r[MOST] = {0}, rho[MOST] = {0};
    double alpha = 1 / sqrt(sigma * sigma + 1), alpha_next = 1 / sqrt(next * next + 1);
    double h = next > 0 ? lambda_of(s, from + 1) - lambda_of(s, from) : INFINITY,
           u = c->predict_noise ? h : -h;
    double scale = c->bh1 ? u : expm1(u), gain = c->predict_noise ? next * alpha_next : alpha_next;
    int known = order - 1; /* estimates before m0 */
    formula f = {.x = c->predict_noise ? alpha_next / alpha : next * alpha_next / (sigma * alpha)};
    for (int k = 0; k < known; k++) r[k] = (lambda_of(s, from - 1 - k) - lambda_of(s, from)) / h;
    if (corrects) r[known] = 1;
    if (corrects ? order == 1 : order == 2)
        rho[0] = 0.5; /* as the paper's code has it */
    else
        make_rho(corrects ? order : known, r, u, scale, rho);
    f.m[0] = -gain * expm1(u);
    for (int k = 0; k < known; k++) {
        f.m[k + 1] = -gain * scale * rho[k] / r[k];
        f.m[0] -= f.m[k + 1];
    }
    if (corrects) f.corrected = -gain * scale * rho[known], f.m[0] -= f.corrected;
    return f;
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int newest = s->config.predict_noise ? DC3_TERM_SLOPE : DC3_TERM_ESTIMATE;
    double sigma = s->sigmas[i], alpha = 1 / sqrt(sigma * sigma + 1), *x = step->keep[LAST - BEFORE];
    dc3_unit_slope(s, alpha, sigma * alpha, step);
    if (i == 0)
        x[DC3_TERM_X] = 1;
    else { /* x as it is after the correction */
        int order = order_of(s, i - 1);
        formula c = formula_of(s, i - 1, order, 1);
        x[LAST] = c.x, x[newest] = c.corrected;
        for (int k = 0; k < order; k++) x[BEFORE + k] = c.m[k];
    }
    int order = order_of(s, i);
    formula p = formula_of(s, i, order, 0);
    for (int k = 0; k < DC3_TERMS; k++) step->next[k] = p.x * x[k];
    step->next[newest] += p.m[0];
    for (int k = 1; k < order; k++) step->next[BEFORE + k - 1] += p.m[k];
    for (int k = 0; k < MOST; k++) step->keep[k][k == 0 ? newest : BEFORE + k - 1] = 1;
}

const dc3_sampler_class dc3_sampler_unipc = {
    .scheduler = "UniPCMultistepScheduler",
    .spacing = DC3_SPACING_LINSPACE,
    .follows = DC3_KEY_ZERO_SNR | DC3_KEYS_RAMP | DC3_KEY_FINAL_SIGMA | DC3_KEYS_SOLVER | DC3_KEY_PREDICT_X0,
    .refuses = DC3_KEY_THRESHOLDING | DC3_KEY_FLOW_SIGMAS | DC3_KEY_CORRECTOR | DC3_KEY_SOLVER_P,
    .memories = MOST + 1,
    .ramp_ends = 1,
    .plan = dc3_plan_solver,
    .step = step_of};
