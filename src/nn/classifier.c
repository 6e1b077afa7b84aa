#include "nn/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nn/classifier_private.h"

int dc3_shape_of(const dc3_module *module, const char *prefix, const char *name, int64_t *shape)
{
    char text[DC3_NAME_SIZE];
    const dc3_tensor *t = dc3_table_find(dc3_module_table(module), dc3_name(text, "%s.%s", prefix, name));
    for (int i = 0; i < 4; i++) shape[i] = t && i < t->ndim ? t->shape[i] : 0;
    return t != NULL;
}

static dc3_status take(dc3_classifier *c, const char *arch)
{
    const char *file = dc3_table_origin(dc3_module_table(c->module));
    int64_t shape[4];
    if (dc3_shape_of(c->module, "layer1.0.conv1", "weight", shape))
        dc3_take_resnet(c);
    else if (dc3_shape_of(c->module, "features.0", "weight", shape) &&
             dc3_shape_of(c->module, "classifier", "weight", shape))
        dc3_take_convnet(c);
    else
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected the tensors of a ResNet (conv1, layer1 to layer4, fc; torchvision's "
                        "names) or of a ConvNet (features.N, classifier), found neither",
                        file);
    DC3_TRY(dc3_module_status(c->module));
    c->info.parameters = dc3_module_parameters(c->module);
    if (arch && strcmp(arch, c->info.arch) != 0)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a %.40s, found the tensors of a %s", file, arch,
                        c->info.arch);
    return DC3_OK;
}

dc3_status dc3_classifier_open(const char *arch, dc3_table **table, dc3_classifier **out)
{
    dc3_classifier *c = *out = calloc(1, sizeof *c);
    if (!c) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    dc3_status status = dc3_module_open(table, &c->module);
    if (status == DC3_OK) status = take(c, arch);
    if (status != DC3_OK) dc3_classifier_close(out);
    return status;
}

void dc3_classifier_close(dc3_classifier **classifier)
{
    if (!*classifier) return;
    dc3_module_close(&(*classifier)->module);
    free(*classifier);
    *classifier = NULL;
}

const dc3_classifier_info *dc3_classifier_describe(const dc3_classifier *classifier)
{
    return &classifier->info;
}

dc3_tensor dc3_classifier_of(dc3_ctx *ctx, dc3_classifier *c, dc3_tensor pictures, dc3_tensor *embeddings)
{
    int64_t size = c->info.size;
    *embeddings = (dc3_tensor){0};
    if (dc3_ctx_status(ctx) != DC3_OK) return *embeddings;
    if (size && (pictures.shape[1] != size || pictures.shape[2] != size))
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "%s takes pictures of %lldx%lld pixels, these have %lldx%lld",
                                          c->info.arch, (long long)size, (long long)size,
                                          (long long)pictures.shape[2], (long long)pictures.shape[1]));
    *embeddings = c->run(ctx, c->body, pictures);
    return dc3_linear_of(ctx, &c->last, *embeddings, NULL);
}

void dc3_classifier_normalise(int64_t pixels, float *rgb)
{
    static const float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
    for (int64_t i = 0; i < 3 * pixels; i++) rgb[i] = (rgb[i] - mean[i % 3]) / deviation[i % 3];
}
