#include "evaluate/label_source.h"

#include <stdlib.h>
#include "evaluate/label_sources.h"

dc3_status dc3_label_source_open(dc3_label_kind kind, const dc3_evaluate_options *options,
                                 const dc3_recipe *recipe, const dc3_dataset *data, dc3_dtype dtype,
                                 int plain, dc3_label_source **source)
{
    static dc3_label_opener *const openers[] = {[DC3_LABELS_SOFT] = dc3_labels_soft_open,
                                                [DC3_LABELS_STORED] = dc3_labels_stored_open,
                                                [DC3_LABELS_HARD] = dc3_labels_hard_open};
    const dc3_label_source common = {
        .options = options,
        .data = data,
        .dtype = dtype,
        .n = dc3_dataset_size(data),
        .classes = dc3_dataset_classes(data),
        .recipe = *recipe,
        .plain = plain,
        .temperature = kind == DC3_LABELS_HARD || recipe->loss != DC3_LOSS_KL ? 0 : recipe->temperature,
        .seed = options->seed};
    *source = NULL;
    return openers[kind](&common, source);
}

dc3_status dc3_label_source_start(dc3_label_source *source, const dc3_score *score)
{
    size_t batch = (size_t)score->batch;
    DC3_TRY(source->functions->start(source, score));
    source->hard = malloc(2 * batch * sizeof *source->hard);
    source->shares = malloc(2 * batch * sizeof *source->shares);
    return source->hard && source->shares ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* Each view has its own class and its partner's, by the area that is left of it. */
static void fill_hard(dc3_label_source *source, const dc3_label_batch *batch)
{
    for (int i = 0; i < batch->n; i++) {
        const dc3_view_params *params = &batch->params[i];
        float lambda = (float)dc3_view_lambda(params, source->size);
        source->hard[2 * i] = dc3_dataset_label(source->data, batch->images[i].item);
        source->hard[2 * i + 1] = dc3_dataset_label(source->data, batch->images[params->partner].item);
        source->shares[2 * i] = lambda;
        source->shares[2 * i + 1] = 1 - lambda;
    }
}

dc3_status dc3_label_source_target(dc3_label_source *source, const dc3_label_batch *batch, dc3_target *target)
{
    const dc3_recipe *recipe = &source->recipe;
    const float *logits = NULL;
    if (source->functions->logits) DC3_TRY(source->functions->logits(source, batch, &logits));
    fill_hard(source, batch);
    *target = (dc3_target){.logits = logits,
                           .loss = recipe->loss,
                           .temperature = (float)source->temperature,
                           .hard = (float)recipe->hard,
                           .k = 2,
                           .labels = source->hard,
                           .weights = source->shares,
                           .smoothing = (float)recipe->smoothing};
    return DC3_OK;
}

void dc3_label_source_close(dc3_label_source **source)
{
    if (!*source) return;
    (*source)->functions->close(*source);
    free((*source)->path);
    json_decref((*source)->teachers);
    free((*source)->hard);
    free((*source)->shares);
    free(*source);
    *source = NULL;
}
