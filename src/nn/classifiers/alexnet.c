/* AlexNet (Krizhevsky 2014, "One weird trick"), with torchvision's names. A new one for 64 pixels or fewer
 * begins, as in DD-Ranking, with 5x5 at stride 1 instead of 11x11 at stride 4. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { CONVS = 5, WIDTH = 4096, SIDE = 6, SMALL = 64, LEAST_SMALL = 15, LEAST = 63 };

/* Each convolution's number in the file, its kernel, its channels, and whether 3x3 pooling at stride 2
 * follows; the first one's kernel is the variant's. */
static const struct layer {
    int64_t number, kernel, channels;
    int pooled;
} layers[CONVS] = {{0, 0, 64, 1}, {3, 5, 192, 1}, {6, 3, 384, 0}, {8, 3, 256, 0}, {10, 3, 256, 1}};

typedef struct alexnet {
    dc3_conv_layer convs[CONVS];
    dc3_linear_layer hidden[2];
} alexnet;

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    alexnet *a = body;
    dc3_scope scope = dc3_scope_open(ctx);
    for (int i = 0; i < CONVS; i++) {
        dc3_tensor y = dc3_conv_of(ctx, &a->convs[i], x, NULL);
        x = i ? dc3_replace(ctx, x, y) : y;
        if (layers[i].pooled) x = dc3_replace(ctx, x, dc3_max_pool(ctx, x, 3, 2, 0));
    }
    x = dc3_replace(ctx, x, dc3_adaptive_avg_pool(ctx, x, SIDE));
    x = dc3_replace(ctx, x, dc3_flatten_planar(ctx, x));
    for (int i = 0; i < 2; i++) {
        dc3_linear_layer *l = &a->hidden[i];
        x = dc3_replace(ctx, x, dc3_dropout(ctx, x, 0.5f));
        x = dc3_replace(ctx, x, dc3_linear(ctx, x, &l->weight, l->bias, DC3_ACT_RELU, NULL));
    }
    return dc3_scope_return(ctx, scope, x);
}

/* The first kernel's size: of the file, or by the size of the images. */
static int64_t plan(dc3_classifier *c)
{
    int64_t shape[4], first[4];
    if (c->fresh) return c->wanted_size <= SMALL ? 5 : 11;
    if (dc3_shape_of(c->module, "classifier.6", "weight", shape)) c->info.classes = shape[0];
    dc3_shape_of(c->module, "features.0", "weight", first);
    return first[2] == 5 ? 5 : 11;
}

static void take_alexnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    char name[DC3_NAME_SIZE];
    int64_t channels = 3, kernel = plan(c);
    alexnet *a = c->body = dc3_module_alloc(m, 1, sizeof *a);
    if (!a) return;
    snprintf(c->info.arch, sizeof c->info.arch, "alexnet");
    c->info.embedding = WIDTH;
    c->info.least = kernel == 5 ? LEAST_SMALL : LEAST;
    dc3_module_init(m, DC3_INIT_TORCH);
    for (int i = 0; i < CONVS; i++) {
        dc3_take_conv(m, &a->convs[i], dc3_name(name, "features.%d", (int)layers[i].number), channels,
                      layers[i].channels, i ? layers[i].kernel : kernel, kernel == 11 && i == 0 ? 4 : 1, 1);
        a->convs[i].options.act = DC3_ACT_RELU;
        channels = layers[i].channels;
    }
    dc3_conv_pad(&a->convs[0], 2);
    dc3_take_linear(m, &a->hidden[0], "classifier.1", channels * SIDE * SIDE, WIDTH, 1, 0);
    dc3_take_linear(m, &a->hidden[1], "classifier.4", WIDTH, WIDTH, 1, 0);
    dc3_take_linear(m, &c->last, "classifier.6", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"alexnet", NULL};
static const char *const inner[] = {"classifier.1", "classifier.4", NULL};
const dc3_classifier_kind dc3_kind_alexnet = {archs, "an AlexNet (features.10, classifier.1, classifier.6)",
                                              "classifier.6", inner, take_alexnet};
