/* A row of the table in JSON: its numbers, the conditions of its students, where its data are from. */
#include <math.h>
#include "compare/row.h"
#include "run_folder/fingerprint.h"

static dc3_status set_number(json_t *row, const char *key, double value)
{
    return json_object_set_new(row, key, json_real(value)) == 0 ? DC3_OK
                                                                : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* {"top1": "best", "top5": "within the spread"} */
static json_t *marks_of(const dc3_row *r)
{
    json_t *marks = json_object();
    for (int i = 0; i < DC3_ROW_MARKED; i++)
        if (r->mark[i] != ' ')
            json_object_set_new(marks, dc3_row_marked[i],
                                json_string(r->mark[i] == '*' ? "best" : "within the spread"));
    return marks;
}

/* Under which conditions the students of a cell were trained, as rows of dc3_tests_row have them, and the
 * hashes of its sets, where the lines say them (those of earlier versions do not). */
static void add_students(const dc3_comparing *c, dc3_cell w, json_t *o)
{
    static const char *const keys[] = {"epochs",      "batch",  "size",     "factor", "augment",
                                       "test_images", "recipe", "training", "format"},
                             *const shared[] = {"lr",       "weight_decay",  "temperature",
                                                "val",      "teacher",       "departs_from_protocol",
                                                "loss",     "hard_share",    "smoothing",
                                                "schedule", "crop",          "cutmix",
                                                "rand_ops", "rand_strength", "ema"};
    json_t *stored = json_array(), *settings = json_object();
    json_int_t diverged = 0;
    const json_t *line = NULL;
    for (w.seed = 0; w.seed < c->options->seeds; w.seed++) {
        const json_t *one = dc3_results_find(&c->results, &w);
        json_t *hash = json_object_get(json_object_get(one, "settings"), "stored");
        if (one) line = one;
        if (hash) json_array_append(stored, hash);
        diverged += json_integer_value(json_object_get(one, "diverged"));
    }
    const json_t *said = json_object_get(line, "settings");
    const char *teacher = json_string_value(json_object_get(line, "teacher"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(line, keys[i])) json_object_set(o, keys[i], json_object_get(line, keys[i]));
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (json_object_get(said, shared[i]))
            json_object_set(settings, shared[i], json_object_get(said, shared[i]));
    if (teacher && *teacher) json_object_set_new(o, "teacher", json_string(teacher));
    if (json_object_get(line, "teachers")) json_object_set(o, "teachers", json_object_get(line, "teachers"));
    if (diverged) json_object_set_new(o, "diverged", json_integer(diverged));
    if (json_is_true(json_object_get(line, "any_teacher")))
        json_object_set_new(o, "any_teacher", json_true());
    if (json_array_size(stored)) json_object_set(o, "stored", stored);
    if (said) json_object_set(o, "settings", settings);
    json_decref(stored);
    json_decref(settings);
}

/* What says which data the row is of, and what all of them give. */
static void add_origin(const dc3_comparing *c, json_t *o)
{
    json_object_set_new(o, "dataset", dc3_fingerprint_text(c->dataset));
    if (c->real_hard >= 0) json_object_set_new(o, "full_top1", json_real(c->real_hard));
    if (*c->backbone) json_object_set_new(o, "backbone", json_string(c->backbone));
    if (c->pretrained) json_object_set_new(o, "backbone_pretrained", json_string(c->pretrained));
    const json_t *several = dc3_results_teachers(&c->results);
    if (several)
        json_object_set(o, "teacher_top1", json_object_get(several, "teacher_top1"));
    else if (c->tests->teacher)
        json_object_set_new(o, "teacher_top1", json_real(c->tests->teacher_top1));
}

/* Its values, but for the marks. */
static dc3_status set_values(const dc3_comparing *c, const dc3_row *r, json_t *o)
{
    if (r->cell.budget) {
        DC3_TRY(set_number(o, "images", r->images));
        DC3_TRY(set_number(o, "train_bytes", r->train));
        if (r->needed > 0) DC3_TRY(set_number(o, "needed_bytes", r->needed));
    }
    add_origin(c, o);
    add_students(c, r->cell, o);
    if (!isnan(r->value[DC3_ROW_LABEL_ROBUST]))
        DC3_TRY(set_number(o, "label_robust_score", r->value[DC3_ROW_LABEL_ROBUST]));
    if (!c->options->augment_robust) return DC3_OK;
    DC3_TRY(set_number(o, "top1_unaugmented", r->unaugmented));
    DC3_TRY(set_number(o, "top1_unaugmented_deviation", r->unaugmented_spread));
    return isnan(r->value[DC3_ROW_AUGMENT_ROBUST])
               ? DC3_OK
               : set_number(o, "augmentation_robust_score", r->value[DC3_ROW_AUGMENT_ROBUST]);
}

json_t *dc3_row_json(const dc3_comparing *c, const dc3_row *r)
{
    const dc3_cell *w = &r->cell;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:i}", w->budget ? "budget" : "ipc",
                          (json_int_t)(w->budget ? w->budget : w->ipc), "arch", w->arch, "labels", w->labels,
                          "method", w->method, "seeds", r->n);
    dc3_status status = o ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (o && !r->n) status = set_number(o, "needed_bytes", r->needed);
    if (o && r->n) {
        json_t *scores =
            json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "top1", r->value[DC3_ROW_TOP1],
                      "top1_deviation", r->spread[DC3_ROW_TOP1], "top5", r->value[DC3_ROW_TOP5],
                      "top5_deviation", r->spread[DC3_ROW_TOP5], "best_top1", r->value[DC3_ROW_BEST],
                      "seconds_condense", r->seconds, "image_bytes", r->bytes, "label_bytes", r->labels,
                      "colourfulness", r->colour, "marks", marks_of(r));
        status = json_object_update(o, scores) == 0 ? set_values(c, r, o)
                                                    : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        json_decref(scores);
    }
    if (status == DC3_OK) return o;
    json_decref(o);
    return NULL;
}
