/* Of each part the sums of p and of sum_y p log p are enough: mean KL = mean sum p log p - sum q log q with q
 * the mean of p. */
#include "metrics/inception_score.h"

#include <math.h>
#include <stdlib.h>

struct dc3_inception_score {
    int64_t classes;
    int parts;
    int64_t *n;            /* [parts] */
    double *sums, *inside; /* [parts, classes] of p; [parts] of p log p */
    double *p;             /* [classes] */
};

dc3_status dc3_inception_score_open(int64_t classes, int parts, dc3_inception_score **score)
{
    dc3_inception_score *s = *score = calloc(1, sizeof *s);
    if (s) {
        *s = (dc3_inception_score){.classes = classes, .parts = parts};
        s->n = calloc((size_t)parts, sizeof *s->n);
        s->inside = calloc((size_t)parts, sizeof *s->inside);
        s->sums = calloc((size_t)parts * (size_t)classes, sizeof *s->sums);
        s->p = calloc((size_t)classes, sizeof *s->p);
        if (s->n && s->inside && s->sums && s->p) return DC3_OK;
    }
    dc3_inception_score_close(score);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_inception_score_close(dc3_inception_score **score)
{
    dc3_inception_score *s = *score;
    if (s) free(s->n), free(s->inside), free(s->sums), free(s->p);
    free(s);
    *score = NULL;
}

void dc3_inception_score_add(dc3_inception_score *s, int part, const float *logits)
{
    double most = logits[0], sum = 0, *sums = s->sums + part * s->classes;
    for (int64_t c = 1; c < s->classes; c++) most = logits[c] > most ? logits[c] : most;
    for (int64_t c = 0; c < s->classes; c++) sum += s->p[c] = exp(logits[c] - most);
    /* cppcheck-suppress invalidFunctionArg; the largest logit adds 1 */
    double scale = log(sum);
    for (int64_t c = 0; c < s->classes; c++) {
        double p = s->p[c] / sum;
        sums[c] += p;
        s->inside[part] += p * (logits[c] - most - scale);
    }
    s->n[part]++;
}

int dc3_inception_score_part(int64_t rank, int64_t n, int parts)
{
    return (int)(((rank + 1) * parts - 1) / n);
}

static double score_of(const dc3_inception_score *s, int part)
{
    double n = (double)s->n[part], kl = s->inside[part] / n;
    for (int64_t c = 0; c < s->classes; c++) {
        double q = s->sums[part * s->classes + c] / n;
        if (q > 0) kl -= q * log(q);
    }
    return exp(kl);
}

void dc3_inception_score_get(const dc3_inception_score *s, double *mean, double *deviation)
{
    double n = 0, sum = 0, squares = 0;
    for (int i = 0; i < s->parts; i++)
        if (s->n[i]) n++, sum += score_of(s, i);
    *mean = sum / n;
    for (int i = 0; i < s->parts; i++)
        if (s->n[i]) squares += (score_of(s, i) - *mean) * (score_of(s, i) - *mean);
    *deviation = sqrt(squares / n);
}
