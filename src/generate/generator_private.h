/* What the files of the generator share. Private to this folder. */
#ifndef DC3_GENERATE_GENERATOR_PRIVATE_H
#define DC3_GENERATE_GENERATOR_PRIVATE_H

#include "generate/generator.h"

struct dc3_generator {
    int is_beside; /* the model is another generator's */
    dc3_ctx *ctx;
    dc3_governor governor; /* of the context's threads, step by step */
    dc3_pipeline model;
    dc3_edit_settings defaults;
    const json_t *labels;     /* id2label, the index's; NULL: there is none */
    dc3_sampler *sampler;     /* of the last batch, */
    dc3_denoising *denoising; /* and the denoiser prepared for its time steps */
};

#endif
