/* VGG-11 (Simonyan and Zisserman 2015, configuration A), without batch norm, with torchvision's names.
 * Smaller images than 224 pixels are spread to 7x7 before the linear layers. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { CONVS = 8, WIDTH = 4096, SIDE = 7, LEAST = 32 };

/* Each convolution's number in the file, its channels, and whether 2x2 pooling follows. */
static const struct layer {
    int64_t number, channels;
    int pooled;
} layers[CONVS] = {{0, 64, 1},   {3, 128, 1},  {6, 256, 0},  {8, 256, 1},
                   {11, 512, 0}, {13, 512, 1}, {16, 512, 0}, {18, 512, 1}};

typedef struct vgg {
    dc3_conv_layer convs[CONVS];
    dc3_linear_layer hidden[2];
} vgg;

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    vgg *v = body;
    dc3_scope scope = dc3_scope_open(ctx);
    for (int i = 0; i < CONVS; i++) {
        x = i ? dc3_replace(ctx, x, dc3_conv_of(ctx, &v->convs[i], x, NULL))
              : dc3_conv_of(ctx, &v->convs[i], x, NULL);
        if (layers[i].pooled) x = dc3_replace(ctx, x, dc3_max_pool(ctx, x, 2, 2, 0));
    }
    x = dc3_replace(ctx, x, dc3_adaptive_avg_pool(ctx, x, SIDE));
    x = dc3_replace(ctx, x, dc3_flatten_planar(ctx, x));
    for (int i = 0; i < 2; i++) {
        dc3_linear_layer *l = &v->hidden[i];
        x = dc3_replace(ctx, x, dc3_linear(ctx, x, &l->weight, l->bias, DC3_ACT_RELU, NULL));
        x = dc3_replace(ctx, x, dc3_dropout(ctx, x, 0.5f));
    }
    return dc3_scope_return(ctx, scope, x);
}

static void take_vgg(dc3_classifier *c)
{
    dc3_module *m = c->module;
    char name[DC3_NAME_SIZE];
    int64_t channels = 3, shape[4];
    vgg *v = c->body = dc3_module_alloc(m, 1, sizeof *v);
    if (!v) return;
    if (!c->fresh && dc3_shape_of(m, "classifier.6", "weight", shape)) c->info.classes = shape[0];
    snprintf(c->info.arch, sizeof c->info.arch, "vgg11");
    c->info.embedding = WIDTH;
    c->info.least = LEAST;
    dc3_module_init(m, DC3_INIT_KAIMING_FAN_OUT);
    for (int i = 0; i < CONVS; i++) {
        dc3_take_conv(m, &v->convs[i], dc3_name(name, "features.%d", (int)layers[i].number), channels,
                      layers[i].channels, 3, 1, 1);
        v->convs[i].options.act = DC3_ACT_RELU;
        channels = layers[i].channels;
    }
    dc3_module_init(m, DC3_INIT_NORMAL_001);
    dc3_take_linear(m, &v->hidden[0], "classifier.0", channels * SIDE * SIDE, WIDTH, 1, 0);
    dc3_take_linear(m, &v->hidden[1], "classifier.3", WIDTH, WIDTH, 1, 0);
    dc3_take_linear(m, &c->last, "classifier.6", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"vgg11", NULL};
static const char *const inner[] = {"classifier.0", "classifier.3", NULL};
const dc3_classifier_kind dc3_kind_vgg = {archs, "a VGG-11 (features.18, classifier.6)", "classifier.6",
                                          inner, take_vgg};
