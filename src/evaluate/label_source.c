#include "evaluate/label_source.h"

#include <stdlib.h>
#include "evaluate/label_sources.h"
#include "learn/protocol.h"

dc3_status dc3_label_source_open(dc3_label_kind kind, const dc3_evaluate_options *options,
                                 const dc3_dataset *data, dc3_dtype dtype, int plain,
                                 dc3_label_source **source)
{
    static dc3_label_opener *const openers[] = {[DC3_LABELS_SOFT] = dc3_labels_soft_open,
                                                [DC3_LABELS_STORED] = dc3_labels_stored_open,
                                                [DC3_LABELS_HARD] = dc3_labels_hard_open};
    const dc3_label_source common = {.options = options,
                                     .data = data,
                                     .dtype = dtype,
                                     .n = dc3_dataset_size(data),
                                     .classes = dc3_dataset_classes(data),
                                     .plain = plain,
                                     .temperature = kind == DC3_LABELS_HARD    ? 0
                                                    : options->temperature > 0 ? options->temperature
                                                                               : DC3_PROTOCOL_TEMPERATURE,
                                     .seed = options->seed};
    *source = NULL;
    return openers[kind](&common, source);
}

void dc3_label_source_close(dc3_label_source **source)
{
    if (!*source) return;
    (*source)->functions->close(*source);
    free((*source)->path);
    free(*source);
    *source = NULL;
}
