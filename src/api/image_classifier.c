/* The public classifier: a teacher on images in memory, in the batches that features are taken in. */
#include "dc3/classifier.h"

#include <stdlib.h>
#include <string.h>
#include "api/images.h"
#include "base/call.h"
#include "base/options.h"
#include "teacher/teacher.h"
#include "io/image.h"
#include "options/option_names.h"

enum { BATCH = DC3_TEACHER_BATCH }; /* always as many, the last filled up: rows depend on their image alone */

struct dc3_image_classifier {
    dc3_teacher teacher;
    dc3_fit fit;
    float *pixels;              /* [BATCH, size, size, 3] */
    float *embeddings, *logits; /* [BATCH, ..] */
};

dc3_image_classifier_options dc3_image_classifier_defaults(void)
{
    return (dc3_image_classifier_options){
        .struct_size = sizeof(dc3_image_classifier_options), .fit = DC3_FIT_DEFAULT, .threads = 1};
}

static dc3_status open_inner(const char *file, const dc3_image_classifier_options *o, dc3_image_classifier *c)
{
    enum { USUAL = 224 };
    dc3_teacher *t = &c->teacher;
    DC3_TRY(dc3_teacher_open(file, o->arch, o->size, USUAL, o->threads, t));
    size_t pixels = (size_t)t->size * (size_t)t->size * 3;
    size_t results = (size_t)(t->info->embedding + t->info->classes);
    c->pixels = malloc(BATCH * (pixels + results) * sizeof *c->pixels);
    if (!c->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->embeddings = c->pixels + BATCH * pixels;
    c->logits = c->embeddings + BATCH * t->info->embedding;
    return DC3_OK;
}

dc3_status dc3_image_classifier_open(const char *file, const dc3_image_classifier_options *options,
                                     dc3_image_classifier **out)
{
    enum { LEAST = 16, MOST = 1024 };
    dc3_image_classifier_options o = dc3_image_classifier_defaults();
    DC3_TRY(dc3_place_need("classifier", out));
    *out = NULL;
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_image_classifier_options, threads, options, &o));
    DC3_CALL_SCOPE(NULL);
    if (!file) return dc3_fail(DC3_ERR_ARGUMENT, "classifier: expected a file, found NULL");
    DC3_TRY(dc3_threads_check(o.threads));
    if (o.size && (o.size < LEAST || o.size > MOST))
        return dc3_fail_setting("size", "expected %d to %d pixels, found %d", LEAST, MOST, o.size);
    DC3_TRY(dc3_option_check("fit", (int)o.fit, 1));
    dc3_image_classifier *c = calloc(1, sizeof *c);
    if (!c) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->fit = o.fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : o.fit;
    dc3_status status = open_inner(file, &o, c);
    if (status == DC3_OK)
        *out = c;
    else
        dc3_image_classifier_close(&c);
    return status;
}

void dc3_image_classifier_close(dc3_image_classifier **classifier)
{
    if (!classifier || !*classifier) return;
    dc3_teacher_close(&(*classifier)->teacher);
    free((*classifier)->pixels);
    free(*classifier);
    *classifier = NULL;
}

dc3_image_classifier_info dc3_image_classifier_describe(const dc3_image_classifier *classifier)
{
    dc3_image_classifier_info info = {0};
    if (!classifier) return info;
    const dc3_classifier_info *inner = classifier->teacher.info;
    memcpy(info.arch, inner->arch, sizeof info.arch);
    info.classes = inner->classes;
    info.embedding = inner->embedding;
    info.size = classifier->teacher.size;
    info.parameters = inner->parameters;
    return info;
}

/* The image in the network's square. */
static dc3_status place(const dc3_image_classifier *c, const dc3_image *image, float *to)
{
    int size = c->teacher.size;
    dc3_image fitted;
    if (image->width == size && image->height == size) {
        dc3_image_to_floats(image, to);
        return DC3_OK;
    }
    DC3_TRY(dc3_image_resize(image, size, size, c->fit, &fitted));
    dc3_image_to_floats(&fitted, to);
    dc3_image_free(&fitted);
    return DC3_OK;
}

/* `count` images from the first one on. */
static dc3_status run_batch(dc3_image_classifier *c, int count, int height, int width, const uint8_t *images,
                            float *embeddings, float *logits)
{
    const dc3_classifier_info *info = c->teacher.info;
    size_t each = (size_t)c->teacher.size * (size_t)c->teacher.size * 3;
    memset(c->pixels, 0, BATCH * each * sizeof *c->pixels);
    for (int i = 0; i < count; i++) {
        dc3_image image = dc3_image_at(i, height, width, images);
        DC3_TRY(place(c, &image, c->pixels + (size_t)i * each));
    }
    DC3_TRY(dc3_teacher_run(&c->teacher, BATCH, c->pixels, c->embeddings, c->logits));
    if (embeddings) memcpy(embeddings, c->embeddings, (size_t)(count * info->embedding) * sizeof *embeddings);
    if (logits) memcpy(logits, c->logits, (size_t)(count * info->classes) * sizeof *logits);
    return DC3_OK;
}

dc3_status dc3_image_classifier_run(dc3_image_classifier *c, int64_t n, int height, int width,
                                    const uint8_t *images, const dc3_listener *listener, float *embeddings,
                                    float *logits)
{
    if (!c) return dc3_fail(DC3_ERR_ARGUMENT, "classifier: expected one that is open, found NULL");
    DC3_TRY(dc3_check_images(n, height, width, images));
    DC3_CALL_SCOPE(listener ? listener->cancel : NULL);
    dc3_status status = DC3_OK;
    for (int64_t first = 0; status == DC3_OK && first < n; first += BATCH) {
        int count = n - first < BATCH ? (int)(n - first) : BATCH;
        status = dc3_check_cancel();
        if (status == DC3_OK)
            status = run_batch(c, count, height, width, dc3_image_at(first, height, width, images).pixels,
                               embeddings ? embeddings + first * c->teacher.info->embedding : NULL,
                               logits ? logits + first * c->teacher.info->classes : NULL);
        if (status == DC3_OK && listener && listener->progress)
            listener->progress(listener->user, "images", first + count, n);
    }
    return status;
}
