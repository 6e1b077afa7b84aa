/* ConvNet-3 to ConvNet-6: as many times 3x3 convolution, batch norm, ReLU, 2x2 average pooling, then one
 * linear layer. */
#include <stdio.h>
#include "nn/classifier_private.h"

enum { MOST = 8 };

typedef struct convnet {
    dc3_conv_layer convs[MOST];
    int depth;
    int64_t width, side; /* of the last map */
} convnet;

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    convnet *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    for (int i = 0; i < n->depth; i++) {
        dc3_tensor h = dc3_conv_of(ctx, &n->convs[i], x, NULL);
        if (i) dc3_drop(ctx, x);
        x = dc3_replace(ctx, h, dc3_avg_pool(ctx, h, 2));
    }
    return dc3_scope_return(ctx, scope,
                            dc3_reshape(x, 2, (int64_t[]){x.shape[0], n->side * n->side * n->width}));
}

/* The file's columns are in the order channel, row, column; ours are row, column, channel. */
static void take_last(dc3_classifier *c, const convnet *n)
{
    int64_t classes = c->info.classes, pixels = n->side * n->side, columns = c->info.embedding;
    int64_t shape[] = {classes, columns};
    const dc3_tensor *file = dc3_take_tensor(c->module, "classifier", "weight", 2, shape);
    float *plain = dc3_module_alloc(c->module, (size_t)(classes * columns), sizeof *plain),
          *own = dc3_module_alloc(c->module, (size_t)(classes * columns), sizeof *own);
    if (!plain || !own) return;
    dc3_module_fail(c->module, dc3_convert(file->data, file->dtype, plain, DC3_F32, classes * columns));
    for (int64_t o = 0; o < classes; o++)
        for (int64_t k = 0; k < n->width; k++)
            for (int64_t p = 0; p < pixels; p++)
                own[o * columns + p * n->width + k] = plain[o * columns + k * pixels + p];
    dc3_take_own(c->module, &c->last.weight, dc3_view(own, DC3_F32, 2, shape));
    c->last.bias = dc3_take_vector(c->module, "classifier", "bias", classes);
}

void dc3_take_convnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t shape[4], last[4], in = 3;
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    convnet *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    while (n->depth < MOST && dc3_shape_of(m, dc3_name(conv, "features.%d", 4 * n->depth), "weight", shape)) {
        n->width = shape[0];
        n->depth++;
    }
    dc3_shape_of(m, "classifier", "weight", last);
    c->info.classes = last[0];
    c->info.embedding = last[1];
    while (n->width > 0 && n->side * n->side * n->width < last[1]) n->side++;
    if (n->depth < 3 || n->depth > 6 || n->side * n->side * n->width != last[1] || last[0] < 1) {
        dc3_module_fail(m, dc3_fail(DC3_ERR_UNSUPPORTED,
                                    "%s: a ConvNet of %d layers of %lld channels whose last layer takes %lld "
                                    "values; supported are 3 to 6 layers and a square last map",
                                    dc3_table_origin(dc3_module_table(m)), n->depth, (long long)n->width,
                                    (long long)last[1]));
        return;
    }
    snprintf(c->info.arch, sizeof c->info.arch, "convnet%d", n->depth);
    c->info.size = n->side << n->depth;
    for (int i = 0; i < n->depth; i++, in = n->width)
        dc3_take_conv_norm(m, &n->convs[i], dc3_name(conv, "features.%d", 4 * i),
                           dc3_name(norm, "features.%d", 4 * i + 1), in, n->width, 3, 1, 1, DC3_ACT_RELU);
    c->run = run;
    take_last(c, n);
}
