/* RDED (Sun, Shi, Li and Guo, "On the Diversity and Realism of Distilled Dataset: An Efficient Dataset
 * Distillation Paradigm", CVPR 2024), the storing part, as its program does it (LINs-lab/RDED, synthesize/):
 * 300 random images of a class are looked at (mipc of its scripts); of each, five random square crops (area
 * 0.08 to 1 of the image's, RandomResizedCrop with ratio 1) are scaled to 1 / factor of the image's side
 * and put in the middle of ImageNet's mean colour; the crop with the lowest cross-entropy of the teacher's
 * softmax stands for its image. The ipc * factor^2 images of the lowest loss are stored, factor^2 of them
 * stitched into one: the best ipc images go top left, the next ipc top right, and so on. factor is 1 in its
 * scripts for CIFAR and Tiny-ImageNet and 2 for ImageNet and its parts. Ours: the loss in double precision
 * from the logits, so that a sure teacher's crops do not tie at 0; ties to the earlier image; more than 300
 * images where ipc * factor^2 are more; a class of too few gives other crops of the same images; rounded,
 * lossless images, where the program cuts off decimals and stores JPEG. Where the teacher sees another size
 * than is stored, a crop is scaled for each. Cost: 5 * 300 teacher passes a class. */
#include "condense/rded.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "condense/choose_random.h"
#include "condense/chosen.h"
#include "condense/syntheses.h"

enum { LOOK = 300, BATCH = 16, CROPS = DC3_RDED_CROPS };
static const double least_area = 0.08, most_area = 1;

typedef struct batch {
    float *seen[CROPS];         /* [BATCH, teacher.size, teacher.size, 3] */
    float *embeddings, *logits; /* [BATCH, ..] */
    dc3_box boxes[CROPS][BATCH];
    int failed[BATCH];
    char reason[BATCH][256];
} batch;

static void batch_close(batch *b)
{
    for (int k = 0; k < CROPS; k++) free(b->seen[k]);
    free(b->embeddings);
    free(b->logits);
}

static dc3_status batch_open(const dc3_run *run, batch *b)
{
    const dc3_teacher *t = &run->teacher;
    size_t pixels = (size_t)t->size * (size_t)t->size * 3;
    memset(b, 0, sizeof *b);
    b->embeddings = malloc(BATCH * (size_t)t->info->embedding * sizeof *b->embeddings);
    b->logits = malloc(BATCH * (size_t)t->info->classes * sizeof *b->logits);
    int ready = b->embeddings && b->logits;
    for (int k = 0; ready && k < CROPS; k++)
        ready = (b->seen[k] = malloc(BATCH * pixels * sizeof **b->seen)) != NULL;
    if (!ready) batch_close(b);
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for the crops of %d images", BATCH);
}

/* A square of ImageNet's mean colour, which the teacher's normalisation makes zero. */
static void blank(int size, float *rgb)
{
    static const float mean[] = {0.485f, 0.456f, 0.406f};
    for (int64_t i = 0; i < (int64_t)size * size * 3; i++) rgb[i] = mean[i % 3];
}

/* The crops of one image as the teacher sees them; `part` says which image and which repeat. */
static dc3_status draw_crops(const dc3_run *run, const dc3_part *part, int row, batch *b)
{
    int size = run->teacher.size, patch = size / run->factor, edge = (size - patch) / 2;
    dc3_rng rng = dc3_rng_make(run->options->select.seed, DC3_RNG_CROP, dc3_run_item(run, part));
    dc3_image image = {0};
    DC3_TRY(dc3_dataset_read(run->dataset, part->item, 0, 0, run->fit, &image));
    dc3_status status = DC3_OK;
    for (int k = 0; status == DC3_OK && k < CROPS; k++) {
        float *rgb = b->seen[k] + (int64_t)row * size * size * 3;
        b->boxes[k][row] = dc3_crop_draw(&rng, image.width, image.height, least_area, most_area);
        status = dc3_crop_scale(&image, b->boxes[k][row], patch, rgb + ((int64_t)edge * size + edge) * 3,
                                (int64_t)size * 3);
    }
    dc3_image_free(&image);
    return status;
}

