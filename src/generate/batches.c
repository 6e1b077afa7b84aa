#include "generate/batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/memory.h"
#include "base/pieces.h"
#include "ranks/ranks.h"
#include "ranks/share.h"

enum { MOST = 16 };                        /* of a batch that nothing is said of */
static const double usual = 1 << 30;       /* bytes that one takes at the most */
static const double least_left = 64 << 20; /* bytes beside what is counted */
static const double enough = 0.7;          /* seconds of a measurement */
static const double many = 20;             /* times that the whole takes as long as a measurement */

/* ---- memory ---- */

/* Bytes with batches of n images. */
static double bytes_of(const dc3_batches *b, const dc3_edit_settings *s, int n, int *workers)
{
    int64_t batches = (b->total + n - 1) / n;
    *workers = dc3_generator_workers(b->generator, s, n, batches);
    return least_left + dc3_generator_weight_bytes(b->generator) +
           *workers * dc3_generator_bytes(b->generator, s, n);
}

/* As many as take a gigabyte. */
static int usual_size(const dc3_batches *b)
{
    int n = b->total < MOST ? (int)b->total : MOST;
    while (n > 1 && dc3_generator_bytes(b->generator, b->settings, n) > usual) n--;
    return n;
}

/* The current failure, and what would fit: a smaller batch than `size`, or smaller images. */
static dc3_status no_memory(const dc3_batches *b, int size)
{
    char text[400], fits[100] = "", with[40] = "";
    int workers;
    snprintf(text, sizeof text, "%s", dc3_error_text());
    if (b->continues) snprintf(with, sizeof with, " with %s", dc3_setting("fresh"));
    for (int n = size - 1; n >= 1 && !*fits; n--)
        if (dc3_check_memory(bytes_of(b, b->settings, n, &workers)) == DC3_OK)
            snprintf(fits, sizeof fits, "; %s %d%s fits", dc3_setting("batch"), n, with);
    dc3_edit_settings s = *b->settings;
    int unit = dc3_generator_describe(b->generator).unit;
    for (s.size -= unit; s.size >= unit && !*fits; s.size -= unit)
        if (dc3_check_memory(bytes_of(b, &s, 1, &workers)) == DC3_OK)
            snprintf(fits, sizeof fits, "; %s %d%s fits", dc3_setting("size"), s.size, with);
    return dc3_fail(DC3_ERR_MEMORY, "%d image%s of %d pixels at once: %s%s", size, size == 1 ? "" : "s",
                    b->settings->size, text, fits);
}

dc3_status dc3_batches_plan(dc3_batches *b, int size)
{
    b->size = size ? size : usual_size(b);
    if (b->size > b->total) b->size = (int)b->total;
    b->bytes = bytes_of(b, b->settings, b->size, &b->workers);
    dc3_status status = dc3_check_memory(b->bytes);
    while (status == DC3_ERR_MEMORY && !size && b->size > 1) {
        b->bytes = bytes_of(b, b->settings, --b->size, &b->workers);
        status = dc3_check_memory(b->bytes);
    }
    return status == DC3_ERR_MEMORY ? no_memory(b, b->size) : status;
}

/* ---- a batch ---- */

/* Image k of all. */
static const dc3_subject *subject_of(const dc3_batches *b, int64_t k, int64_t *number)
{
    *number = k % b->options->images;
    return &b->subjects->at[k / b->options->images];
}

/* Images first, first + 1, .. to images [n, size, size, 3]. */
static dc3_status generate(const dc3_batches *b, dc3_generator *g, const dc3_edit_settings *s, int64_t first,
                           int n, float *images)
{
    const char *prompts[DC3_EDIT_PROMPTS];
    int64_t labels[DC3_EDIT_PROMPTS], number;
    uint64_t seeds[DC3_EDIT_PROMPTS];
    char key[24];
    for (int i = 0; i < n; i++) {
        const dc3_subject *one = subject_of(b, first + i, &number);
        prompts[i] = dc3_subject_prompt(one, number);
        labels[i] = one->label;
        snprintf(key, sizeof key, "%lld", (long long)one->label);
        seeds[i] = dc3_generator_seed(b->options->seed, prompts[i] ? prompts[i] : key, number);
    }
    dc3_generator_request request = {.n = n,
                                     .prompts = prompts,
                                     .negative = b->options->negative,
                                     .labels = labels,
                                     .seeds = seeds,
                                     .images = images};
    return dc3_generator_run(g, s, &request);
}

static float *new_images(const dc3_batches *b, int n)
{
    size_t pixels = (size_t)b->settings->size * (size_t)b->settings->size * 3;
    return dc3_alloc((size_t)n * pixels * sizeof(float));
}

