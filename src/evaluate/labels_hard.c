/* Hard labels: each view has its own class and its partner's, which all kinds have (label_source.c). */
#include <stdlib.h>
#include "evaluate/label_sources.h"

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    source->size = score->size;
    source->factor = score->factor;
    return DC3_OK;
}

static void release(dc3_label_source *source)
{
    (void)source;
}

dc3_status dc3_labels_hard_open(const dc3_label_source *common, dc3_label_source **source)
{
    static const dc3_label_functions functions = {start, NULL, dc3_labels_draw, NULL, release};
    dc3_label_source *hard = calloc(1, sizeof *hard);
    if (!hard) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *hard = *common;
    hard->functions = &functions;
    *source = hard;
    return DC3_OK;
}
