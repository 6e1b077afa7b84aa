/* Hard labels: each view has its own class and its partner's, weighted by CutMix's areas. */
#include <stdlib.h>
#include "evaluate/label_sources.h"

typedef struct hard {
    dc3_label_source common;
    int64_t *classes; /* [batch, 2] */
    float *weights;   /* [batch, 2] */
} hard;

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    hard *h = (hard *)source;
    source->size = score->size;
    source->factor = score->factor;
    h->classes = malloc(2 * (size_t)score->batch * sizeof *h->classes);
    h->weights = malloc(2 * (size_t)score->batch * sizeof *h->weights);
    return h->classes && h->weights ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status target(dc3_label_source *source, const dc3_label_batch *batch, dc3_target *to)
{
    hard *h = (hard *)source;
    for (int i = 0; i < batch->n; i++) {
        const dc3_view_params *params = &batch->params[i];
        float lambda = (float)dc3_view_lambda(params, source->size);
        h->classes[2 * i] = dc3_dataset_label(source->data, batch->images[i].item);
        h->classes[2 * i + 1] = dc3_dataset_label(source->data, batch->images[params->partner].item);
        h->weights[2 * i] = lambda;
        h->weights[2 * i + 1] = 1 - lambda;
    }
    *to = (dc3_target){.k = 2, .labels = h->classes, .weights = h->weights};
    return DC3_OK;
}

static void release(dc3_label_source *source)
{
    hard *h = (hard *)source;
    free(h->classes);
    free(h->weights);
}

dc3_status dc3_labels_hard_open(const dc3_label_source *common, dc3_label_source **source)
{
    static const dc3_label_functions functions = {start, NULL, dc3_labels_draw, target, release};
    hard *h = calloc(1, sizeof *h);
    if (!h) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    h->common = *common;
    h->common.functions = &functions;
    *source = &h->common;
    return DC3_OK;
}
