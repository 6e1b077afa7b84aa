/* The network as a list of blocks, and a block as a list of convolutions, each with its batch norm and ReLU.
 * A block's result is what its branches end in, one after the other. */
#include "nn/inception.h"

#include <stdlib.h>
#include <string.h>
#include "nn/layers.h"

/* What a convolution takes: the block's input, that input pooled, what the one before it gave, or what the
 * one before it took. */
typedef enum from { INPUT, POOLED, AFTER, BESIDE } from;

/* One convolution of a block; without a name the block's input under a 3x3 maximum at stride 2. */
typedef struct part {
    const char *name;
    from from;
    int co, height, width; /* co WIDTH: that of the block; the kernel's height and width */
    int stride;            /* 2: unpadded; else 1, padded to the same size */
} part;
enum { WIDTH = -1, MOST = 10 };

static const part a[] = {{"branch1x1", INPUT, 64, 1, 1, 1},      {"branch5x5_1", INPUT, 48, 1, 1, 1},
                         {"branch5x5_2", AFTER, 64, 5, 5, 1},    {"branch3x3dbl_1", INPUT, 64, 1, 1, 1},
                         {"branch3x3dbl_2", AFTER, 96, 3, 3, 1}, {"branch3x3dbl_3", AFTER, 96, 3, 3, 1},
                         {"branch_pool", POOLED, WIDTH, 1, 1, 1}};
static const part b[] = {{"branch3x3", INPUT, 384, 3, 3, 2},
                         {"branch3x3dbl_1", INPUT, 64, 1, 1, 1},
                         {"branch3x3dbl_2", AFTER, 96, 3, 3, 1},
                         {"branch3x3dbl_3", AFTER, 96, 3, 3, 2},
                         {NULL, INPUT, 0, 3, 3, 2}};
static const part c[] = {{"branch1x1", INPUT, 192, 1, 1, 1},        {"branch7x7_1", INPUT, WIDTH, 1, 1, 1},
                         {"branch7x7_2", AFTER, WIDTH, 1, 7, 1},    {"branch7x7_3", AFTER, 192, 7, 1, 1},
                         {"branch7x7dbl_1", INPUT, WIDTH, 1, 1, 1}, {"branch7x7dbl_2", AFTER, WIDTH, 7, 1, 1},
                         {"branch7x7dbl_3", AFTER, WIDTH, 1, 7, 1}, {"branch7x7dbl_4", AFTER, WIDTH, 7, 1, 1},
                         {"branch7x7dbl_5", AFTER, 192, 1, 7, 1},   {"branch_pool", POOLED, 192, 1, 1, 1}};
static const part d[] = {{"branch3x3_1", INPUT, 192, 1, 1, 1},
                         {"branch3x3_2", AFTER, 320, 3, 3, 2},
                         {"branch7x7x3_1", INPUT, 192, 1, 1, 1},
                         {"branch7x7x3_2", AFTER, 192, 1, 7, 1},
                         {"branch7x7x3_3", AFTER, 192, 7, 1, 1},
                         {"branch7x7x3_4", AFTER, 192, 3, 3, 2},
                         {NULL, INPUT, 0, 3, 3, 2}};
static const part e[] = {{"branch1x1", INPUT, 320, 1, 1, 1},       {"branch3x3_1", INPUT, 384, 1, 1, 1},
                         {"branch3x3_2a", AFTER, 384, 1, 3, 1},    {"branch3x3_2b", BESIDE, 384, 3, 1, 1},
                         {"branch3x3dbl_1", INPUT, 448, 1, 1, 1},  {"branch3x3dbl_2", AFTER, 384, 3, 3, 1},
                         {"branch3x3dbl_3a", AFTER, 384, 1, 3, 1}, {"branch3x3dbl_3b", BESIDE, 384, 3, 1, 1},
                         {"branch_pool", POOLED, 192, 1, 1, 1}};