/* All rows of the batch: always BATCH, the last ones filled up. */
static void load(const dc3_run *run, const dc3_part *parts, int count, batch *b)
{
    int64_t pixels = (int64_t)run->teacher.size * run->teacher.size * 3;
#pragma omp parallel for schedule(dynamic) num_threads(run->options->select.threads)
    for (int i = 0; i < BATCH; i++) {
        for (int k = 0; k < CROPS; k++) blank(run->teacher.size, b->seen[k] + i * pixels);
        b->failed[i] = i < count && draw_crops(run, parts + i, i, b) != DC3_OK;
        if (b->failed[i]) snprintf(b->reason[i], sizeof b->reason[i], "%s", dc3_error_text());
    }
}

/* Gives each of `count` parts its best crop. */
static dc3_status score(dc3_run *run, dc3_part *parts, int count, batch *b)
{
    int64_t classes = run->teacher.info->classes;
    load(run, parts, count, b);
    for (int i = 0; i < count; i++) {
        if (b->failed[i]) return dc3_fail(DC3_ERR_IO, "%s", b->reason[i]); /* it was readable just now */
        parts[i].loss = INFINITY;
    }
    for (int k = 0; k < CROPS; k++) {
        DC3_TRY(dc3_teacher_run(&run->teacher, BATCH, b->seen[k], b->embeddings, b->logits));
        for (int i = 0; i < count; i++) {
            int label = dc3_dataset_label(run->dataset, parts[i].item);
            double loss = dc3_teacher_loss(classes, b->logits + i * classes, label);
            if (!isfinite(loss))
                return dc3_fail(DC3_ERR_FORMAT, "%s: gives values that are not finite for %s",
                                run->teacher_path, dc3_dataset_key(run->dataset, parts[i].item));
            if (loss < parts[i].loss) parts[i].loss = loss, parts[i].box = b->boxes[k][i];
        }
    }
    return dc3_check_cancel();
}

static int by_loss(const void *a, const void *b)
{
    const dc3_part *x = a, *y = b;
    if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Scores the candidates [n] of a class and appends ipc images of the best: parts of image i are the i-th
 * best, the (ipc + i)-th best, ... */
static dc3_status take_best(dc3_run *run, int64_t ipc, dc3_part *candidates, int64_t n, dc3_chosen *chosen)
{
    batch b;
    DC3_TRY(batch_open(run, &b));
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < n; i += BATCH)
        status = score(run, candidates + i, n - i < BATCH ? (int)(n - i) : BATCH, &b);
    batch_close(&b);
    if (status != DC3_OK) return status;
    for (int64_t i = 0; i < n; i++) candidates[i].place = (int)i;
    qsort(candidates, (size_t)n, sizeof *candidates, by_loss);
    for (int64_t i = 0; i < ipc; i++)
        for (int k = 0; k < run->each; k++)
            chosen->parts[(chosen->count + i) * run->each + k] = candidates[k * ipc + i];
    chosen->count += ipc;
    return DC3_OK;
}

/* How many images are looked at of a class that gives ipc, where it has them. */
static int64_t wanted(const dc3_run *run, int64_t ipc)
{
    int64_t needed = ipc * run->each;
    return needed > LOOK ? needed : LOOK;
}

