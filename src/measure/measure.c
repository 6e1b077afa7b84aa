/* Measures of datasets side by side. */
#include "dc3/measure.h"
#include "measure/colour.h"
#include "measure/networks.h"
#include "measure/features.h"
#include "measure/fidelity.h"
#include "measure/coverage.h"
#include "measure/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/options.h"
#include "io/manifest_rows.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "run_folder/fingerprint.h"
#include "teacher/classes.h"
#include "dc3/progress.h"
#include "dc3/text.h"
#include "base/listener.h"
#include "run_folder/images_place.h"
#include "run_folder/stored_images.h"
#include "run_folder/work.h"

dc3_measure_options dc3_measure_defaults(void)
{
    return (dc3_measure_options){.struct_size = sizeof(dc3_measure_options), .threads = 1};
}

static dc3_status find_images(dc3_subject *s)
{
    dc3_images_place place;
    dc3_status status = dc3_images_place_find(s->path, &place);
    s->folder = place.folder;
    place.folder = NULL;
    if (place.is_run) s->document = json_incref(place.document);
    s->made = place.document != NULL;
    dc3_images_place_free(&place);
    return status;
}

/* Opens a dataset as the options choose; a run, or what was generated, as it is. */
static dc3_status open_data(dc3_measuring *m, dc3_subject *s)
{
    const dc3_measure_options *o = m->options;
    dc3_data_choice choice = o->choice;
    if (s == m->training || s->made) return dc3_dataset_open(s->folder, &s->data);
    if (s == m->subjects && o->reference && o->reference_split) choice.split = o->reference_split;
    if (choice.split && !dc3_manifest_is(s->folder)) choice.split = NULL;
    m->splits += choice.split != NULL, m->chosen++;
    return dc3_dataset_open_given(s->folder, &choice, NULL, NULL, &s->data);
}

/* What is chosen must have had an effect on some dataset. */
static dc3_status check_chosen(const dc3_measuring *m)
{
    const dc3_measure_options *o = m->options;
    const char *split = o->reference_split ? "reference_split" : o->choice.split ? "split" : NULL;
    if (split && !m->splits)
        return dc3_fail_setting(split, "expected a manifest among the datasets, found none");
    return m->chosen ? DC3_OK : dc3_choice_refuse(&o->choice, m->subjects->path);
}

static dc3_status open_subject(dc3_measuring *m, dc3_subject *s, const char *path)
{
    if (dc3_comparison_is(path))
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "%s: holds a comparison of datasets; give those in it, such as %s/ipc10/dc3/seed0",
                        path, path);
    s->path = path;
    s->skipped = json_array();
    if (!s->skipped) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(find_images(s));
    DC3_TRY(open_data(m, s));
    dc3_report_notes(&m->options->listener, s->data);
    if (s->document) dc3_stored_images_note(path, s->data, &m->options->listener);
    if (m->options->strict) DC3_TRY(dc3_dataset_check_skipped(s->data));
    s->classes = calloc((size_t)dc3_dataset_classes(s->data), sizeof *s->classes);
    return s->classes ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status open_subjects(dc3_measuring *m)
{
    const dc3_measure_options *o = m->options;
    int given = 0, at = 0;
    while (o->data && o->data[given]) given++;
    if (!given && !o->reference) return dc3_fail(DC3_ERR_ARGUMENT, "expected datasets, found none");
    if (o->training && !o->teacher && !o->inception && !o->features)
        return dc3_fail_setting("training", "needs %s, %s or %s, by whose features images are near",
                                dc3_setting("teacher"), dc3_setting("inception"), dc3_setting("features"));
    m->subjects = calloc((size_t)given + 2, sizeof *m->subjects);
    if (!m->subjects) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    m->count = given + (o->reference != NULL);
    if (o->reference) DC3_TRY(open_subject(m, &m->subjects[at++], o->reference));
    for (int i = 0; i < given; i++) DC3_TRY(open_subject(m, &m->subjects[at++], o->data[i]));
    DC3_TRY(check_chosen(m));
    if (!o->training) return DC3_OK;
    m->training = &m->subjects[at];
    return open_subject(m, m->training, o->training);
}