/* ---- time ---- */

/* Seconds of one image. */
static dc3_status time_one(const dc3_batches *b, dc3_generator *g, const dc3_edit_settings *s, float *image,
                           double *seconds)
{
    double start = dc3_seconds_now();
    dc3_status status = generate(b, g, s, 0, 1, image);
    *seconds = dc3_seconds_now() - start;
    return status;
}

/* Seconds to encode an image for its file. */
static dc3_status time_encoding(const float *pixels, int size, dc3_coding coding, double *seconds)
{
    dc3_image image = {0};
    void *data = NULL;
    size_t bytes;
    double start = dc3_seconds_now();
    dc3_status status = dc3_image_of_floats(size, size, pixels, &image);
    if (status == DC3_OK) status = dc3_image_encode_as(&image, coding, &data, &bytes);
    *seconds = dc3_seconds_now() - start;
    dc3_image_free(&image);
    free(data);
    return status;
}

dc3_status dc3_batches_measure(const dc3_batches *b, dc3_coding coding, int64_t images, double *seconds,
                               double *writing)
{
    dc3_edit_settings few = *b->settings;
    dc3_generator *g = b->generator, *beside = NULL;
    few.stepped = NULL;
    for (few.steps = 1; few.steps < b->settings->steps && dc3_generator_check(g, &few) != DC3_OK;)
        few.steps++;
    *seconds = *writing = 0;
    if (!images) return DC3_OK;
    float *image = new_images(b, 1);
    dc3_status status = image ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && b->workers > 1) status = dc3_generator_open_beside(g, 1, &beside);
    if (beside) g = beside;
    double ratio = dc3_generator_flops(g, b->settings, b->size) / b->size / dc3_generator_flops(g, &few, 1);
    double times = ratio * (double)images / b->workers;
    /* The first also packs weights: another follows where that takes little of the whole. */
    if (status == DC3_OK) status = time_one(b, g, &few, image, seconds);
    if (status == DC3_OK && (*seconds < enough || times > many))
        status = time_one(b, g, &few, image, seconds);
    if (status == DC3_OK) status = time_encoding(image, few.size, coding, writing);
    *writing /= b->workers;
    *seconds = *seconds * times + *writing * (double)images;
    dc3_generator_close(&beside);
    free(image);
    return status;
}

/* ---- all of them ---- */

typedef struct making {
    const dc3_batches *b;
    const dc3_generated *folder;
    dc3_generator **generators; /* [workers] */
    int64_t *todo;              /* [count], the first image of each batch that lacks some */
    int64_t count, done;        /* batches, and those that are done */
    int64_t images, seen, made; /* in those batches, in those that are done, and new on the disk */
} making;

static int size_at(const dc3_batches *b, int64_t first)
{
    return b->total - first < b->size ? (int)(b->total - first) : b->size;
}

