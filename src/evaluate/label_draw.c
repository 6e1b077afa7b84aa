#include "evaluate/label_sources.h"

dc3_status dc3_labels_draw(dc3_label_source *source, const dc3_label_batch *batch)
{
    for (int i = 0; i < batch->n; i++) {
        const dc3_loaded_image *image = &batch->images[i];
        if (source->plain)
            batch->params[i] = dc3_view_whole(image->width, image->height);
        else
            dc3_draw_recipe(&source->recipe, source->seed, batch->epoch, image, source->factor,
                            &batch->params[i]);
    }
    if (!source->plain)
        dc3_mix_recipe(&source->recipe, source->seed, batch->epoch, batch->number, batch->n, source->size,
                       batch->params);
    return DC3_OK;
}