#define PARTS(list) (list), sizeof(list) / sizeof *(list)
static const struct kind {
    const char *name;
    const part *parts;
    size_t count;
    int width;
    int most; /* what is pooled is the largest value, else the mean */
} kinds[] = {{"Mixed_5b", PARTS(a), 32, 0},  {"Mixed_5c", PARTS(a), 64, 0},  {"Mixed_5d", PARTS(a), 64, 0},
             {"Mixed_6a", PARTS(b), 0, 0},   {"Mixed_6b", PARTS(c), 128, 0}, {"Mixed_6c", PARTS(c), 160, 0},
             {"Mixed_6d", PARTS(c), 160, 0}, {"Mixed_6e", PARTS(c), 192, 0}, {"Mixed_7a", PARTS(d), 0, 0},
             {"Mixed_7b", PARTS(e), 0, 0},   {"Mixed_7c", PARTS(e), 0, 1}};
enum { BLOCKS = sizeof kinds / sizeof *kinds, STEMS = 5 };

/* The convolutions before the blocks. */
static const struct stem {
    const char *name;
    int co, kernel, stride, padded, pooled; /* pooled: a 3x3 maximum at stride 2 follows */
} stems[STEMS] = {{"Conv2d_1a_3x3", 32, 3, 2, 0, 0},
                  {"Conv2d_2a_3x3", 32, 3, 1, 0, 0},
                  {"Conv2d_2b_3x3", 64, 3, 1, 1, 1},
                  {"Conv2d_3b_1x1", 80, 1, 1, 0, 0},
                  {"Conv2d_4a_3x3", 192, 3, 1, 0, 1}};

struct dc3_inception {
    dc3_module *module;
    dc3_conv_norm_layer stems[STEMS], blocks[BLOCKS][MOST];
    dc3_linear_layer last;
};

static void take(dc3_module *m, dc3_conv_norm_layer *layer, const char *name, dc3_conv_norm_options o,
                 int padded)
{
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    o.act = DC3_ACT_RELU;
    o.eps = 1e-3f;
    dc3_take_conv_norm(m, layer, dc3_name(conv, "%s.conv", name), dc3_name(norm, "%s.bn", name), &o);
    if (!padded) dc3_conv_pad(&layer->conv, 0);
}

/* Takes the convolutions of a block of `ci` channels; returns the channels of its result. */
static int64_t take_block(dc3_module *m, dc3_conv_norm_layer *layers, const struct kind *k, int64_t ci)
{
    char name[DC3_NAME_SIZE];
    int64_t result = 0, in = 0, out = 0;
    for (size_t i = 0; i < k->count; i++) {
        const part *p = &k->parts[i];
        if (p->from != BESIDE) in = p->from == AFTER ? out : ci;
        out = !p->name ? ci : p->co == WIDTH ? k->width : p->co;
        if (p->name)
            take(m, &layers[i], dc3_name(name, "%s.%s", k->name, p->name),
                 (dc3_conv_norm_options){
                     .ci = in, .co = out, .kernel = p->height, .kernel_w = p->width, .stride = p->stride},
                 p->stride == 1);
        if (i + 1 == k->count || k->parts[i + 1].from != AFTER) result += out;
    }
    return result;
}

/* The shape that tells this network from torchvision's. */
static dc3_status check_classes(const dc3_module *m)
{
    const dc3_table *table = dc3_module_table(m);
    const dc3_tensor *fc = dc3_table_find(table, "fc.weight");
    if (!fc || !dc3_table_find(table, "Conv2d_1a_3x3.conv.weight"))
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected the tensors of the FID's Inception (Conv2d_1a_3x3.conv.weight, fc.weight); "
            "found none of them",
            dc3_table_origin(table));
    if (fc->ndim == 2 && fc->shape[0] == 1000)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected the FID's Inception of %d classes, found torchvision's of 1000, whose "
                        "distances are no FID",
                        dc3_table_origin(table), DC3_INCEPTION_CLASSES);
    return DC3_OK;
}

static void take_all(dc3_inception *net)
{
    dc3_module *m = net->module;
    int64_t ci = 3;
    for (int i = 0; i < STEMS; i++) {
        const struct stem *s = &stems[i];
        take(m, &net->stems[i], s->name,
             (dc3_conv_norm_options){.ci = ci, .co = s->co, .kernel = s->kernel, .stride = s->stride},
             s->padded);
        ci = s->co;
    }
    for (int i = 0; i < BLOCKS; i++) ci = take_block(m, net->blocks[i], &kinds[i], ci);
    dc3_take_linear(m, &net->last, "fc", ci, DC3_INCEPTION_CLASSES, 0, 0);
}

