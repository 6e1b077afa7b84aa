/* A convolution and its batch norm: two layers in training, one when it is over. */
#include <math.h>
#include "nn/layers.h"

/* A layer's tensors on the host, f32: of the convolution w [co, columns] and b [co], of the norm [co] each.
 */
typedef struct folding {
    float *w, *b, *gamma, *beta, *mean, *variance;
} folding;

/* The running statistics go into the convolution's weight and bias. */
static void fold(const folding *f, int64_t co, int64_t columns, float eps)
{
    for (int64_t o = 0; o < co; o++) {
        double rate = f->gamma[o] / sqrt((double)f->variance[o] + (double)eps);
        for (int64_t i = 0; i < columns; i++) f->w[o * columns + i] = (float)(f->w[o * columns + i] * rate);
        f->b[o] = (float)(f->beta[o] + ((double)f->b[o] - (double)f->mean[o]) * rate);
    }
}

/* The module keeps the weight, in memory of the host as a file has it; b, gamma, ... are in it too, which is
 * little. */
static void take_folded(dc3_module *m, dc3_conv_norm_layer *layer, const char *conv, const char *norm,
                        const dc3_conv_norm_options *o, const int64_t *shape, float eps)
{
    int64_t columns = shape[1] * shape[2] * shape[3], co = o->co;
    const dc3_tensor *weight = dc3_take_tensor(m, conv, "weight", 4, shape);
    float *w = dc3_module_alloc(m, (size_t)(co * columns), sizeof *w);
    float *vectors = dc3_module_alloc(m, (size_t)(5 * co), sizeof *vectors);
    if (!weight || !w || !vectors) return;
    folding f = {w, vectors, vectors + co, vectors + 2 * co, vectors + 3 * co, vectors + 4 * co};
    /* In a file for inference the two may be one already. */
    int is_one = !o->bias && dc3_module_has(m, conv, "bias") && !dc3_module_has(m, norm, "weight");
    if (o->bias || is_one) dc3_read_vector(m, conv, "bias", co, f.b);
    if (!is_one) {
        dc3_read_vector(m, norm, "weight", co, f.gamma);
        dc3_read_vector(m, norm, "bias", co, f.beta);
        dc3_read_vector(m, norm, "running_mean", co, f.mean);
        dc3_read_vector(m, norm, "running_var", co, f.variance);
    }
    if (dc3_module_status(m) != DC3_OK) return;
    dc3_module_fail(m, dc3_convert(weight->data, weight->dtype, w, DC3_F32, co * columns));
    if (dc3_module_status(m) != DC3_OK) return;
    if (!is_one) fold(&f, co, columns, eps);
    layer->conv.bias = dc3_module_place(m, 1, &co, f.b);
    layer->conv.options.act = o->act;
    layer->conv.options.act_last = 1;
    dc3_take_own(m, &layer->conv.weight, dc3_view(w, DC3_F32, 4, shape));
}

static void take_apart(dc3_module *m, dc3_conv_norm_layer *layer, const char *conv, const char *norm,
                       const dc3_conv_norm_options *o, const int64_t *shape, float eps)
{
    dc3_take_weight(m, &layer->conv.weight, conv, "weight", 4, shape);
    if (o->bias)
        layer->conv.bias = dc3_take_bias(m, conv, "bias", o->co, shape[1] * shape[2] * shape[3], NULL);
    dc3_batch_norm_options *n = &layer->norm;
    *n = (dc3_batch_norm_options){.eps = eps, .momentum = 0.1f};
    n->gamma = dc3_take_vector(m, norm, "weight", o->co), n->beta = dc3_take_vector(m, norm, "bias", o->co);
    n->mean = dc3_take_vector(m, norm, "running_mean", o->co);
    n->variance = dc3_take_vector(m, norm, "running_var", o->co);
}

void dc3_take_conv_norm(dc3_module *m, dc3_conv_norm_layer *layer, const char *conv, const char *norm,
                        const dc3_conv_norm_options *o)
{
    int64_t groups = o->groups > 1 ? o->groups : 1, width = o->kernel_w ? o->kernel_w : o->kernel;
    int64_t shape[] = {o->co, o->ci / groups, o->kernel, width};
    float eps = o->eps > 0 ? o->eps : 1e-5f;
    layer->act = o->act;
    layer->pool = o->pool;
    layer->folded = !dc3_module_is_trainable(m);
    layer->conv.options =
        (dc3_conv_options){.kernel = o->kernel, .stride = o->stride, .groups = groups, .before_norm = 1};
    dc3_conv_pad(&layer->conv, o->kernel / 2);
    layer->conv.options.kernel_w = width;
    layer->conv.options.pad_left = layer->conv.options.pad_right = width / 2;
    if (layer->folded)
        take_folded(m, layer, conv, norm, o, shape, eps);
    else
        take_apart(m, layer, conv, norm, o, shape, eps);
}

dc3_tensor dc3_conv_norm_of(dc3_ctx *ctx, dc3_conv_norm_layer *layer, dc3_tensor x,
                            const dc3_tensor *residual)
{
    dc3_tensor y;
    if (layer->folded) {
        y = dc3_conv_of(ctx, &layer->conv, x, residual);
        return layer->pool ? dc3_replace(ctx, y, dc3_avg_pool(ctx, y, 2)) : y;
    }
    int plain = layer->act == DC3_ACT_NONE || layer->act == DC3_ACT_RELU;
    dc3_batch_norm_options norm = layer->norm;
    norm.act = plain ? layer->act : DC3_ACT_NONE;
    norm.pool = plain && layer->pool;
    y = dc3_conv_of(ctx, &layer->conv, x, NULL);
    y = dc3_replace(ctx, y, dc3_batch_norm(ctx, y, &norm, residual));
    if (!plain) y = dc3_replace(ctx, y, dc3_activate(ctx, y, layer->act));
    return layer->pool && !plain ? dc3_replace(ctx, y, dc3_avg_pool(ctx, y, 2)) : y;
}
