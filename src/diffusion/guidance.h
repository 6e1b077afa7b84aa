/* Guidance by text and by picture (Brooks et al. 2023, equation 3), with s_T and s_I the two guidances:
 *   e = e(none) + s_I (e(image) - e(none)) + s_T (e(text, image) - e(image)),
 * which is a weighted sum of the denoiser's predictions for three kinds of row. Private to this folder. */
#ifndef DC3_DIFFUSION_GUIDANCE_H
#define DC3_DIFFUSION_GUIDANCE_H

#include "diffusion/editor.h"

/* The rows of one step: for each kind in use one for each prompt, kind by kind. A kind of weight 0 is left
 * out, so that guidance 1 and 1 runs one row for each prompt instead of three. */
typedef struct dc3_guidance {
    int n; /* prompts */
    int kinds;
    float weight[3];
    int text[3], image[3]; /* whether the kind sees the instruction, the picture */
} dc3_guidance;

dc3_guidance dc3_guidance_of(const dc3_edit_settings *settings, int n);
/* Rows of the batch. */
int dc3_guidance_rows(const dc3_guidance *guidance);

#endif
