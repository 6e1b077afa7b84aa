#include "nn/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "nn/classifiers/classifier_names.h"

/* A new family: one file and one entry here. */
static const dc3_classifier_kind *const kinds[] = {
    &dc3_kind_resnet,  &dc3_kind_convnet,   &dc3_kind_speednet,     &dc3_kind_vgg,
    &dc3_kind_alexnet, &dc3_kind_mobilenet, &dc3_kind_efficientnet, &dc3_kind_efficientnet_lite,
    &dc3_kind_vit,     &dc3_kind_swin};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *dc3_classifier_arch(int i)
{
    for (int k = 0; k < KINDS; k++)
        for (const char *const *name = kinds[k]->archs; *name; name++)
            if (i-- == 0) return *name;
    return NULL;
}

static const dc3_classifier_kind *kind_called(const char *arch)
{
    for (int k = 0; k < KINDS; k++)
        for (const char *const *name = kinds[k]->archs; *name; name++)
            if (strcmp(*name, arch) == 0) return kinds[k];
    return NULL;
}

int dc3_classifier_has_arch(const char *arch)
{
    return kind_called(arch) != NULL;
}

const char *dc3_classifier_head(const char *arch)
{
    const dc3_classifier_kind *kind = kind_called(arch);
    return kind ? kind->head : NULL;
}

/* An error that lists all architectures and suggests the nearest; DC3_OK if `arch` is one. */
static dc3_status check_arch(const char *arch)
{
    enum { MOST = 64 };
    const char *names[MOST];
    int n = 0, place;
    while (n < MOST - 1 && (names[n] = dc3_classifier_arch(n))) n++;
    names[n] = NULL;
    return dc3_choose_name("arch", arch, names, &place);
}

static dc3_status unknown_table(const dc3_table *table, const char *relative)
{
    const char *file = dc3_table_origin(table), *what, *odd = dc3_table_odd_at(table, 0, &what);
    char text[768];
    size_t used = 0;
    text[0] = 0;
    for (int k = 0; k < KINDS && used < sizeof text; k++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", k ? "; or " : "", kinds[k]->tensors);
    if (relative)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: %s, which dc3 does not have; expected the tensors of %s",
                        file, relative, text);
    if (odd)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "%s: '%.100s' is %.100s, which is not read; expected tensors of f32, f16, bf16 or f64, of %s",
            file, odd, what, text);
    if (!dc3_table_size(table))
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: holds no tensors; expected those of %s", file, text);
    return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: expected the tensors of %s; found none of them", file, text);
}

/* "a resnet18", "an alexnet" */
static const char *article(const char *arch)
{
    return strchr("aeio", *arch) ? "an" : "a";
}

static dc3_status too_small(const dc3_classifier *c, int64_t height, int64_t width)
{
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: expected images of %lld pixels or more on each side, found %lldx%lld", c->info.arch,
                    (long long)c->info.least, (long long)width, (long long)height);
}

const char dc3_classifier_size_key[] = "dc3.size";

/* 0: not said, or not to be believed. */
static int64_t trained_size(const dc3_table *table)
{
    const char *text = dc3_table_text(table, dc3_classifier_size_key);
    long size = text ? strtol(text, NULL, 10) : 0;
    return size >= 8 && size <= 1024 ? size : 0;
}

/* The tensors of another network of the family say by which of them it is another. */
static dc3_status say_nearest(const dc3_classifier *c, dc3_status status)
{
    const char *file = dc3_table_origin(dc3_module_table(c->module)), *text = dc3_error_text();
    size_t length = strlen(file);
    char why[600];
    if (!*c->info.arch || !strstr(text, "should have shape")) return status;
    if (strncmp(text, file, length) == 0 && strncmp(text + length, ": ", 2) == 0) text += length + 2;
    snprintf(why, sizeof why, "%s", text);
    return dc3_fail(status, "%s: none of the architectures that are read; the nearest is %s, of which %s",
                    file, c->info.arch, why);
}

/* After all was taken: nothing of the network is missing or left over. */
static dc3_status check_whole(const dc3_classifier *c, const dc3_classifier_names *names)
{
    const char *file = dc3_table_origin(dc3_module_table(c->module)), *left;
    size_t count;
    if (*names->missing && *c->info.arch)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %s %s but for %s", file, article(c->info.arch), c->info.arch,
                        names->missing);
    dc3_status status = dc3_module_status(c->module);
    if (status != DC3_OK) return say_nearest(c, status);
    left = dc3_module_left_over(c->module, &count);
    if (!left) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "%s: expected %s %s, found one with more: %zu tensor%s such as '%.120s'", file,
                    article(c->info.arch), c->info.arch, count, count == 1 ? "" : "s", left);
}

static dc3_status take(dc3_classifier *c, const dc3_classifier_names *names, const char *arch)
{
    const char *file = dc3_table_origin(dc3_module_table(c->module));
    const dc3_classifier_kind *kind = c->fresh ? kind_called(arch) : names->kind;
    if (!kind) return unknown_table(dc3_module_table(c->module), names->relative);
    c->norm_eps = names->eps;
    c->kind = kind;
    kind->take(c);
    if (c->fresh)
        DC3_TRY(dc3_module_status(c->module));
    else
        DC3_TRY(check_whole(c, names));
    if (c->fresh && c->wanted_size < c->info.least) return too_small(c, c->wanted_size, c->wanted_size);
    if (names->only) c->info.size = names->only;
    c->info.parameters = dc3_module_parameters(c->module);
    c->info.trained = trained_size(dc3_module_table(c->module));
    if (arch && strcmp(arch, c->info.arch) != 0)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected %s %.40s, found the tensors of %s %s", file,
                        dc3_text_article(arch), arch, dc3_text_article(c->info.arch), c->info.arch);
    return DC3_OK;
}

