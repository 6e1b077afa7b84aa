/* Fidelity: what a run stored, against the images that it was made from, brought to the stored size as the
 * run did it. Of the fourfold view the original is repeated in the four quarters. A stored image is
 * compared while it is at hand for the other measures, and what the teacher said of it there counts here too.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "measure/fidelity.h"
#include "run_folder/origins.h"
#include "run_folder/sources.h"
#include "metrics/delta_e_2000.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "base/listener.h"
#include "ranks/ranks.h"
#include "run_folder/document.h"
#include "run_folder/made_of.h"
#include "teacher/check.h"
#include "teacher/classes.h"
#include "measure/networks.h"

/* Of a class, or of all pairs. */
typedef struct sums {
    int64_t pairs, identical, windowed; /* windowed: large enough for SSIM */
    double ssim, delta_e, psnr;         /* psnr: of those that differ */
    int64_t same, right_before, right_after;
    double loss_before, loss_after;
} sums;

/* Where a stored image has no original that is known: metadata.jsonl does not name the image or its source
 * is another image now; its source is not among the originals. */
enum { UNNAMED = -1, GONE = -2 };

struct dc3_pairing {
    dc3_dataset *originals;
    int64_t *items; /* [stored images], of the originals */
    dc3_fit fit;
    int fourfold;
    sums *classes, all;
    int asks; /* the teacher is asked about the originals, too */
};

const dc3_dataset *dc3_pairing_originals(const dc3_pairing *p)
{
    return p->originals;
}

int64_t dc3_pairing_original(const dc3_pairing *p, int64_t item)
{
    return p->items[item];
}

/* Whether the originals are those that the run was made of; marks in `sources` those that are others now.
 * *why says what is in the way where it is another dataset. */
static dc3_status check_originals(const dc3_measuring *m, const dc3_subject *s, json_t *sources,
                                  const dc3_pairing *p, char *why, size_t size)
{
    dc3_origins found;
    char text[DC3_ORIGINS_TEXT];
    const char *path = dc3_dataset_path(p->originals);
    DC3_TRY(dc3_origins_check(s->path, p->originals, sources, &found));
    if (!found.missing && !found.changed) return DC3_OK;
    dc3_origins_text(&found, text);
    if (dc3_origins_are_others(&found) && m->options->originals)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected the dataset of the run %s, found another: %s; %s names it", path,
                        s->path, text, dc3_setting("originals"));
    if (dc3_origins_are_others(&found))
        snprintf(why, size, "%.150s is another dataset now: %.200s", path, text);
    else if (found.changed)
        dc3_listener_say(&m->options->listener, "note: %s has changed: %s; nothing is compared with them",
                         path, text);
    return DC3_OK;
}

/* What metadata.jsonl says, which is read twice. */
typedef struct metadata {
    const dc3_subject *subject;
    int64_t lines;
    json_t *stored, *sources; /* numbers by file name, in the folder, and by source, in the originals */
} metadata;

static dc3_status add_names(void *user, json_t *line)
{
    metadata *m = user;
    const char *name = json_string_value(json_object_get(line, "file_name")),
               *source = json_string_value(json_object_get(line, "source"));
    m->lines++;
    if (!name || !source)
        return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: line %lld: expected a file_name and a source",
                        m->subject->folder, (long long)m->lines);
    json_object_set_new(m->stored, name, json_null());
    json_object_set_new(m->sources, source, json_null());
    return DC3_OK;
}

static dc3_status fill_item(void *user, json_t *line)
{
    const metadata *m = user;
    int64_t item = dc3_sources_item(m->stored, json_string_value(json_object_get(line, "file_name"))),
            original = dc3_sources_item(m->sources, json_string_value(json_object_get(line, "source")));
    if (item >= 0)
        m->subject->pairing->items[item] = original >= 0                    ? original
                                           : original == DC3_SOURCE_CHANGED ? UNNAMED
                                                                            : GONE;
    return DC3_OK;
}

/* Fills items: the sources of the images in the folder. */
static dc3_status find_items(const dc3_measuring *m, const dc3_subject *s, dc3_pairing *p, char *why,
                             size_t size)
{
    metadata of = {.subject = s, .stored = json_object(), .sources = json_object()};
    for (int64_t k = 0; k < dc3_dataset_size(s->data); k++) p->items[k] = UNNAMED;
    dc3_status status = dc3_metadata_each(s->folder, add_names, &of);
    if (status == DC3_OK) {
        dc3_sources_number(of.stored, s->data);
        dc3_sources_number(of.sources, p->originals);
        status = check_originals(m, s, of.sources, p, why, size);
    }
    if (status == DC3_OK && !*why) status = dc3_metadata_each(s->folder, fill_item, &of);
    json_decref(of.stored);
    json_decref(of.sources);
    return status;
}

static dc3_status tile(const dc3_image *quarter, dc3_image *whole)
{
    size_t row = (size_t)quarter->width * 3;
    *whole = (dc3_image){quarter->width * 2, quarter->height * 2, NULL};
    whole->pixels = malloc(4 * row * (size_t)quarter->height);
    if (!whole->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int y = 0; y < whole->height; y++)
        for (int half = 0; half < 2; half++)
            memcpy(whole->pixels + (size_t)(2 * y + half) * row,
                   quarter->pixels + (size_t)(y % quarter->height) * row, row);
    return DC3_OK;
}

