/* FLOPs and bytes of what a pipeline does, counted by running its networks without computing anything. */
#ifndef DC3_DIFFUSION_COST_H
#define DC3_DIFFUSION_COST_H

#include "diffusion/pipeline.h"

/* Of denoising n rows under guidance and decoding them. */
typedef struct dc3_cost {
    double conditions; /* FLOPs of the texts of all rows, */
    double step;       /* of one evaluation of the denoiser, */
    double decoding;   /* and of decoding one image */
    int evaluations;   /* of the denoiser: the steps where no sampler can be opened, which denoising then says
                        */
    double bytes;      /* of temporaries at the most, beside the networks */
} dc3_cost;

/* In such a context as `like`. 0 where there is no memory to count. */
dc3_cost dc3_pipeline_cost(const dc3_pipeline *pipeline, const dc3_ctx *like,
                           const dc3_edit_settings *settings, int n);
/* Of encoding n images of size x size pixels. */
void dc3_pipeline_encode_cost(const dc3_pipeline *pipeline, const dc3_ctx *like, int n, int size,
                              double *flops, double *bytes);

#endif
