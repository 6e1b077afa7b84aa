#include "train/logistic.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "select/blas.h"

/* Rows are worked on in parts that depend on their number alone, and the parts' sums added in order. */
enum { MOST_PARTS = 16, LEAST_ROWS = 256, MEMORY = 10, MOST_STEPS = 1000, MOST_HALVINGS = 30 };

typedef struct fit {
    const dc3_logistic_data *data;
    double decay;
    int64_t size, parts, rows; /* size: of the weights */
    float *w, *b;              /* the weights in f32, [classes, d] and [classes] */
    float *logits;             /* [n, classes], then softmax less one at the label */
    float *slopes;             /* [parts, classes, d] */
    double *losses;            /* [parts] */
    int64_t right;
    dc3_status status; /* of what was computed last */
} fit;

static void close_fit(fit *f)
{
    free(f->w), free(f->b), free(f->logits), free(f->slopes), free(f->losses);
}

static dc3_status open_fit(fit *f, const dc3_logistic_data *data, double decay, int learns)
{
    int64_t most = (data->n + LEAST_ROWS - 1) / LEAST_ROWS;
    *f = (fit){.data = data, .decay = decay, .size = data->classes * (data->d + 1)};
    f->parts = most < MOST_PARTS ? most : MOST_PARTS;
    f->rows = (data->n + f->parts - 1) / f->parts;
    size_t matrix = (size_t)(data->classes * data->d);
    f->w = malloc(matrix * sizeof *f->w);
    f->b = malloc((size_t)data->classes * sizeof *f->b);
    f->logits = malloc((size_t)(data->n * data->classes) * sizeof *f->logits);
    f->slopes = learns ? malloc((size_t)f->parts * matrix * sizeof *f->slopes) : NULL;
    f->losses = malloc(2 * (size_t)f->parts * sizeof *f->losses);
    if (f->w && f->b && f->logits && f->losses && (f->slopes || !learns)) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory for a regression on %lld rows of %lld values",
                    (long long)data->n, (long long)data->d);
}

/* -log softmax(z)[label]; z becomes softmax(z), less one at the label. *is_right: no answer is larger, none
 * before it as large. */
static double finish_row(float *z, int64_t classes, int64_t label, int *is_right)
{
    double sum = 0;
    int64_t best = 0;
    for (int64_t k = 1; k < classes; k++)
        if (z[k] > z[best]) best = k;
    double most = (double)z[best], own = (double)z[label] - most;
    for (int64_t k = 0; k < classes; k++) sum += exp((double)z[k] - most);
    for (int64_t k = 0; k < classes; k++) z[k] = (float)(exp((double)z[k] - most) / sum);
    z[label] -= 1;
    *is_right = best == label;
    return log(sum) - own;
}

static dc3_status run_part(void *user, int worker, int64_t part, void *result)
{
    const fit *f = user;
    const dc3_logistic_data *data = f->data;
    int64_t k = data->classes, d = data->d, first = part * f->rows;
    int64_t end = first + f->rows < data->n ? first + f->rows : data->n;
    int rows = (int)(end - first), is_right;
    (void)worker, (void)result;
    double loss = 0, right = 0;
    float *z = f->logits + first * k;
    for (int64_t i = 0; i < rows; i++) memcpy(z + i * k, f->b, (size_t)k * sizeof *z);
    if (rows > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, (int)k, (int)d, 1, data->x + first * d,
                    (int)d, f->w, (int)d, 1, z, (int)k);
    for (int64_t i = 0; i < rows; i++) {
        loss += finish_row(z + i * k, k, data->y[first + i], &is_right);
        right += is_right;
    }
    f->losses[2 * part] = loss, f->losses[2 * part + 1] = right;
    if (!f->slopes) return DC3_OK;
    float *slopes = f->slopes + part * k * d;
    memset(slopes, 0, (size_t)(k * d) * sizeof *slopes);
    if (rows > 0)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)k, (int)d, rows, 1, z, (int)k,
                    data->x + first * d, (int)d, 0, slopes, (int)d);
    return DC3_OK;
}

/* The mean loss at `weights`, without the decay; NAN where f->status says why there is none. */
static double run_all(fit *f, const double *weights)
{
    const dc3_logistic_data *data = f->data;
    DC3_BLAS_SCOPE();
    for (int64_t k = 0; k < data->classes; k++) {
        const double *row = weights + k * (data->d + 1);
        for (int64_t j = 0; j < data->d; j++) f->w[k * data->d + j] = (float)row[j];
        f->b[k] = (float)row[data->d];
    }
    f->status = dc3_pieces_run(
        &(dc3_pieces){.count = f->parts, .workers = data->threads, .user = f, .work = run_part});
    if (f->status != DC3_OK) return NAN;
    double loss = 0, right = 0;
    for (int64_t p = 0; p < f->parts; p++) loss += f->losses[2 * p], right += f->losses[2 * p + 1];
    f->right = (int64_t)right;
    return loss / (double)data->n;
}

/* f and its gradient. */
static double value(fit *f, const double *weights, double *gradient)
{
    const dc3_logistic_data *data = f->data;
    double loss = run_all(f, weights), squares = 0;
    if (f->status != DC3_OK) return loss;
    for (int64_t k = 0; k < data->classes; k++) {
        const double *row = weights + k * (data->d + 1);
        double *slope = gradient + k * (data->d + 1), bias = 0;
        for (int64_t j = 0; j < data->d; j++) {
            double sum = 0;
            for (int64_t p = 0; p < f->parts; p++)
                sum += (double)f->slopes[(p * data->classes + k) * data->d + j];
            slope[j] = sum / (double)data->n + f->decay * row[j];
            squares += row[j] * row[j];
        }
        for (int64_t i = 0; i < data->n; i++) bias += (double)f->logits[i * data->classes + k];
        slope[data->d] = bias / (double)data->n;
    }
    return loss + f->decay / 2 * squares;
}

