#include "learn/replicas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "learn/params.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/sum.h"
#include "tensor/device.h"

/* What stands behind the values of the tensors. */
enum { LOSS, WEIGHT, FIGURES };

struct dc3_replicas {
    const dc3_param *params;
    size_t count;
    int64_t values; /* of all gradients and buffers */
    float *part;    /* [values + FIGURES] of one part, then of all */
    float *before;  /* [values of the buffers] */
    dc3_sum *sum;
};

/* What is averaged of a parameter: its gradient, or itself where it is a buffer. */
static dc3_tensor averaged(const dc3_param *p)
{
    return p->gradient.data ? p->gradient : p->value;
}

dc3_status dc3_replicas_agree(const dc3_param *params, size_t count, int64_t step)
{
    char text[100];
    uint64_t weights;
    if (dc3_ranks_count() == 1) return DC3_OK;
    DC3_TRY(dc3_params_hash(params, count, &weights));
    snprintf(text, sizeof text, "step: %lld\nweights at the start: %016llx\n", (long long)step,
             (unsigned long long)weights);
    return dc3_ranks_agree(text);
}

dc3_status dc3_replicas_open(const dc3_param *params, size_t count, int parts, dc3_replicas **replicas)
{
    dc3_replicas *r = *replicas = calloc(1, sizeof *r);
    int64_t buffers = 0;
    if (!r) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    r->params = params, r->count = count;
    for (size_t i = 0; i < count; i++) {
        dc3_tensor x = averaged(&params[i]);
        int64_t n = dc3_count(&x);
        r->values += n;
        if (!params[i].gradient.data) buffers += n;
    }
    r->part = dc3_alloc((size_t)(r->values + FIGURES) * sizeof *r->part);
    r->before = dc3_alloc((size_t)(buffers + 1) * sizeof *r->before);
    if (!r->part || !r->before)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld gradients of a part", (long long)r->values);
    return dc3_sum_open(parts, r->values + FIGURES, &r->sum);
}

void dc3_replicas_close(dc3_replicas **replicas)
{
    dc3_replicas *r = *replicas;
    if (!r) return;
    dc3_sum_close(&r->sum);
    free(r->part);
    free(r->before);
    free(r);
    *replicas = NULL;
}

int dc3_replicas_have(const dc3_replicas *r, int part)
{
    return dc3_sum_has(r->sum, part);
}

/* What is averaged, or the buffers of it alone, from the tensors to `at`; back: from there. */
static dc3_status move(const dc3_replicas *r, int buffers, float *at, int back)
{
    for (size_t i = 0; i < r->count; i++) {
        dc3_tensor x = averaged(&r->params[i]);
        if (buffers && r->params[i].gradient.data) continue;
        DC3_TRY(back ? dc3_tensor_write(&x, at) : dc3_tensor_read(&x, at));
        at += dc3_count(&x);
    }
    return DC3_OK;
}

dc3_status dc3_replicas_begin(dc3_replicas *r)
{
    return move(r, 1, r->before, 0);
}

dc3_status dc3_replicas_add(dc3_replicas *r, int part, double weight, double loss)
{
    float w = (float)weight;
    if (w > 0) {
        DC3_TRY(move(r, 0, r->part, 0));
        for (int64_t i = 0; i < r->values; i++) r->part[i] *= w;
    } else
        memset(r->part, 0, (size_t)r->values * sizeof *r->part);
    r->part[r->values + LOSS] = w > 0 ? w * (float)loss : 0;
    r->part[r->values + WEIGHT] = w;
    DC3_TRY(move(r, 1, r->before, 1));
    return dc3_sum_add(r->sum, part, r->part);
}

dc3_status dc3_replicas_join(dc3_replicas *r, double *loss, double *weight)
{
    DC3_TRY(dc3_sum_take(r->sum, r->part));
    float all = r->part[r->values + WEIGHT];
    *loss = 0, *weight = all;
    if (!(all > 0)) return DC3_OK;
    *loss = r->part[r->values + LOSS] / all;
    for (int64_t i = 0; i < r->values; i++) r->part[i] /= all;
    return move(r, 0, r->part, 1);
}