static dc3_status choose_class(dc3_run *run, int64_t first, int64_t n, dc3_chosen *chosen)
{
    int label = dc3_dataset_label(run->dataset, first);
    int64_t ipc = dc3_run_wanted(run, label), needed = ipc * run->each, most = wanted(run, ipc), found = 0;
    int64_t *items = malloc((size_t)most * sizeof *items);
    dc3_part *candidates = calloc((size_t)most, sizeof *candidates);
    dc3_status status = items && candidates ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_run_draw_readable(run, first, n, most, items, &found);
    if (status == DC3_OK) status = dc3_run_check_class(run, label, found, needed);
    if (status == DC3_OK && found) {
        int64_t count = found > needed ? found : needed;
        for (int64_t i = 0; i < count; i++)
            candidates[i] = (dc3_part){.item = items[i % found], .repeat = (int)(i / found)};
        run->report->repeated += count - found;
        status = take_best(run, ipc, candidates, count, chosen);
    }
    free(items);
    free(candidates);
    return status;
}

dc3_status dc3_run_select_crops(dc3_run *run, dc3_chosen *chosen)
{
    return dc3_run_each_class(run, chosen, choose_class);
}

int64_t dc3_rded_images(const dc3_run *run)
{
    int64_t all = dc3_dataset_size(run->dataset), most = 0;
    for (int c = 0; c < dc3_dataset_classes(run->dataset); c++) most += wanted(run, dc3_run_wanted(run, c));
    return most < all ? most : all;
}

/* The image of a part in its own size; it may be another than when its crop was chosen. */
static dc3_status read_part(const dc3_run *run, const dc3_part *part, dc3_image *image)
{
    dc3_box box = part->box;
    DC3_TRY(dc3_dataset_read(run->dataset, part->item, 0, 0, run->fit, image));
    if (box.left >= 0 && box.top >= 0 && box.side > 0 && box.side <= image->width - box.left &&
        box.side <= image->height - box.top)
        return DC3_OK;
    dc3_status status = dc3_fail(
        DC3_ERR_FORMAT, "%s: expected the square of %d pixels at %d, %d that was chosen; found %d by %d",
        dc3_dataset_key(run->dataset, part->item), box.side, box.left, box.top, image->width, image->height);
    dc3_image_free(image);
    return status;
}

/* Patch k lies in row k / factor, column k % factor. */
static dc3_status make(dc3_run *run, const dc3_part *parts, dc3_made *made)
{
    int size = run->size, patch = size / run->factor;
    float *rgb = malloc((size_t)size * (size_t)size * 3 * sizeof *rgb);
    dc3_status status = rgb ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int k = 0; status == DC3_OK && k < run->each; k++) {
        dc3_image image = {0};
        int64_t top = k / run->factor * patch, left = k % run->factor * patch;
        status = dc3_note_unreadable(made, parts + k, read_part(run, parts + k, &image));
        if (status == DC3_OK)
            status =
                dc3_crop_scale(&image, parts[k].box, patch, rgb + (top * size + left) * 3, (int64_t)size * 3);
        dc3_image_free(&image);
    }
    if (status == DC3_OK) status = dc3_image_of_floats(size, size, rgb, &made->image);
    free(rgb);
    return status;
}

static void describe(const dc3_run *run, const dc3_part *parts, json_t *line)
{
    json_t *list = json_array();
    for (int k = 0; k < run->each; k++) {
        json_t *o = json_object();
        dc3_box box = parts[k].box;
        json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, parts[k].item)));
        json_object_set_new(o, "box", json_pack("[i, i, i, i]", box.left, box.top, box.side, box.side));
        json_object_set_new(o, "loss", json_real(parts[k].loss));
        json_array_append_new(list, o);
    }
    json_object_set_new(line, "patches", list);
}

static void settings(const dc3_run *run, json_t *to)
{
    json_object_set_new(to, "factor", json_integer(run->factor));
    json_object_set_new(to, "crops", json_integer(CROPS));
    json_object_set_new(to, "crop_area", json_pack("[f, f]", least_area, most_area));
    json_object_set_new(to, "looked_at", json_integer(wanted(run, run->options->select.ipc)));
}

const dc3_synthesis dc3_stitching = {
    .stage = "storing",
    .again = " with other crops",
    .stitches = 1,
    .threads = 1,
    .make = make,
    .describe = describe,
    .settings = settings,
};
