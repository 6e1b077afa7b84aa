#include "teacher/mean_answers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

dc3_status dc3_mean_answers_begin(dc3_mean_answers *a, int64_t n, int64_t classes)
{
    if (a->teachers++) return DC3_OK;
    a->n = n, a->classes = classes;
    a->logits = calloc((size_t)(n * classes), sizeof *a->logits);
    a->labels = malloc((size_t)n * sizeof *a->labels);
    for (int64_t i = 0; a->labels && i < n; i++) a->labels[i] = -1;
    return a->logits && a->labels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_mean_answers_add(dc3_mean_answers *a, int64_t i, int label, const float *logits)
{
    a->labels[i] = label;
    for (int64_t k = 0; k < a->classes; k++) a->logits[i * a->classes + k] += logits[k];
}

dc3_teacher_accuracy dc3_mean_answers_accuracy(const dc3_mean_answers *a, const char *on)
{
    int64_t read = 0, right = 0;
    for (int64_t i = 0; i < a->n; i++) {
        const float *z = a->logits + i * a->classes;
        int64_t best = 0;
        int finite = 1;
        for (int64_t k = 0; k < a->classes; k++) {
            finite = finite && isfinite(z[k]);
            best = z[k] > z[best] ? k : best;
        }
        read += a->labels[i] >= 0;
        right += finite && best == a->labels[i];
    }
    dc3_teacher_accuracy accuracy = {.top1 = read ? (double)right / (double)read : -1, .images = read};
    snprintf(accuracy.on, sizeof accuracy.on, "%s", on);
    return accuracy;
}

void dc3_mean_answers_free(dc3_mean_answers *a)
{
    free(a->logits);
    free(a->labels);
    *a = (dc3_mean_answers){0};
}