static dc3_status is_there(const dc3_batches *b, const dc3_generated *folder, int64_t k, int *there)
{
    int64_t number;
    const dc3_subject *s = subject_of(b, k, &number);
    char *path = dc3_generated_path(folder, s, number);
    *there = path && dc3_path_what(path) == DC3_PATH_FILE;
    free(path);
    return path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status count_lacking(const dc3_batches *b, const dc3_generated *folder, int64_t first,
                                int *lacking)
{
    *lacking = 0;
    for (int i = 0; i < size_at(b, first); i++) {
        int there = 0;
        if (folder->folder && !folder->clears) DC3_TRY(is_there(b, folder, first + i, &there));
        *lacking += !there;
    }
    return DC3_OK;
}

dc3_status dc3_batches_missing(const dc3_batches *b, const dc3_generated *folder, int64_t *images)
{
    *images = 0;
    for (int64_t first = 0; first < b->total; first += b->size) {
        int lacking;
        DC3_TRY(count_lacking(b, folder, first, &lacking));
        if (lacking) *images += size_at(b, first);
    }
    return DC3_OK;
}

/* Writes image k unless it is there. */
static dc3_status store(const making *m, int64_t k, const float *pixels, int *made)
{
    int64_t number;
    int size = m->b->settings->size, there;
    const dc3_subject *s = subject_of(m->b, k, &number);
    dc3_image image = {0};
    DC3_TRY(is_there(m->b, m->folder, k, &there));
    if (there) return DC3_OK;
    char *path = dc3_generated_path(m->folder, s, number);
    dc3_status status =
        path ? dc3_image_of_floats(size, size, pixels, &image) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_make_folder_of(path);
    if (status == DC3_OK) status = dc3_image_write_as(path, &image, m->folder->coding);
    if (status == DC3_OK) ++*made;
    dc3_image_free(&image);
    free(path);
    return status;
}

/* With one worker the listener hears of each step. */
static void stepped(void *user, int done, int evaluations)
{
    const making *m = user;
    const dc3_listener *l = m->b->listener;
    if (l->progress) l->progress(l->user, "denoising", m->done * evaluations + done, m->count * evaluations);
}

static dc3_status make_batch(making *m, int worker, int64_t first, void *result)
{
    const dc3_batches *b = m->b;
    int n = size_at(b, first), *made = result;
    size_t each = (size_t)b->settings->size * (size_t)b->settings->size * 3;
    dc3_edit_settings settings = *b->settings;
    float *images = new_images(b, n);
    if (!images) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (b->workers == 1 && dc3_ranks_count() == 1) settings.stepped = stepped, settings.user = m;
    dc3_status status = generate(b, m->generators[worker], &settings, first, n, images);
    *made = 0;
    for (int i = 0; status == DC3_OK && i < n; i++)
        status = store(m, first + i, images + (size_t)i * each, made);
    free(images);
    return status;
}

static dc3_status make(void *user, int worker, int64_t piece, void *result)
{
    making *m = user;
    return make_batch(m, worker, m->todo[piece], result);
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    making *m = user;
    const dc3_listener *l = m->b->listener;
    m->made += *(const int *)result;
    m->done = piece + 1;
    m->seen += size_at(m->b, m->todo[piece]);
    if ((m->b->workers > 1 || dc3_ranks_count() > 1) && l->progress)
        l->progress(l->user, "images", m->seen, m->images);
    return DC3_OK;
}

/* The batches that lack an image. */
static dc3_status list(making *m)
{
    const dc3_batches *b = m->b;
    m->todo = malloc((size_t)((b->total + b->size - 1) / b->size + 1) * sizeof *m->todo);
    if (!m->todo) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t first = 0; first < b->total; first += b->size) {
        int lacking;
        DC3_TRY(count_lacking(b, m->folder, first, &lacking));
        if (!lacking) continue;
        m->todo[m->count++] = first;
        m->images += size_at(b, first);
    }
    return DC3_OK;
}

/* ---- by several ranks ---- */

const char dc3_batches_stage[] = "images";

static size_t tell(void *user, int64_t piece, void *to)
{
    memcpy(to, &((const making *)user)->todo[piece], sizeof(int64_t));
    return sizeof(int64_t);
}

static dc3_status share_out(making *m, const dc3_pieces *pieces)
{
    const dc3_shared how = {.task = sizeof(int64_t), .user = m, .tell = tell, .listener = m->b->listener};
    dc3_share *share = NULL;
    dc3_status status = dc3_share_open(dc3_batches_stage, &m->b->size, sizeof m->b->size, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, pieces);
    dc3_share_close(&share);
    return status;
}

static dc3_status serve(void *user, int worker, int64_t number, const void *task, void *result)
{
    memcpy(&number, task, sizeof number);
    return make_batch(user, worker, number, result);
}

dc3_status dc3_batches_serve(dc3_batches *b, const dc3_generated *folder, const void *known, size_t bytes)
{
    making m = {.b = b, .folder = folder};
    int size;
    (void)bytes;
    memcpy(&size, known, sizeof size);
    DC3_TRY(dc3_batches_plan(b, size));
    dc3_status status = dc3_generators_open(b->generator, b->workers, &m.generators);
    if (status == DC3_OK)
        status = dc3_share_serve(&(dc3_serving){.workers = b->workers,
                                                .in_hand = b->workers > 1 ? 0 : 1,
                                                .result_size = sizeof(int),
                                                .user = &m,
                                                .work = serve});
    dc3_generators_close(b->generator, b->workers, &m.generators);
    return status;
}

dc3_status dc3_batches_make(const dc3_batches *b, const dc3_generated *folder, int64_t *made)
{
    making m = {.b = b, .folder = folder};
    dc3_status status = list(&m);
    if (status == DC3_OK) status = dc3_generators_open(b->generator, b->workers, &m.generators);
    dc3_pieces pieces = {.count = m.count,
                         .workers = b->workers,
                         .result_size = sizeof(int),
                         .user = &m,
                         .work = make,
                         .take = take};
    if (status == DC3_OK) status = share_out(&m, &pieces);
    dc3_generators_close(b->generator, b->workers, &m.generators);
    free(m.todo);
    *made = m.made;
    return status;
}