/* The original as the run saw it, at the stored size. */
static dc3_status read_original(const dc3_pairing *p, int64_t item, int width, int height,
                                dc3_image *original)
{
    if (item < 0)
        return dc3_fail(DC3_ERR_FORMAT, "its source is not in %.150s; %s says where the originals are",
                        dc3_dataset_path(p->originals), dc3_setting("originals"));
    if (!p->fourfold) return dc3_dataset_read(p->originals, item, width, height, p->fit, original);
    if (width % 2 || height % 2)
        return dc3_fail(DC3_ERR_FORMAT, "%dx%d pixels are no fourfold view", width, height);
    dc3_image quarter;
    DC3_TRY(dc3_dataset_read(p->originals, item, width / 2, height / 2, p->fit, &quarter));
    dc3_status status = tile(&quarter, original);
    dc3_image_free(&quarter);
    return status;
}

static dc3_status compare(const dc3_measuring *m, const dc3_image *stored, const dc3_image *original,
                          float *view, dc3_pair *to)
{
    int64_t pixels = (int64_t)stored->width * stored->height;
    const uint8_t *a = original->pixels, *b = stored->pixels;
    DC3_TRY(dc3_ssim(a, b, stored->width, stored->height, &to->ssim));
    to->delta_e = dc3_mean_delta_e_2000(a, b, pixels);
    to->psnr = dc3_psnr(a, b, 3 * pixels);
    return view ? dc3_network_view(m, DC3_BY_TEACHER, original, view) : DC3_OK;
}

void dc3_pairing_measure(const dc3_measuring *m, const dc3_pairing *p, int64_t item, const dc3_image *stored,
                         float *view, dc3_pair *to)
{
    dc3_image original = {0};
    int size = m->teacher.size;
    *to = (dc3_pair){.state = DC3_NOT_COMPARED};
    dc3_status status = DC3_OK;
    if (p->items[item] != UNNAMED) {
        status = read_original(p, p->items[item], stored->width, stored->height, &original);
        if (status == DC3_OK) status = compare(m, stored, &original, view, to);
        to->state = status == DC3_OK ? DC3_COMPARED : DC3_COMPARISON_FAILED;
        if (p->items[item] >= 0) to->notes = dc3_dataset_heard(p->originals, p->items[item]);
    }
    if (status != DC3_OK) snprintf(to->reason, sizeof to->reason, "%s", dc3_error_text());
    if (view && to->state != DC3_COMPARED) memset(view, 0, (size_t)size * (size_t)size * 3 * sizeof *view);
    dc3_image_free(&original);
}

/* The class with the largest logit. */
static int64_t top_of(int64_t classes, const float *logits)
{
    int64_t top = 0;
    for (int64_t c = 1; c < classes; c++)
        if (logits[c] > logits[top]) top = c;
    return top;
}

/* The teacher's answers to the original and to what is stored. */
static void compare_answers(const dc3_measuring *m, const dc3_answers *answers, int label, sums *one)
{
    int64_t classes = m->teacher.info->classes;
    const float *original = answers->before, *stored = answers->logits[DC3_BY_TEACHER];
    int64_t before = top_of(classes, original), after = top_of(classes, stored);
    one->loss_before = dc3_teacher_loss(classes, original, label);
    one->loss_after = dc3_teacher_loss(classes, stored, label);
    one->same = before == after;
    one->right_before = before == label;
    one->right_after = after == label;
}

static void add(sums *to, const sums *one)
{
    to->pairs += one->pairs, to->identical += one->identical, to->windowed += one->windowed;
    to->ssim += one->ssim, to->delta_e += one->delta_e, to->psnr += one->psnr;
    to->same += one->same, to->right_before += one->right_before, to->right_after += one->right_after;
    to->loss_before += one->loss_before, to->loss_after += one->loss_after;
}

dc3_status dc3_pairing_add(dc3_measuring *m, dc3_subject *s, int64_t item, const dc3_pair *of,
                           const dc3_answers *answers)
{
    dc3_pairing *p = s->pairing;
    if (of->state == DC3_NOT_COMPARED) return DC3_OK;
    if (p->items[item] >= 0) dc3_dataset_hear(p->originals, p->items[item], of->notes);
    if (of->state == DC3_COMPARISON_FAILED)
        return dc3_measure_skip(m, s, dc3_dataset_key(s->data, item), of->reason);
    sums one = {.pairs = 1, .identical = isinf(of->psnr), .windowed = !isnan(of->ssim)};
    one.ssim = one.windowed ? of->ssim : 0;
    one.delta_e = of->delta_e;
    one.psnr = one.identical ? 0 : of->psnr;
    if (p->asks) compare_answers(m, answers, dc3_dataset_label(p->originals, p->items[item]), &one);
    add(&p->classes[dc3_dataset_label(s->data, item)], &one);
    add(&p->all, &one);
    return DC3_OK;
}

