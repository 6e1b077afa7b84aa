/* The public classifier: a teacher on images in memory, in the batches that features are taken in. */
#include "dc3/classifier.h"

#include <stdlib.h>
#include <string.h>
#include "api/images.h"
#include "base/call.h"
#include "base/options.h"
#include "ops/workers.h"
#include "teacher/teacher.h"
#include "io/image.h"
#include "options/option_names.h"

struct dc3_image_classifier {
    dc3_teacher teacher;
    dc3_fit fit;
    dc3_ctx **contexts; /* [count] of workers, kept from call to call; NULL: none were needed yet */
    int count;
};

dc3_image_classifier_options dc3_image_classifier_defaults(void)
{
    return (dc3_image_classifier_options){
        .struct_size = sizeof(dc3_image_classifier_options), .fit = DC3_FIT_DEFAULT, .threads = 1};
}

dc3_status dc3_image_classifier_open(const char *file, const dc3_image_classifier_options *options,
                                     dc3_image_classifier **out)
{
    enum { LEAST = 16, MOST = 1024, USUAL = 224 };
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
    dc3_status status = dc3_teacher_open(file, o.arch, o.size, USUAL, o.threads, &c->teacher);
    if (status == DC3_OK)
        *out = c;
    else
        dc3_image_classifier_close(&c);
    return status;
}

void dc3_image_classifier_close(dc3_image_classifier **classifier)
{
    if (!classifier || !*classifier) return;
    dc3_workers_close(NULL, (*classifier)->count, &(*classifier)->contexts);
    dc3_teacher_close(&(*classifier)->teacher);
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

/* The images of a call, and what is wanted of them. */
typedef struct images {
    const dc3_image_classifier *classifier;
    int height, width;
    const uint8_t *images;
    float *embeddings, *logits; /* [n, ..], or NULL */
} images;

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    const images *s = user;
    dc3_image image = dc3_image_at(i, s->height, s->width, s->images);
    (void)worker, (void)note;
    return place(s->classifier, &image, view);
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    const images *s = user;
    const dc3_classifier_info *info = s->classifier->teacher.info;
    if (seen->status != DC3_OK) return dc3_fail(seen->status, "%s", seen->reason);
    if (s->embeddings)
        memcpy(s->embeddings + i * info->embedding, seen->values[0], (size_t)info->embedding * sizeof(float));
    if (s->logits)
        memcpy(s->logits + i * info->classes, seen->values[1], (size_t)info->classes * sizeof(float));
    return DC3_OK;
}

/* The contexts of workers, where there are several. */
static dc3_status open_contexts(dc3_image_classifier *c, dc3_look *look)
{
    int workers = dc3_look_workers(look);
    if (workers < 2) return DC3_OK;
    if (c->count < workers) {
        dc3_workers_close(NULL, c->count, &c->contexts);
        c->count = workers;
        dc3_status status = dc3_workers_open(look->ctx, workers, &c->contexts);
        if (status != DC3_OK) {
            dc3_workers_close(NULL, workers, &c->contexts);
            c->count = 0;
            return status;
        }
    }
    look->contexts = c->contexts, look->workers = workers;
    return DC3_OK;
}

/* Where threads could change the last bits (kernels/dense.h), all of them always work on one batch. */
static dc3_status look_by_batches(dc3_look *look)
{
    const dc3_listener *listener = look->listener;
    int64_t n = look->count;
    look->listener = NULL;
    look->contexts = &look->ctx,
    look->workers = 1; /* else their number followed from the place in the call */
    for (int64_t end = 0; end < n;) {
        look->first = end;
        look->count = end = n - end < look->rows ? n : end + look->rows;
        DC3_TRY(dc3_look_run(look));
        if (listener && listener->progress) listener->progress(listener->user, look->stage, end, n);
    }
    return DC3_OK;
}

dc3_status dc3_image_classifier_run(dc3_image_classifier *c, int64_t n, int height, int width,
                                    const uint8_t *pixels, const dc3_listener *listener, float *embeddings,
                                    float *logits)
{
    if (!c) return dc3_fail(DC3_ERR_ARGUMENT, "classifier: expected one that is open, found NULL");
    DC3_TRY(dc3_check_images(n, height, width, pixels));
    DC3_CALL_SCOPE(listener ? listener->cancel : NULL);
    images s = {c, height, width, pixels, embeddings, logits};
    dc3_look look = dc3_teacher_look(&c->teacher);
    look.count = n, look.user = &s, look.show = show, look.take = take;
    look.listener = listener, look.stage = "images";
    if (!dc3_ctx_team_is_free(look.ctx)) return look_by_batches(&look);
    DC3_TRY(open_contexts(c, &look));
    return dc3_look_run(&look);
}
