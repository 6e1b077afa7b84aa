/* What tells at first sight whether the set is good: each figure beside that of random images and of all
 * data, as far as they are known, and what to try next. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "gather/parts.h"
#include "gather/sample.h"
#include "gather/score_answer.h"

enum { NAMES = 3, VERDICT = 400 }; /* classes that are named; bytes of the sentence */

static double member(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *word(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static const char none[] = "\xe2\x80\x93"; /* of a cell that the row cannot have */

/* [what, this set, a set by the method random, originals drawn at random, all data]; NULL: not
 * known. */
static void add(json_t *rows, const char *what, const char *own, const char *random, const char *drawn,
                const char *all)
{
    const char *cells[] = {what, own, random, drawn, all};
    json_t *row = json_array();
    for (int i = 0; i < 5; i++) json_array_append_new(row, dc3_json_text(cells[i] ? cells[i] : "not known"));
    json_array_append_new(rows, row);
}

static void say(json_t *list, const char *text)
{
    json_array_append_new(list, dc3_json_text(text));
}

/* "28.30 +- 0.40 %"; NULL where there is no row. */
static const char *percent(const json_t *row, char text[48])
{
    double top1 = member(row, "top1"), deviation = member(row, "top1_deviation");
    if (isnan(top1)) return NULL;
    snprintf(text, 48, "%.2f %%", 100 * top1);
    if (member(row, "seeds") > 1 && !isnan(deviation))
        snprintf(text, 48, "%.2f\xc2\xa0\xc2\xb1\xc2\xa0%.2f\xc2\xa0%%", 100 * top1, 100 * deviation);
    return text;
}

/* How far two scores must be apart to tell them apart: both spreads, as far as they are known. */
static double spread(const json_t *a, const json_t *b)
{
    double x = member(a, "top1_deviation"), y = member(b, "top1_deviation");
    return (isnan(x) ? 0 : x) + (isnan(y) ? 0 : y);
}

/* One sentence about the score. */
static const char *verdict(const dc3_reporting *r, char text[VERDICT])
{
    double own = member(r->score, "top1"), random = member(r->random, "top1");
    double points = 100 * (own - random), apart = 100 * spread(r->score, r->random);
    const char *method = word(r->settings, "method");
    if (strcmp(method, "random") == 0) return "This is a set of random images: the baseline of others.";
    if (!r->score && *r->why) {
        snprintf(text, VERDICT, "Not known yet: %.250s.", r->why);
        return text;
    }
    if (!r->score) return "Not known yet: no student was trained on the set.";
    if (!r->random && *r->why_random) {
        snprintf(text, VERDICT, "Known in part: %.300s.", r->why_random);
        return text;
    }
    if (!r->random) return "Known in part: there is no score of random images to compare with.";
    if (fabs(points) <= apart)
        snprintf(text, VERDICT,
                 "No better and no worse than random images: %+.1f points, within the seeds' spread.",
                 points);
    else
        snprintf(text, VERDICT, "%s than as many random images, by %.1f points of accuracy%s.",
                 points > 0 ? "Better" : "Worse", fabs(points),
                 member(r->score, "seeds") > 1 ? "" : " (one seed: the spread is not known)");
    return text;
}

/* What all data give: students trained on them under the same conditions, else what a comparison says, else
 * the teacher. */
static double full_accuracy(const dc3_reporting *r)
{
    double full = member(r->full, "top1");
    if (isnan(full)) full = member(r->score, "full_top1");
    return isnan(full) ? member(r->score, "teacher_top1") : full;
}

static void add_score(const dc3_reporting *r, json_t *rows)
{
    char what[400] = "Accuracy of students", departures[160], own[48], random[48], all[64] = "";
    const json_t *score = r->score;
    double full = full_accuracy(r);
    if (score)
        snprintf(what, sizeof what, "Accuracy of students (%.24s, %.12s labels%s%s)", word(score, "arch"),
                 word(score, "labels"),
                 json_object_get(score, "any_teacher") ? " of a teacher that hardly knows these classes" : "",
                 dc3_row_departures(score, departures));
    if (!isnan(full))
        snprintf(all, sizeof all, "%.2f %%%s", 100 * full,
                 !r->full && isnan(member(score, "full_top1")) ? " (the teacher)" : "");
    const char *beside = percent(r->random, random);
    add(rows, what, percent(score, own), beside || !*r->why_random ? beside : "not comparable", none,
        *all ? all : NULL);
}

/* ---- classes ---- */

static int by_top1(const void *a, const void *b)
{
    const dc3_gather_class *x = *(dc3_gather_class *const *)a, *y = *(dc3_gather_class *const *)b;
    return x->top1 < y->top1 ? -1 : x->top1 > y->top1 ? 1 : x->first < y->first ? -1 : x->first > y->first;
}

/* "lowest: cat 12.0 %, dog 20.0 %; highest: truck 61.0 %"; NULL: not known. Caller frees. */
static char *extremes(const dc3_reporting *r)
{
    char *text = NULL;
    size_t size;
    int64_t n = 0;
    dc3_gather_class **order = malloc((size_t)(r->classes_count + 1) * sizeof *order);
    FILE *to = order ? open_memstream(&text, &size) : NULL;
    for (int64_t i = 0; to && i < r->classes_count; i++)
        if (!isnan(r->classes[i].top1)) order[n++] = r->classes + i;
    if (to && n) qsort(order, (size_t)n, sizeof *order, by_top1);
    for (int64_t i = 0; to && i < n && i < NAMES; i++)
        fprintf(to, "%s%.80s %.1f %%",
                i ? ", " : "lowest: ", word(json_array_get(r->lines, order[i]->first), "class"),
                100 * order[i]->top1);
    if (to && n > NAMES)
        fprintf(to, "; highest: %.80s %.1f %%", word(json_array_get(r->lines, order[n - 1]->first), "class"),
                100 * order[n - 1]->top1);
    if (to) fclose(to);
    free(order);
    if (n) return text;
    free(text);
    return NULL;
}

/* ---- the teacher, coverage, colours, duplicates ---- */

/* "91.00 % on 60 held-out images"; NULL: not known. */
static const char *accuracy(const json_t *o, char text[120])
{
    double top1 = member(o, "top1");
    if (isnan(top1)) return NULL;
    snprintf(text, 120, "%.2f %% on %.0f %.40s", 100 * top1, member(o, "images"), word(o, "on"));
    return text;
}

static void add_teacher(const dc3_reporting *r, json_t *rows)
{
    char original[120], stored[120];
    const json_t *teacher = json_object_get(r->document, "teacher");
    if (!teacher && !json_object_get(r->settings, "teacher_size")) return; /* the run has none */
    const char *all = accuracy(json_object_get(teacher, "accuracy"), original);
    double tested = member(r->score, "teacher_top1");
    if (!all && !isnan(tested)) {
        snprintf(original, sizeof original, "%.2f %% on test images", 100 * tested);
        all = original;
    }
    char what[200] = "The teacher's accuracy";
    if (json_object_get(teacher, "any_teacher"))
        snprintf(what, sizeof what,
                 "The teacher's accuracy (it seems to be one of other classes, and was taken with "
                 "%.40s)",
                 dc3_setting("any_teacher"));
    add(rows, what, accuracy(json_object_get(teacher, "stored_accuracy"), stored), none, none, all);
}

static json_t *read_quality(const dc3_reporting *r)
{
    json_t *quality = NULL;
    char *path = dc3_path_join(r->options->run, "quality.json");
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 20, &quality) != DC3_OK)
        quality = NULL;
    free(path);
    return quality;
}

