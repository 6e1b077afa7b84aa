/* ConvNet-3 to ConvNet-6 (Gidaris and Komodakis 2018; as in RDED: width 128): as many times 3x3 convolution,
 * batch norm, ReLU, 2x2 average pooling, then one linear layer. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { LEAST = 3, MOST = 6, WIDTH = 128 };

typedef struct convnet {
    dc3_conv_norm_layer convs[MOST];
    int depth;
    int64_t width, side; /* of the last map */
} convnet;

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    convnet *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    for (int i = 0; i < n->depth; i++) {
        dc3_tensor h = dc3_conv_norm_of(ctx, &n->convs[i], x, NULL);
        if (i) dc3_drop(ctx, x);
        x = h;
    }
    return dc3_scope_return(ctx, scope, dc3_flatten_planar(ctx, x));
}

/* Depth, width and side from a file's shapes. */
static void read_shapes(dc3_classifier *c, convnet *n)
{
    int64_t shape[4], last[4];
    char name[DC3_NAME_SIZE];
    while (n->depth <= MOST &&
           dc3_shape_of(c->module, dc3_name(name, "features.%d", 4 * n->depth), "weight", shape)) {
        n->width = shape[0];
        n->depth++;
    }
    snprintf(c->info.arch, sizeof c->info.arch, "convnet%d", n->depth);
    if (!dc3_shape_of(c->module, "classifier", "weight", last)) return;
    c->info.classes = last[0];
    c->info.embedding = last[1];
    while (n->width > 0 && n->side * n->side * n->width < last[1]) n->side++;
    if (n->depth < LEAST || n->depth > MOST || n->side * n->side * n->width != last[1] || last[0] < 1)
        dc3_module_fail(c->module,
                        dc3_fail(DC3_ERR_UNSUPPORTED,
                                 "%s: a ConvNet of %d layers of %lld channels whose last layer takes %lld "
                                 "values; supported are 3 to 6 layers and a square last map",
                                 dc3_table_origin(dc3_module_table(c->module)), n->depth, (long long)n->width,
                                 (long long)last[1]));
}

static void plan_new(dc3_classifier *c, convnet *n)
{
    n->depth = c->info.arch[7] - '0'; /* "convnetN" */
    n->width = WIDTH;
    n->side = c->wanted_size >> n->depth;
    c->info.embedding = n->side * n->side * n->width;
    if (n->side < 1 || c->wanted_size % ((int64_t)1 << n->depth))
        dc3_module_fail(c->module, dc3_fail(DC3_ERR_ARGUMENT,
                                            "%s: expected images of a multiple of %d pixels, found %lld",
                                            c->info.arch, 1 << n->depth, (long long)c->wanted_size));
}

static void take_convnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    convnet *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    if (c->fresh)
        plan_new(c, n);
    else
        read_shapes(c, n);
    if (dc3_module_status(m) != DC3_OK) return;
    c->info.size = n->side << n->depth;
    dc3_module_init(m, DC3_INIT_TORCH);
    for (int i = 0; i < n->depth; i++)
        dc3_take_conv_norm(m, &n->convs[i], dc3_name(conv, "features.%d", 4 * i),
                           dc3_name(norm, "features.%d", 4 * i + 1),
                           &(dc3_conv_norm_options){.ci = i ? n->width : 3,
                                                    .co = n->width,
                                                    .kernel = 3,
                                                    .stride = 1,
                                                    .bias = 1,
                                                    .act = DC3_ACT_RELU,
                                                    .pool = 1});
    c->run = run;
    dc3_take_linear(m, &c->last, "classifier", c->info.embedding, c->info.classes, 1, 0);
}

static const char *const archs[] = {"convnet3", "convnet4", "convnet5", "convnet6", NULL};
const dc3_classifier_kind dc3_kind_convnet = {archs, "a ConvNet (features.N, classifier)", "classifier", NULL,
                                              take_convnet};
