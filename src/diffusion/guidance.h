/* Guidance by text and by image (Brooks et al. 2023, equation 3), with s_T and s_I the two guidances:
 *   e = e(none) + s_I (e(image) - e(none)) + s_T (e(text, image) - e(image)),
 * which is a weighted sum of the denoiser's predictions for three kinds of row. Private to this folder. */
#ifndef DC3_DIFFUSION_GUIDANCE_H
#define DC3_DIFFUSION_GUIDANCE_H

#include "diffusion/editor.h"
#include "kernels/shapes.h"

enum { DC3_EDIT_PROMPTS = 64, DC3_GUIDANCE_ROWS = DC3_GUIDED_KINDS * DC3_EDIT_PROMPTS };

/* The rows of one step: for each kind in use one for each prompt, kind by kind. A kind of weight 0 is left
 * out, so that guidance 1 and 1 runs one row for each prompt instead of three. */
typedef struct dc3_guidance {
    int n; /* prompts, at most DC3_EDIT_PROMPTS */
    int kinds;
    float weight[DC3_GUIDED_KINDS];
    int text[DC3_GUIDED_KINDS],
        image[DC3_GUIDED_KINDS]; /* whether the kind sees the instruction, the image */
} dc3_guidance;

dc3_guidance dc3_guidance_of(const dc3_edit_settings *settings, int n);
/* Rows of the batch. */
int dc3_guidance_rows(const dc3_guidance *guidance);
/* For each row of the batch which text it sees, of n instructions and the empty one behind them: rows
 * [dc3_guidance_rows]. */
void dc3_guidance_texts(const dc3_guidance *guidance, int *rows);
/* For each row 0 where it sees the image, else -1. */
void dc3_guidance_images(const dc3_guidance *guidance, int *rows);

#endif
