/* FLOPs and bytes of edits. */
#include "diffusion/cost.h"
#include "diffusion/editor_private.h"

double dc3_editor_encode_flops(const dc3_editor *e, int size)
{
    double flops, bytes;
    dc3_pipeline_encode_cost(&e->model, e->ctx, 1, size, &flops, &bytes);
    return flops;
}

double dc3_editor_encode_bytes(const dc3_editor *e, int n, int size)
{
    double flops, bytes;
    dc3_pipeline_encode_cost(&e->model, e->ctx, n, size, &flops, &bytes);
    return bytes;
}

double dc3_editor_bytes(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    double bytes = dc3_pipeline_cost(&e->model, e->ctx, s, n).bytes;
    double encoding = dc3_editor_encode_bytes(e, 1, s->size);
    return bytes > encoding ? bytes : encoding;
}

double dc3_editor_flops(const dc3_editor *e, const dc3_edit_settings *s, int n, int reconstruction)
{
    dc3_cost c = dc3_pipeline_cost(&e->model, e->ctx, s, n);
    return c.conditions + c.step * c.evaluations + c.decoding * (n + !!reconstruction) +
           dc3_editor_encode_flops(e, s->size);
}