static json_t *to_json(const dc3_pairing *p, const sums *s)
{
    json_t *o = json_object();
    double n = (double)s->pairs;
    json_object_set_new(o, "pairs", json_integer(s->pairs));
    json_object_set_new(o, "identical", json_integer(s->identical));
    dc3_measure_set(o, "ssim", s->ssim / (double)s->windowed);
    dc3_measure_set(o, "delta_e_2000", s->delta_e / n);
    dc3_measure_set(o, "psnr", s->psnr / (double)(s->pairs - s->identical));
    if (!p->asks) return o;
    dc3_measure_set(o, "top1_same", (double)s->same / n);
    dc3_measure_set(o, "top1_before", (double)s->right_before / n);
    dc3_measure_set(o, "top1_after", (double)s->right_after / n);
    dc3_measure_set(o, "loss_before", s->loss_before / n);
    dc3_measure_set(o, "loss_after", s->loss_after / n);
    return o;
}

void dc3_pairing_finish(dc3_subject *s)
{
    const dc3_pairing *p = s->pairing;
    s->fidelity = to_json(p, &p->all);
    json_object_set_new(s->fidelity, "originals", dc3_json_text(dc3_dataset_path(p->originals)));
    json_t *classes = json_array();
    for (int c = 0; c < dc3_dataset_classes(s->data); c++) {
        json_t *one = to_json(p, &p->classes[c]);
        json_object_set_new(one, "class", dc3_json_text(dc3_dataset_class_name(s->data, c)));
        json_array_append_new(classes, one);
    }
    json_object_set_new(s->fidelity, "classes", classes);
}

static dc3_status open_memory(const dc3_measuring *m, const dc3_subject *s, dc3_pairing *p)
{
    p->classes = calloc((size_t)dc3_dataset_classes(s->data), sizeof *p->classes);
    p->items = malloc((size_t)dc3_dataset_size(s->data) * sizeof *p->items);
    p->asks = m->teacher.net != NULL;
    return p->classes && p->items ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* How the run saw its images. */
static void read_settings(const dc3_subject *s, dc3_pairing *p)
{
    const json_t *settings = json_object_get(s->document, "settings");
    p->fit = dc3_measure_fit(s);
    p->fourfold = dc3_sources_fourfold(settings);
}

/* The teacher must be one of the originals' classes. */
static dc3_status check_teacher(dc3_measuring *m, const dc3_pairing *p, const char *data)
{
    const dc3_measure_options *o = m->options;
    json_t *names = dc3_class_names(p->originals);
    dc3_teacher_check check = {
        .path = o->teacher, .data = data, .names = names, .any = o->any_teacher, .listener = &o->listener};
    dc3_teacher_sample sample = {.dataset = p->originals, .on = "training images", .fit = DC3_FIT_CROP};
    dc3_status status = dc3_teacher_check_all(&m->teacher, &check, NULL, &sample);
    json_decref(names);
    return status;
}

/* The dataset that the run was made from. *why says what is in the way where nothing is compared. */
static dc3_status open_originals(dc3_measuring *m, const dc3_subject *s, dc3_pairing *p, char *why,
                                 size_t size)
{
    const dc3_measure_options *o = m->options;
    const json_t *settings = json_object_get(s->document, "settings");
    const char *data = o->originals ? o->originals : json_string_value(json_object_get(settings, "data"));
    if (json_object_get(settings, "crops"))
        snprintf(why, size, "its images are crops of others");
    else if (!data)
        snprintf(why, size, "its dc3.json names no dataset; %s says where the originals are",
                 dc3_setting("originals"));
    else {
        dc3_status status = dc3_made_of_open(settings, data, &p->originals);
        if (status != DC3_OK && o->originals) return status;
        if (status != DC3_OK)
            snprintf(why, size, "%.200s; %s says where the originals are now", dc3_error_text(),
                     dc3_setting("originals"));
    }
    if (!p->originals || !m->teacher.net || dc3_ranks_rank()) return DC3_OK; /* rank 0 asks */
    return check_teacher(m, p, data);
}

void dc3_pairing_close(dc3_pairing **pairing)
{
    dc3_pairing *p = *pairing;
    if (!p) return;
    dc3_dataset_close(&p->originals);
    free(p->items);
    free(p->classes);
    free(p);
    *pairing = NULL;
}

static dc3_status open_pairs(dc3_measuring *m, dc3_subject *s, char *why, size_t size)
{
    DC3_TRY(open_memory(m, s, s->pairing));
    return find_items(m, s, s->pairing, why, size);
}

dc3_status dc3_pairing_open(dc3_measuring *m, dc3_subject *s)
{
    char why[400] = "";
    if (!s->document) return DC3_OK;
    dc3_pairing *p = s->pairing = calloc(1, sizeof *p);
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    read_settings(s, p);
    DC3_TRY(open_originals(m, s, p, why, sizeof why));
    if (!*why) DC3_TRY(open_pairs(m, s, why, sizeof why));
    if (!*why) return DC3_OK;
    dc3_listener_say(&m->options->listener, "note: %s is not compared with its originals: %s", s->path, why);
    dc3_pairing_close(&s->pairing);
    return DC3_OK;
}
