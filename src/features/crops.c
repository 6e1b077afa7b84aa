#include "features/crops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

const double dc3_crop_area[2] = {0.08, 1};

/* The image that a worker read last. */
typedef struct held {
    int64_t part; /* whose it is; -1: there is none */
    dc3_image image;
} held;

/* Views are the crops of parts [n], one part's after the other's. */
typedef struct scoring {
    dc3_run *run;
    int64_t n;
    dc3_part *parts;
    int skips;           /* images that cannot be read */
    int64_t before, all; /* images of earlier calls, and of all; all 0: nobody hears of it */
    held *held;          /* [threads] */
} scoring;

uint64_t dc3_run_item(const dc3_run *run, const dc3_part *part)
{
    const char *key = dc3_dataset_key(run->dataset, part->item);
    return dc3_hash64(key, strlen(key)) + (uint64_t)part->repeat;
}

/* A square of ImageNet's mean colour, which the teacher's normalisation makes zero. */
static void blank(int size, float *rgb)
{
    static const float mean[] = {0.485f, 0.456f, 0.406f};
    for (int64_t i = 0; i < (int64_t)size * size * 3; i++) rgb[i] = mean[i % 3];
}

static dc3_status hold(const scoring *s, held *h, int64_t part)
{
    if (h->part == part) return DC3_OK;
    dc3_image_free(&h->image);
    h->part = -1;
    DC3_TRY(dc3_dataset_read(s->run->dataset, s->parts[part].item, 0, 0, s->run->fit, &h->image));
    h->part = part;
    return DC3_OK;
}

/* Crop i % crops of part i / crops as the teacher sees it; the note is its box. */
static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    const scoring *s = user;
    const dc3_run *run = s->run;
    held *h = &s->held[worker];
    int size = run->teacher.size, patch = size / run->factor, edge = (size - patch) / 2;
    const dc3_part *part = s->parts + i / run->crops;
    dc3_rng rng = dc3_rng_make(run->options->select.seed, DC3_RNG_CROP, dc3_run_item(run, part));
    dc3_box box = {0};
    DC3_TRY(hold(s, h, i / run->crops));
    for (int64_t k = 0; k <= i % run->crops; k++)
        box = dc3_crop_draw(&rng, h->image.width, h->image.height, dc3_crop_area[0], dc3_crop_area[1]);
    memcpy(note, &box, sizeof box);
    blank(size, view);
    return dc3_crop_scale(&h->image, box, patch, view + ((int64_t)edge * size + edge) * 3, (int64_t)size * 3);
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    enum { TELL = 16 };
    const scoring *s = user;
    dc3_run *run = s->run;
    int64_t classes = run->teacher.info->classes, number = i / run->crops, done = s->before + number + 1;
    dc3_part *part = s->parts + number;
    if (i % run->crops == 0) part->box = (dc3_box){0}, part->loss = INFINITY;
    if (seen->status != DC3_OK && s->skips && seen->status != DC3_ERR_MEMORY) return DC3_OK;
    if (seen->status != DC3_OK) /* it was readable just now */
        return dc3_fail(seen->status == DC3_ERR_MEMORY ? DC3_ERR_MEMORY : DC3_ERR_IO, "%s", seen->reason);
    double loss = dc3_teacher_loss(classes, seen->values[1], dc3_dataset_label(run->dataset, part->item));
    if (!isfinite(loss))
        return dc3_fail(DC3_ERR_FORMAT, "%s: gives values that are not finite for %s", run->teacher_path,
                        dc3_dataset_key(run->dataset, part->item));
    if (loss < part->loss) part->loss = loss, memcpy(&part->box, seen->note, sizeof part->box);
    if (s->all && i % run->crops == run->crops - 1 && (done % TELL == 0 || done == s->all))
        dc3_run_progress(run, "crops", done, s->all);
    return DC3_OK;
}

static dc3_status score(scoring *s)
{
    dc3_run *run = s->run;
    int threads = dc3_ctx_threads(run->teacher.ctx);
    dc3_look look = dc3_teacher_look(&run->teacher);
    s->held = calloc((size_t)threads, sizeof *s->held);
    if (!s->held) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < threads; i++) s->held[i].part = -1;
    look.count = s->n * run->crops;
    look.note = sizeof(dc3_box);
    look.user = s, look.show = show, look.take = take;
    dc3_status status = dc3_look_run(&look);
    for (int i = 0; i < threads; i++) dc3_image_free(&s->held[i].image);
    free(s->held);
    return status;
}

dc3_status dc3_run_best_crops(dc3_run *run, int64_t n, dc3_part *parts)
{
    scoring s = {.run = run, .n = n, .parts = parts};
    return score(&s);
}

/* Room for those of all images; 0 without memory. */
static int open_squares(dc3_run *run)
{
    size_t n = (size_t)dc3_dataset_size(run->dataset);
    free(run->boxes);
    free(run->losses);
    run->boxes = calloc(n + 1, sizeof *run->boxes);
    run->losses = calloc(n + 1, sizeof *run->losses);
    return run->boxes && run->losses;
}

void dc3_run_take_crops(dc3_run *run, const dc3_box *boxes, const double *losses)
{
    size_t n = (size_t)dc3_dataset_size(run->dataset);
    if (!open_squares(run)) return;
    memcpy(run->boxes, boxes, n * sizeof *boxes);
    memcpy(run->losses, losses, n * sizeof *losses);
}

dc3_status dc3_run_crop_all(dc3_run *run)
{
    enum { AT_ONCE = 1 << 12 };
    int64_t n = dc3_dataset_size(run->dataset);
    dc3_part *parts = calloc(AT_ONCE, sizeof *parts);
    dc3_status status = open_squares(run) && parts ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t first = 0; status == DC3_OK && first < n; first += AT_ONCE) {
        int64_t count = n - first < AT_ONCE ? n - first : AT_ONCE;
        for (int64_t i = 0; i < count; i++) parts[i] = (dc3_part){.item = first + i};
        scoring s = {run, count, parts, .skips = 1, .before = first, .all = n};
        status = score(&s);
        for (int64_t i = 0; status == DC3_OK && i < count; i++)
            run->boxes[first + i] = parts[i].box, run->losses[first + i] = parts[i].loss;
    }
    free(parts);
    return status;
}