dc3_status dc3_inception_open(const dc3_device *device, dc3_table **table, dc3_inception **out)
{
    dc3_inception *net = *out = calloc(1, sizeof *net);
    if (!net) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    dc3_status status = dc3_module_open(device, table, (dc3_opening){0}, &net->module);
    if (status == DC3_OK) status = check_classes(net->module);
    if (status == DC3_OK) take_all(net), status = dc3_module_status(net->module);
    if (status != DC3_OK) dc3_inception_close(out);
    return status;
}

void dc3_inception_close(dc3_inception **net)
{
    if (!*net) return;
    dc3_module_close(&(*net)->module);
    free(*net);
    *net = NULL;
}

static dc3_tensor block_of(dc3_ctx *ctx, dc3_conv_norm_layer *layers, const struct kind *k, dc3_tensor x)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor result = {0}, in = x, out = x;
    for (size_t i = 0; i < k->count; i++) {
        const part *p = &k->parts[i];
        if (p->from == INPUT) in = x;
        if (p->from == POOLED) in = k->most ? dc3_max_pool(ctx, x, 3, 1, 1) : dc3_avg_pool_same(ctx, x, 3);
        if (p->from == AFTER) in = out;
        out = p->name ? dc3_conv_norm_of(ctx, &layers[i], in, NULL) : dc3_max_pool(ctx, in, 3, 2, 0);
        if (i + 1 < k->count && k->parts[i + 1].from == AFTER) continue;
        result = result.data ? dc3_replace(ctx, result, dc3_concat(ctx, result, out)) : out;
    }
    return dc3_scope_return(ctx, scope, result);
}

dc3_tensor dc3_inception_of(dc3_ctx *ctx, dc3_inception *net, dc3_tensor views, dc3_tensor *features)
{
    dc3_tensor x = views;
    *features = (dc3_tensor){0};
    for (int i = 0; i < STEMS; i++) {
        dc3_tensor y = dc3_conv_norm_of(ctx, &net->stems[i], x, NULL);
        x = i ? dc3_replace(ctx, x, y) : y;
        if (stems[i].pooled) x = dc3_replace(ctx, x, dc3_max_pool(ctx, x, 3, 2, 0));
    }
    for (int i = 0; i < BLOCKS; i++) x = dc3_replace(ctx, x, block_of(ctx, net->blocks[i], &kinds[i], x));
    *features = dc3_replace(ctx, x, dc3_global_avg_pool(ctx, x));
    return dc3_linear_of(ctx, &net->last, *features, NULL);
}

/* Between which two of `length` places the i-th of 299 lies, and how much of the second it takes. */
static void place(int i, int length, int *first, int *second, float *share)
{
    float x = ((float)i + 0.5f) * ((float)length / DC3_INCEPTION_SIZE) - 0.5f;
    if (x < 0) x = 0;
    *first = (int)x;
    if (*first > length - 1) *first = length - 1;
    *second = *first + (*first < length - 1);
    *share = x - (float)*first;
}

void dc3_inception_view(int width, int height, const uint8_t *rgb, float *view)
{
    for (int y = 0; y < DC3_INCEPTION_SIZE; y++) {
        int y0, y1, x0, x1;
        float down, right;
        place(y, height, &y0, &y1, &down);
        const uint8_t *above = rgb + (size_t)y0 * (size_t)width * 3,
                      *below = rgb + (size_t)y1 * (size_t)width * 3;
        for (int x = 0; x < DC3_INCEPTION_SIZE; x++) {
            place(x, width, &x0, &x1, &right);
            for (int k = 0; k < 3; k++) {
                float up = (float)above[3 * x0 + k] * (1 - right) + (float)above[3 * x1 + k] * right;
                float low = (float)below[3 * x0 + k] * (1 - right) + (float)below[3 * x1 + k] * right;
                *view++ = (up * (1 - down) + low * down) * (2.0f / 255) - 1;
            }
        }
    }
}