/* In which features the distances are measured, in the words of dc3_measure. */
static void features_text(const dc3_reporting *r, const json_t *quality, char text[200])
{
    const char *by = word(quality, "by"), *editor = word(r->settings, "editor"),
               *arch = word(r->settings, "backbone");
    double size = member(r->settings, "feature_size");
    *text = 0;
    if (strcmp(by, "teacher") == 0) arch = word(json_object_get(r->document, "teacher"), "arch");
    if (strcmp(by, "teacher") == 0 || strcmp(by, "backbone") == 0)
        snprintf(text, 200, ", by embeddings of the %s, %s %.24s", by, dc3_text_article(arch), arch);
    else if (strcmp(by, "given-features") == 0)
        snprintf(text, 200, ", by the features that were given");
    else if (strcmp(by, "vae-features") == 0 && *editor && size > 0)
        snprintf(text, 200, ", by VAE of %.80s, images of %.0f pixels", editor, size);
}

static void add_coverage(const dc3_reporting *r, const json_t *quality, json_t *rows)
{
    char what[320], features[200], own[64], random[96];
    double distance = member(quality, "distance"), other = member(quality, "random_distance");
    if (isnan(distance) || isnan(other)) return;
    features_text(r, quality, features);
    snprintf(what, sizeof what,
             "Coverage: mean distance of all images to the nearest that was chosen%s (less is better)",
             features);
    snprintf(own, sizeof own, "%.4g", distance);
    snprintf(random, sizeof random, "%.4g\xc2\xa0\xc2\xb1\xc2\xa0%.2g", other,
             member(quality, "random_deviation"));
    add(rows, what, own, none, random, "0");
}

static void add_colour(const dc3_reporting *r, json_t *rows)
{
    char own[48], random[48], drawn[48];
    if (isnan(r->distance) || isnan(r->random_distance)) return;
    snprintf(own, sizeof own, "%.3f", r->distance);
    snprintf(random, sizeof random, "%.3f", r->random_run_distance);
    snprintf(drawn, sizeof drawn, "%.3f", r->random_distance);
    add(rows, "Distance of the colours from the originals' (0 to 1)", own,
        isnan(r->random_run_distance) ? none : random, drawn, "0");
}