static void close_pairing(const dc3_measuring *m, dc3_subject *s)
{
    if (s->pairing) dc3_dataset_say_reading(dc3_pairing_originals(s->pairing), &m->options->listener);
    dc3_pairing_close(&s->pairing);
}

static void close_subject(dc3_measuring *m, dc3_subject *s)
{
    dc3_dataset_say_reading(s->data, &m->options->listener);
    close_pairing(m, s);
    dc3_dataset_close(&s->data);
    json_decref(s->document);
    json_decref(s->skipped);
    json_decref(s->fidelity);
    json_decref(s->coverage);
    for (int k = 0; k < DC3_NETWORKS; k++) json_decref(s->distribution[k]);
    dc3_features_close(s);
    dc3_image_rows_close(&s->given);
    free(s->curves);
    free(s->folder);
    free(s->classes);
}

static void close_all(dc3_measuring *m)
{
    for (int i = 0; m->subjects && i < m->count; i++) close_subject(m, &m->subjects[i]);
    if (m->training) close_subject(m, m->training);
    free(m->subjects);
    dc3_networks_close(m);
}

/* What is found of an image besides what the networks say. */
typedef struct found {
    dc3_colour_sums colour;
    dc3_pair pair;
    int notes; /* dc3_dataset_heard */
} found;

static const char stage_name[] = "images";

typedef struct passing {
    dc3_measuring *m;
    dc3_subject *s;
    int64_t first; /* image of view 0 */
    dc3_sight sight;
} passing;

static dc3_status show_image(const passing *p, int64_t item, const dc3_image *image, float *view, found *to)
{
    memset(to, 0, sizeof *to);
    to->notes = dc3_dataset_heard(p->s->data, item);
    for (int k = 0; k < DC3_NETWORKS; k++) {
        float *its = dc3_sight_view(&p->sight, k, view);
        if (its) DC3_TRY(dc3_network_view(p->m, k, image, its));
    }
    dc3_colour_sums_add(&to->colour, image);
    if (p->s->pairing)
        dc3_pairing_measure(p->m, p->s->pairing, item, image, dc3_sight_view(&p->sight, DC3_NETWORKS, view),
                            &to->pair);
    if (dc3_ranks_rank() && to->pair.state == DC3_COMPARISON_FAILED) /* rank 0 may read the original */
        return dc3_fail(DC3_ERR_IO, "%s", to->pair.reason);
    return DC3_OK;
}

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    (void)worker;
    const passing *p = user;
    dc3_image image = {0};
    DC3_TRY(dc3_dataset_read(p->s->data, p->first + i, 0, 0, DC3_FIT_CROP, &image));
    dc3_status status = show_image(p, p->first + i, &image, view, note);
    dc3_image_free(&image);
    return status;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    const passing *p = user;
    dc3_measuring *m = p->m;
    dc3_subject *s = p->s;
    const found *f = seen->note;
    int64_t item = p->first + i;
    const dc3_listener *listener = &m->options->listener;
    if (++m->done % DC3_MEASURE_BATCH == 0 || m->done == m->total)
        if (listener->progress) listener->progress(listener->user, "images", m->done, m->total);
    if (seen->status == DC3_OK) dc3_dataset_hear(s->data, item, f->notes);
    if (seen->status != DC3_OK) return dc3_measure_skip(m, s, dc3_dataset_key(s->data, item), seen->reason);
    if (s->given && s->given->row_of[item] < 0)
        return dc3_measure_skip(m, s, dc3_dataset_key(s->data, item), "it has no row of features");
    dc3_colour_sums_merge(&s->classes[dc3_dataset_label(s->data, item)], &f->colour);
    dc3_colour_sums_merge(&s->all, &f->colour);
    m->report->images++;
    dc3_answers answers = dc3_sight_answers(&p->sight, seen);
    if (s->given) answers.embeddings[DC3_BY_FILE] = dc3_image_rows_get(s->given, item);
    DC3_TRY(dc3_features_add(m, s, item, &answers));
    return s->pairing ? dc3_pairing_add(m, s, item, &f->pair, &answers) : DC3_OK;
}