static double dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* What L-BFGS knows. */
typedef struct search {
    int64_t n;
    double *steps, *changes; /* the last ones of the weights and of the gradient, [MEMORY, n] */
    double rates[MEMORY];    /* 1 / (step . change) */
    int count;               /* of all that were kept */
    double *gradient, *direction, *next, *next_gradient; /* [n] */
    double *memory;
} search;

static dc3_status open_search(search *s, int64_t n)
{
    *s = (search){.n = n, .memory = malloc((size_t)(2 * MEMORY + 4) * (size_t)n * sizeof *s->memory)};
    if (!s->memory)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for a regression of %lld weights", (long long)n);
    s->steps = s->memory, s->changes = s->steps + MEMORY * n;
    s->gradient = s->changes + MEMORY * n, s->direction = s->gradient + n;
    s->next = s->direction + n, s->next_gradient = s->next + n;
    return DC3_OK;
}

/* The two loops: the direction is minus the gradient times what is known of the inverse of the second
 * derivatives. */
static void find_direction(search *s)
{
    double alpha[MEMORY];
    int kept = s->count < MEMORY ? s->count : MEMORY;
    for (int64_t i = 0; i < s->n; i++) s->direction[i] = -s->gradient[i];
    for (int m = 1; m <= kept; m++) {
        int at = (s->count - m) % MEMORY;
        alpha[at] = s->rates[at] * dot(s->n, s->steps + at * s->n, s->direction);
        cblas_daxpy((int)s->n, -alpha[at], s->changes + at * s->n, 1, s->direction, 1);
    }
    if (kept) {
        int last = (s->count - 1) % MEMORY;
        const double *change = s->changes + last * s->n;
        cblas_dscal((int)s->n, 1 / (s->rates[last] * dot(s->n, change, change)), s->direction, 1);
    }
    for (int m = kept; m >= 1; m--) {
        int at = (s->count - m) % MEMORY;
        double beta = s->rates[at] * dot(s->n, s->changes + at * s->n, s->direction);
        cblas_daxpy((int)s->n, alpha[at] - beta, s->steps + at * s->n, 1, s->direction, 1);
    }
}

/* Keeps a step, where f bends upwards along it. */
static void remember(search *s, const double *weights)
{
    int at = s->count % MEMORY;
    double *step = s->steps + at * s->n, *change = s->changes + at * s->n;
    for (int64_t i = 0; i < s->n; i++) {
        step[i] = s->next[i] - weights[i];
        change[i] = s->next_gradient[i] - s->gradient[i];
    }
    double bend = dot(s->n, step, change);
    if (!(bend > 1e-12 * dot(s->n, change, change))) return;
    s->rates[at] = 1 / bend;
    s->count++;
}

static double largest(int64_t n, const double *x)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* Halves the step until f falls by a part of what its slope promises (Armijo); 0: it never does. */
static int descend(search *s, fit *f, const double *weights, double *now)
{
    const double part = 1e-4;
    double slope = dot(s->n, s->direction, s->gradient);
    double length = s->count ? 1 : fmin(1, 1 / sqrt(dot(s->n, s->gradient, s->gradient)));
    for (int i = 0; slope < 0 && i < MOST_HALVINGS; i++, length /= 2) {
        for (int64_t j = 0; j < s->n; j++) s->next[j] = weights[j] + length * s->direction[j];
        double then = value(f, s->next, s->next_gradient);
        if (f->status != DC3_OK) return 0;
        if (!(then <= *now + part * length * slope)) continue;
        *now = then;
        return 1;
    }
    return 0;
}

static dc3_status minimise(search *s, fit *f, double *weights, double *loss)
{
    const double small = 1e-5;
    *loss = value(f, weights, s->gradient);
    DC3_TRY(f->status);
    for (int i = 0; i < MOST_STEPS && largest(s->n, s->gradient) > small; i++) {
        find_direction(s);
        if (!descend(s, f, weights, loss)) {
            DC3_TRY(f->status);
            if (!s->count) break;
            s->count = 0; /* once more along the gradient alone */
            continue;
        }
        remember(s, weights);
        memcpy(weights, s->next, (size_t)s->n * sizeof *weights);
        memcpy(s->gradient, s->next_gradient, (size_t)s->n * sizeof *weights);
    }
    return isfinite(*loss) ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "a regression's values are not finite");
}

dc3_status dc3_logistic_fit(const dc3_logistic_data *data, double decay, double *weights, double *loss)
{
    fit f;
    search s = {0};
    dc3_status status = open_fit(&f, data, decay, 1);
    if (status == DC3_OK) status = open_search(&s, f.size);
    if (status == DC3_OK) status = minimise(&s, &f, weights, loss);
    free(s.memory);
    close_fit(&f);
    return status;
}

dc3_status dc3_logistic_test(const dc3_logistic_data *data, const double *weights, double *loss,
                             double *right)
{
    fit f;
    dc3_status status = open_fit(&f, data, 0, 0);
    if (status == DC3_OK) {
        *loss = run_all(&f, weights);
        status = f.status;
        *right = (double)f.right / (double)data->n;
    }
    close_fit(&f);
    return status;
}