static void add_duplicates(const dc3_reporting *r, json_t *rows)
{
    char own[80], count[32];
    if (!r->looked) return;
    const char *of = dc3_gather_count(r->looked, count);
    if (r->duplicates)
        snprintf(own, sizeof own, "%lld of %s that were compared", (long long)r->duplicates, of);
    else
        snprintf(own, sizeof own, "none of %s that were compared", of);
    add(rows, "Stored images that equal another", own, none, none, none);
}

/* ---- what next ---- */

static void say_doubt(const json_t *score, json_t *next)
{
    char doubt[DC3_ROWS_DOUBT], text[DC3_ROWS_DOUBT + 80];
    json_t *rows = json_pack("[O]", score);
    snprintf(text, sizeof text, "Score with three seeds or more: %s.", dc3_rows_doubt(rows, doubt));
    say(next, text);
    json_decref(rows);
}

/* Where colours were changed, what changes them less. */
static void say_colours(const dc3_reporting *r, const char *method, json_t *next)
{
    const char *detail = word(r->settings, "detail"); /* of edits by a diffusion model */
    char text[400];
    int edits = *detail != 0, jitters = strcmp(method, "jitter") == 0 || strcmp(method, "grayscale") == 0 ||
                                        strcmp(method, "blur") == 0;
    if (!edits && !jitters) return;
    snprintf(text, sizeof text,
             "The colours are further from the originals' than those of as many drawn at random: try %s%sthe "
             "method dc3-select, which leaves colours as they are.",
             strcmp(detail, "edit") == 0 ? "detail keep, " : "", edits ? "fewer or weaker prompts, or " : "");
    say(next, text);
}

static void add_next(const dc3_reporting *r, const json_t *quality, json_t *next)
{
    const char *method = word(r->settings, "method");
    int is_random = strcmp(method, "random") == 0;
    double ipc = member(r->settings, "ipc"), top1 = member(r->score, "top1"), full = full_accuracy(r);
    char text[400], each[48], count[32];
    if (!r->score && *r->why)
        say(next, "Score again at the protocol's learning rate, which is taken where none is given.");
    else if (!r->score)
        say(next, "Train a student on the set: dc3 evaluate OUT with a dataset to test on. The score is kept "
                  "in OUT, and "
                  "this page, made again, shows it.");
    else if (!r->random && !is_random && *r->why_random)
        say(next,
            "Score the random images under the same conditions as this set: same student, labels, teacher, "
            "epochs, size and test images.");
    else if (!r->random && !is_random)
        say(next, "Compare with random images: dc3 compare makes and scores both; or condense with the "
                  "method random, "
                  "evaluate that, and make this page with it beside.");
    if (r->score && member(r->score, "seeds") < 3) say_doubt(r->score, next);
    if (!isnan(top1) && !isnan(full) && !isnan(ipc) && full - top1 > 0.1) {
        if (dc3_gather_is_uneven(r))
            snprintf(
                text, sizeof text,
                "%.0f points are missing to what all data give: more than %s images in all, %s per class, "
                "bring the most.",
                100 * (full - top1), dc3_gather_count((int64_t)json_array_size(r->lines), count),
                dc3_gather_each(r, each));
        else
            snprintf(
                text, sizeof text,
                "%.0f points are missing to what all data give: more than %.0f image%s per class bring the "
                "most.",
                100 * (full - top1), ipc, ipc > 1 ? "s" : "");
        say(next, text);
    }
    if (!isnan(r->distance) && r->distance > 1.2 * r->random_distance) say_colours(r, method, next);
    if (member(quality, "distance") > member(quality, "random_distance") && !is_random)
        say(next, "The choice covers the dataset no better than a random one: try another objective or "
                  "number of bins, "
                  "or a teacher with a higher accuracy.");
    if (r->duplicates)
        say(next, "Remove equal images from the dataset, or condense again: this version counts them once.");
}

dc3_status dc3_gather_answers(dc3_reporting *r)
{
    char sentence[VERDICT];
    json_t *rows = json_array(), *next = json_array(), *quality = read_quality(r);
    char *classes = extremes(r);
    add_score(r, rows);
    char what[100] = "Accuracy by class";
    if (r->by_class && r->score && r->by_class != r->score)
        snprintf(what, sizeof what, "Accuracy by class (%.24s, %.12s labels, %.9g epoch%s)",
                 word(r->by_class, "arch"), word(r->by_class, "labels"), member(r->by_class, "epochs"),
                 member(r->by_class, "epochs") == 1 ? "" : "s");
    if (classes || r->score) add(rows, what, classes, none, none, none);
    add_teacher(r, rows);
    add_coverage(r, quality, rows);
    add_colour(r, rows);
    add_duplicates(r, rows);
    add_next(r, quality, next);
    json_object_set_new(r->page, "answers",
                        json_pack("{s:s, s:s, s:[s, s, s, s, s], s:o, s:o}", "title", "Is the set good?",
                                  "text", verdict(r, sentence), "head", "", "This set",
                                  "Set by method random", "Random originals", "All data", "rows", rows,
                                  "next", next));
    json_decref(quality);
    free(classes);
    return DC3_OK;
}