static passing passing_of(dc3_measuring *m, dc3_subject *s, int64_t first)
{
    return (passing){m, s, first, {m, s->pairing && m->teacher.net}};
}

/* `count` images. */
static dc3_look look_of(passing *p, int64_t count)
{
    dc3_look look = dc3_sight_look(&p->sight);
    look.bytes = dc3_sight_bytes(&p->sight), look.count = count;
    look.user = p, look.show = show, look.take = take, look.note = sizeof(found);
    return look;
}

/* `count` images from `first` on. */
static dc3_status pass(dc3_measuring *m, dc3_subject *s, int64_t first, int64_t count)
{
    passing p = passing_of(m, s, first);
    dc3_look look = look_of(&p, count);
    return dc3_look_run(&look);
}

/* An original that cannot be read. */
static int lacks(const void *note)
{
    return ((const found *)note)->pair.state == DC3_COMPARISON_FAILED;
}

/* All images, with the other ranks. */
static dc3_status pass_all(dc3_measuring *m, dc3_subject *s)
{
    passing p = passing_of(m, s, 0);
    dc3_look look = look_of(&p, dc3_dataset_size(s->data));
    look.shared = stage_name, look.lacks = lacks;
    look.listener = &m->options->listener; /* of progress `take` tells */
    look.told = 2 * (s - m->subjects) + (s->pairing != NULL);
    return dc3_look_run(&look);
}

static dc3_status measure_images(dc3_measuring *m, dc3_subject *s)
{
    int64_t n = dc3_dataset_size(s->data);
    dc3_listener_say(&m->options->listener, "%s: %lld images in %d class%s", s->path, (long long)n,
                     dc3_dataset_classes(s->data), dc3_dataset_classes(s->data) == 1 ? "" : "es");
    DC3_TRY(pass_all(m, s));
    if (s->all.images) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", s->folder, (long long)n);
}

/* Seconds for one image of a dataset, by its first ones, a piece for each thread: the second of two times,
 * since the first fills caches. */
static dc3_status measure_time(dc3_measuring *m, dc3_subject *s, double *seconds)
{
    int64_t n = dc3_dataset_size(s->data), most = (int64_t)DC3_MEASURE_BATCH * m->options->threads;
    int64_t count = n < most ? n : most;
    for (int i = 0; i < 2; i++) {
        double start = dc3_seconds_now();
        DC3_TRY(pass(m, s, i && n >= 2 * count ? n - count : 0, count));
        *seconds = (dc3_seconds_now() - start) / (double)count;
    }
    return DC3_OK;
}

/* Coverage reads each run's originals once more, at the cost of the run's images. */
static dc3_status estimate_subject(dc3_measuring *m, dc3_subject *s)
{
    char text[DC3_NUMBER_TEXT];
    double each = 0, images = (double)dc3_dataset_size(s->data);
    DC3_TRY(dc3_features_open(m, s));
    if (s != m->training) DC3_TRY(dc3_pairing_open(m, s));
    DC3_TRY(measure_time(m, s, &each));
    if (m->options->coverage && s->document && s != m->training)
        images += json_number_value(json_object_get(json_object_get(s->document, "settings"), "images"));
    m->report->estimate_seconds += each * images;
    dc3_listener_say(&m->options->listener, "%s: %.0f images, %.1f ms each, about %s", s->path, images,
                     each * 1e3, dc3_duration_text(each * images, text));
    return DC3_OK;
}

/* How long all datasets take. */
static dc3_status estimate(dc3_measuring *m)
{
    for (int i = 0; i < m->count; i++) DC3_TRY(estimate_subject(m, &m->subjects[i]));
    if (m->training) DC3_TRY(estimate_subject(m, m->training));
    m->report->images = m->report->skipped = 0;
    m->report->estimate_seconds /= dc3_ranks_count();
    return DC3_OK;
}

