#include "diffusion/guidance.h"

dc3_guidance dc3_guidance_of(const dc3_edit_settings *s, int n)
{
    dc3_guidance g = {.n = n};
    const float weights[] = {s->guidance, s->image_guidance - s->guidance, 1 - s->image_guidance};
    for (int i = 0; i < 3; i++)
        if (weights[i] != 0) {
            g.weight[g.kinds] = weights[i];
            g.text[g.kinds] = i == 0;
            g.image[g.kinds++] = i < 2;
        }
    return g;
}

int dc3_guidance_rows(const dc3_guidance *guidance)
{
    return guidance->kinds * guidance->n;
}

void dc3_guidance_texts(const dc3_guidance *g, int *rows)
{
    for (int i = 0; i < dc3_guidance_rows(g); i++) rows[i] = g->text[i / g->n] ? i % g->n : g->n;
}

void dc3_guidance_images(const dc3_guidance *g, int *rows)
{
    for (int i = 0; i < dc3_guidance_rows(g); i++) rows[i] = g->image[i / g->n] ? 0 : -1;
}