/* Takes the network from its table, or makes it; a failure says what was found before it. */
static dc3_status open_table(const dc3_device *device, const char *arch, dc3_table **table, dc3_opening how,
                             dc3_classifier *c)
{
    dc3_classifier_names names = {0};
    if (!c->fresh) DC3_TRY(dc3_classifier_take_names(table, &names));
    DC3_TRY(dc3_module_open(device, table, how, &c->module));
    dc3_status status = take(c, &names, arch);
    const char *notes = dc3_table_notes(dc3_module_table(c->module));
    if (status == DC3_OK || !*notes) return status;
    char text[1024];
    snprintf(text, sizeof text, "%s", dc3_error_text());
    return dc3_fail(status, "%s (%s)", text, notes);
}

dc3_status dc3_classifier_open(const dc3_device *device, const char *arch, dc3_table **table,
                               dc3_classifier **out)
{
    dc3_classifier *c = *out = calloc(1, sizeof *c);
    dc3_status status = c ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && arch) status = check_arch(arch);
    if (status == DC3_OK) status = open_table(device, arch, table, (dc3_opening){0}, c);
    dc3_table_close(table);
    if (status != DC3_OK && c) dc3_classifier_close(out);
    return status;
}

static dc3_status check_spec(const dc3_classifier_spec *spec)
{
    DC3_TRY(check_arch(spec->arch ? spec->arch : ""));
    if (spec->classes < 1 || spec->classes > 1000000)
        return dc3_fail(DC3_ERR_ARGUMENT, "classes: expected 1 to 1000000, found %lld",
                        (long long)spec->classes);
    if (spec->size < 8 || spec->size > 1024)
        return dc3_fail(DC3_ERR_ARGUMENT, "image size: expected 8 to 1024 pixels, found %lld",
                        (long long)spec->size);
    return DC3_OK;
}

static dc3_status agree(const dc3_classifier *c, const dc3_classifier_spec *spec, const char *file)
{
    if (spec->classes && spec->classes != c->info.classes)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: the network distinguishes %lld classes, expected %lld", file,
                        (long long)c->info.classes, (long long)spec->classes);
    return DC3_OK;
}

dc3_status dc3_classifier_open_to_train(const dc3_device *device, const dc3_classifier_spec *spec,
                                        dc3_table **table, dc3_classifier **out)
{
    dc3_opening how = dc3_opening_to_train(table, spec->seed);
    *out = NULL;
    if (how.create) DC3_TRY(check_spec(spec));
    dc3_classifier *c = *out = calloc(1, sizeof *c);
    if (!c) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    c->fresh = how.create;
    if (c->fresh) {
        snprintf(c->info.arch, sizeof c->info.arch, "%s", spec->arch);
        c->info.classes = spec->classes;
        c->wanted_size = spec->size;
    }
    dc3_status status = open_table(device, spec->arch, table, how, c);
    dc3_table_close(table);
    if (status == DC3_OK) status = agree(c, spec, dc3_table_origin(dc3_module_table(c->module)));
    if (status != DC3_OK) dc3_classifier_close(out);
    return status;
}

dc3_param *dc3_classifier_params(dc3_classifier *classifier, size_t *count)
{
    return dc3_module_params(classifier->module, count);
}

void dc3_classifier_close(dc3_classifier **classifier)
{
    if (!*classifier) return;
    dc3_module_close(&(*classifier)->module);
    free(*classifier);
    *classifier = NULL;
}

const char *dc3_classifier_notes(const dc3_classifier *classifier)
{
    return dc3_table_notes(dc3_module_table(classifier->module));
}

const dc3_classifier_info *dc3_classifier_describe(const dc3_classifier *classifier)
{
    return &classifier->info;
}

dc3_tensor dc3_classifier_embed(dc3_ctx *ctx, dc3_classifier *c, dc3_tensor images)
{
    int64_t size = c->info.size;
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (size && (images.shape[1] != size || images.shape[2] != size))
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "%s takes images of %lldx%lld pixels, these have %lldx%lld",
                                          c->info.arch, (long long)size, (long long)size,
                                          (long long)images.shape[2], (long long)images.shape[1]));
    if (images.shape[1] < c->info.least || images.shape[2] < c->info.least)
        return dc3_ctx_fail(ctx, too_small(c, images.shape[1], images.shape[2]));
    if (images.dtype != dc3_ctx_dtype(ctx)) images = dc3_cast(ctx, images, dc3_ctx_dtype(ctx));
    return c->run(ctx, c->body, images);
}

dc3_tensor dc3_classifier_of(dc3_ctx *ctx, dc3_classifier *c, dc3_tensor images, dc3_tensor *embeddings)
{
    *embeddings = dc3_classifier_embed(ctx, c, images);
    return dc3_classifier_last_of(ctx, c, *embeddings);
}

dc3_tensor dc3_classifier_last_of(dc3_ctx *ctx, dc3_classifier *c, dc3_tensor embeddings)
{
    return dc3_linear_of(ctx, &c->last, embeddings, NULL);
}