/* Everything about one dataset; of the reference first. */
static dc3_status measure_subject(dc3_measuring *m, dc3_subject *s)
{
    DC3_TRY(dc3_features_open(m, s));
    DC3_TRY(dc3_pairing_open(m, s));
    DC3_TRY(measure_images(m, s));
    if (s == m->subjects) DC3_TRY(dc3_colour_curves(s));
    DC3_TRY(dc3_features_finish(m, s));
    if (s->pairing) dc3_pairing_finish(s);
    if (!m->options->coverage) close_pairing(m, s);
    return DC3_OK;
}

static json_t *classes_to_json(const dc3_measuring *m, const dc3_subject *s)
{
    const dc3_subject *reference = m->subjects;
    json_t *list = json_array();
    int hint = 0;
    for (int c = 0; c < dc3_dataset_classes(s->data); c++) {
        const char *name = dc3_dataset_class_name(s->data, c);
        int there = dc3_measure_class(reference->data, name, strlen(name), &hint);
        const dc3_colour_sums *of =
            there >= 0 && reference->classes[there].images ? &reference->classes[there] : NULL;
        json_t *one = json_object(), *colour = dc3_colour_to_json(&s->classes[c], of, 0);
        json_object_set_new(one, "class", dc3_json_text(name));
        json_object_update(one, colour);
        json_decref(colour);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *or_null(json_t *value)
{
    return value ? json_incref(value) : json_null();
}

static json_t *subject_to_json(const dc3_measuring *m, const dc3_subject *s)
{
    json_t *o = json_object();
    const json_t *settings = json_object_get(s->document, "settings");
    json_object_set_new(o, "path", dc3_json_text(s->path));
    json_object_set(o, "method", json_object_get(settings, "method"));
    json_object_set(o, "skipped", s->skipped);
    json_object_set_new(o, "colour", dc3_colour_to_json(&s->all, &m->subjects->all, 1));
    json_object_set_new(o, "classes", classes_to_json(m, s));
    json_object_set_new(o, "fidelity", or_null(s->fidelity));
    json_object_set_new(o, "coverage", or_null(s->coverage));
    json_object_set_new(o, "features", or_null(s->distribution[DC3_BY_TEACHER]));
    json_object_set_new(o, "inception", or_null(s->distribution[DC3_BY_INCEPTION]));
    json_object_set_new(o, "given_features", or_null(s->distribution[DC3_BY_FILE]));
    return o;
}

static dc3_status write_report(dc3_measuring *m)
{
    json_t *document = json_object(), *list = json_array();
    json_object_set_new(document, "reference", dc3_json_text(m->subjects->path));
    json_object_set_new(document, "bandwidth_rule", json_string("scott, of the reference"));
    if (m->teacher.net)
        json_object_set_new(document, "teacher",
                            json_pack("{s:s, s:i}", "arch", m->teacher.info->arch, "size", m->teacher.size));
    for (int i = 0; i < m->count; i++) json_array_append_new(list, subject_to_json(m, &m->subjects[i]));
    json_object_set_new(document, "datasets", list);
    if (m->training)
        json_object_set_new(document, "training",
                            json_pack("{s:o, s:I, s:O}", "path", dc3_json_text(m->training->path), "images",
                                      (json_int_t)m->training->all.images, "skipped", m->training->skipped));
    m->report->table = dc3_measure_table(document, m->options->per_class);
    m->report->json = json_dumps(document, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(7));
    json_decref(document);
    return m->report->table && m->report->json ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status measure_all(dc3_measuring *m)
{
    if (m->training) {
        DC3_TRY(dc3_features_open(m, m->training));
        DC3_TRY(measure_images(m, m->training));
    }
    for (int i = 0; i < m->count; i++) DC3_TRY(measure_subject(m, &m->subjects[i]));
    if (m->options->coverage) DC3_TRY(dc3_measure_coverage(m));
    return write_report(m);
}

/* ---- by several ranks ---- */

static json_t *describe(const dc3_subject *s)
{
    return json_sprintf("%s, %lld images in %d classes, %016llx", s->path,
                        (long long)dc3_dataset_size(s->data), dc3_dataset_classes(s->data),
                        (unsigned long long)dc3_fingerprint_images(s->data));
}

static json_t *file(const char *path)
{
    return path ? dc3_fingerprint(path) : json_null();
}

/* What all ranks must have alike. */
static dc3_status agree(const dc3_measuring *m)
{
    const dc3_measure_options *o = m->options;
    char name[32];
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = json_pack("{s:o, s:o, s:i, s:i, s:i, s:i}", "teacher", file(o->teacher), "inception",
                            file(o->inception), "teacher_size", o->teacher_size, "threads", o->threads,
                            "coverage", o->coverage, "strict", o->strict);
    for (int i = 0; i < m->count + (m->training != NULL); i++) {
        snprintf(name, sizeof name, "dataset %d", i + 1);
        json_object_set_new(all, name, describe(&m->subjects[i]));
    }
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* Opens the originals of a run, if rank 0 compares with them. */
static dc3_status open_pairing(dc3_measuring *m, dc3_subject *s, int wanted)
{
    if (s != m->training) DC3_TRY(dc3_pairing_open(m, s));
    if (wanted == (s->pairing != NULL)) return DC3_OK;
    return dc3_fail(DC3_ERR_IO,
                    "%s: its originals are %s here, and %s by rank 0; expected what all ranks share", s->path,
                    wanted ? "not found" : "found", wanted ? "found" : "not found");
}

/* Another rank's part in the images of a dataset. */
static dc3_status serve(void *user, const void *known, size_t bytes)
{
    dc3_measuring *m = user;
    int64_t number = dc3_look_told(known) / 2;
    if (number < 0 || number > m->count)
        return dc3_fail(DC3_ERR_INTERNAL, "there is no dataset %lld", (long long)number);
    dc3_subject *s = &m->subjects[number];
    dc3_status status = open_pairing(m, s, dc3_look_told(known) % 2 != 0);
    passing p = passing_of(m, s, 0);
    const dc3_look look = look_of(&p, dc3_dataset_size(s->data));
    if (status == DC3_OK) status = dc3_look_serve(&look, known, bytes);
    dc3_pairing_close(&s->pairing);
    return status;
}

static dc3_status help(dc3_measuring *m)
{
    const dc3_stage stages[] = {{stage_name, serve}, {NULL, NULL}};
    dc3_status status = open_subjects(m);
    if (status == DC3_OK) status = dc3_networks_open(m);
    if (status == DC3_OK) status = agree(m);
    if (status == DC3_OK) status = dc3_share_follow(stages, m);
    close_all(m);
    return dc3_ranks_outcome(status);
}

dc3_status dc3_measure(const dc3_measure_options *given, dc3_measure_report *report)
{
    dc3_measure_options own = dc3_measure_defaults();
    const dc3_measure_options *options = &own;
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_measure_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_measure_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    dc3_ranks_mute(&own.listener);
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_measuring m = {.options = options, .report = report};
    if (dc3_ranks_rank()) return help(&m);
    dc3_status status = open_subjects(&m);
    dc3_work_note *notes = calloc((size_t)m.count + 1, sizeof *notes);
    for (int i = 0; status == DC3_OK && notes && i < m.count; i++)
        dc3_work_begin(&notes[i], own.dry_run || !m.subjects[i].document ? NULL : m.subjects[i].path,
                       "measure", &own.listener);
    if (status == DC3_OK) status = dc3_networks_open(&m);
    if (status == DC3_OK) status = dc3_features_open_files(&m);
    if (status == DC3_OK) status = agree(&m);
    for (int i = 0; status == DC3_OK && i < m.count; i++) m.total += dc3_dataset_size(m.subjects[i].data);
    if (status == DC3_OK && m.training) m.total += dc3_dataset_size(m.training->data);
    if (status == DC3_OK) status = options->dry_run ? estimate(&m) : measure_all(&m);
    for (int i = 0; notes && i < m.count; i++) dc3_work_end(&notes[i]);
    close_all(&m);
    free(notes);
    if (status == DC3_OK) return status;
    free(report->table);
    free(report->json);
    report->table = report->json = NULL;
    return status;
}
