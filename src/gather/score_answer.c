#include "gather/score_answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- conditions ---- */

/* What must be the same where two scores are compared. */
typedef struct condition {
    const char *key, *what;
    int of_set; /* it follows from the number of images */
} condition;

static const condition conditions[] = {{"arch", "student", 0},
                                       {"labels", "labels", 0},
                                       {"epochs", "epochs", 0},
                                       {"size", "pixels of a view", 0},
                                       {"batch", "images a batch", 1},
                                       {"factor", "factor of the views", 0},
                                       {"augment", "augmentation", 0},
                                       {"lr", "learning rate", 0},
                                       {"weight_decay", "weight decay", 0},
                                       {"temperature", "temperature", 0},
                                       {"loss", "loss", 0},
                                       {"hard_share", "share of hard labels", 0},
                                       {"smoothing", "smoothing of labels", 0},
                                       {"schedule", "schedule", 0},
                                       {"crop", "least crop", 0},
                                       {"cutmix", "CutMix", 0},
                                       {"rand_ops", "operations of RandAugment", 0},
                                       {"rand_strength", "strength of RandAugment", 0},
                                       {"ema", "decay of averaged weights", 0},
                                       {"teacher", "teacher", 0},
                                       {"val", "test images", 0}};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/* Teachers and test images are known by the hashes among a row's settings. */
static const json_t *value_of(const json_t *row, const char *key)
{
    const json_t *settings = json_object_get(row, "settings"), *value = json_object_get(settings, key);
    int hashed = strcmp(key, "teacher") == 0 || strcmp(key, "val") == 0;
    if (!value && !hashed) value = json_object_get(row, key);
    return value;
}

/* A number of a condition: of the factor 0 where it is not said, of the weight decay what -1 stands for,
 * which earlier versions wrote. */
static double number_of(const char *key, const json_t *value)
{
    double number = json_number_value(value);
    return strcmp(key, "weight_decay") == 0 && number < 0 ? 0.01 : number;
}

static int same_value(const char *key, const json_t *x, const json_t *y)
{
    const double rounding = 1e-5; /* of six digits in scores.json */
    if (json_is_string(x) && json_is_string(y))
        return strcmp(json_string_value(x), json_string_value(y)) == 0;
    if (strcmp(key, "factor") == 0 || (json_is_number(x) && json_is_number(y))) {
        double a = number_of(key, x), b = number_of(key, y);
        return fabs(a - b) <= rounding * fabs(a);
    }
    return !x && !y;
}

static int is_same(const condition *c, const json_t *a, const json_t *b)
{
    if (same_value(c->key, value_of(a, c->key), value_of(b, c->key))) return 1;
    const json_t *x = value_of(a, "val_path"), *y = value_of(b, "val_path");
    return strcmp(c->key, "val") == 0 && x && y && json_equal(x, y);
}

/* How many conditions of two rows differ; with `sets`, also those that follow from the number of images. */
static int differences(const json_t *a, const json_t *b, int sets)
{
    int count = 0;
    for (int i = 0; i < CONDITIONS; i++)
        if (sets || !conditions[i].of_set) count += !is_same(conditions + i, a, b);
    return count;
}

static void value_text(const json_t *value, char text[64])
{
    snprintf(text, 64, "not said");
    if (json_is_string(value)) snprintf(text, 64, "%.30s", json_string_value(value));
    if (json_is_number(value)) snprintf(text, 64, "%.9g", json_number_value(value));
}

/* "epochs 100, here 300; another teacher": the first three. */
static void say_differences(const json_t *there, const json_t *here, char text[300])
{
    enum { MOST = 3 };
    int n = 0, said = 0;
    for (int i = 0; i < CONDITIONS && said < MOST; i++) {
        char x[64], y[64];
        const condition *c = conditions + i;
        if (is_same(c, there, here)) continue;
        value_text(value_of(there, c->key), x);
        value_text(value_of(here, c->key), y);
        const char *before = said++ ? "; " : "";
        if (strcmp(c->key, "teacher") == 0 || strcmp(c->key, "val") == 0)
            n += snprintf(text + n, 300 - (size_t)n, "%sother %s", before,
                          *c->key == 't' ? "soft labels (another teacher)" : "test images");
        else
            n += snprintf(text + n, 300 - (size_t)n, "%s%s %s, here %s", before, c->what, x, y);
    }
}

const char *dc3_row_departures(const json_t *row, char text[160])
{
    size_t k;
    json_t *name;
    int n = 0;
    *text = 0;
    json_array_foreach(json_object_get(json_object_get(row, "settings"), "departs_from_protocol"), k, name)
    {
        for (int i = 0; i < CONDITIONS && json_is_string(name); i++) {
            char value[64];
            if (strcmp(json_string_value(name), conditions[i].key) != 0 || n > 90) continue;
            const json_t *its = value_of(row, conditions[i].key);
            value_text(its, value);
            if (!its) snprintf(value, sizeof value, "none");
            n += snprintf(text + n, 160 - (size_t)n, ", %s %.20s", conditions[i].what, value);
        }
    }
    if (n) snprintf(text + n, 160 - (size_t)n, " (not the protocol's)");
    return text;
}

/* ---- the choice ---- */

static int is_random(const dc3_identity *is, const json_t *row)
{
    return strcmp(dc3_row_text(row, "method"), "random") == 0 && dc3_row_as_many(is, row);
}

static int has_diverged(const json_t *row)
{
    return dc3_row_number(row, "diverged") > 0;
}

/* 0 if the students of a row are no better than by guessing: with the mean accuracy of the classes, by which
 * whoever always says the same class is no better, within two deviations of so many guesses. */
static int has_learnt(const json_t *row)
{
    const char *name;
    json_t *one, *classes = json_object_get(row, "class_top1");
    double n = (double)json_object_size(classes), sum = 0,
           guesses = dc3_row_number(row, "test_images") * dc3_row_number(row, "seeds");
    if (!n || guesses < 1) return 1; /* not known */
    json_object_foreach(classes, name, one) sum += json_number_value(one);
    return sum / n > 1 / n + 2 * sqrt((1 - 1 / n) / n / guesses);
}

/* 1 for the protocol's settings. Rows of earlier versions do not say; the protocol has no learning rate that
 * is larger than this. */
static int is_usual(const json_t *row)
{
    const double largest = 0.0025;
    char text[160];
    if (json_object_get(json_object_get(row, "settings"), "departs_from_protocol"))
        return !*dc3_row_departures(row, text);
    return json_number_value(value_of(row, "lr")) <= largest;
}

static double epochs_of_all(const json_t *row)
{
    double epochs = dc3_row_number(row, "epochs"), seeds = dc3_row_number(row, "seeds");
    return (epochs > 0 ? epochs : 1) * (seeds > 0 ? seeds : 1);
}

/* The rows among which partners are looked for: of random images, and of students trained on everything, but
 * for those that diverged. */
typedef struct candidates {
    json_t *random, *full; /* arrays */
    int sets;              /* 1: what follows from the number of images must be the same of random ones */
} candidates;

static void add_candidates(const dc3_identity *is, const json_t *rows, candidates *c)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (has_diverged(row)) continue;
        if (is_random(is, row)) json_array_append(c->random, row);
        if (dc3_row_kind_of(is, row) == DC3_ROW_FULL) json_array_append(c->full, row);
    }
}

/* The nearest of them, of equally near ones that of most epochs; how many conditions differ in *apart; with
 * `sets`, also those that follow from the number of images. NULL: there is none. */
static const json_t *find_partner(const json_t *rows, const json_t *row, int sets, int *apart)
{
    size_t i;
    json_t *one;
    const json_t *best = NULL;
    json_array_foreach(rows, i, one)
    {
        int here = differences(one, row, sets);
        if (best && (here > *apart || (here == *apart && epochs_of_all(one) < epochs_of_all(best)))) continue;
        best = one;
        *apart = here;
    }
    return best;
}

/* A row of the run, and what stands for it, in the order of its weight. */
typedef struct answer {
    const json_t *row, *random, *full; /* the two: under the same conditions */
    double merits[6];
} answer;

static answer weigh(const candidates *c, const json_t *row)
{
    int apart = 0;
    answer a = {.row = row, .random = find_partner(c->random, row, c->sets, &apart)};
    if (apart) a.random = NULL;
    a.full = find_partner(c->full, row, 0, &apart);
    if (apart) a.full = NULL;
    int complete = a.full || json_is_number(json_object_get(row, "full_top1"));
    const double merits[] = {has_learnt(row),    a.random != NULL,
                             complete,           is_usual(row),
                             epochs_of_all(row), strcmp(dc3_row_text(row, "labels"), "soft") == 0};
    memcpy(a.merits, merits, sizeof merits);
    return a;
}

/* 1 if `b` tells as much as `a` or more. */
static int is_better(const answer *a, const answer *b)
{
    for (size_t i = 0; i < sizeof a->merits / sizeof *a->merits; i++)
        if (a->merits[i] != b->merits[i]) return b->merits[i] > a->merits[i];
    return 1;
}

static void take_answer(dc3_reporting *r, const answer *best, const candidates *c)
{
    char text[300];
    int apart = 0;
    r->why[0] = 0;
    r->score = best->row;
    r->random = best->random;
    r->full = best->full;
    const json_t *near = r->random ? NULL : find_partner(c->random, r->score, c->sets, &apart);
    if (!near) return;
    say_differences(near, r->score, text);
    snprintf(r->why_random, sizeof r->why_random, "the score of random images is of other conditions: %.240s",
             text);
}

void dc3_scores_answer(dc3_reporting *r, const dc3_identity *is, const json_t *baselines)
{
    candidates c = {json_array(), json_array(), !is->budget};
    answer best = {0};
    size_t i;
    json_t *row;
    char text[300];
    add_candidates(is, r->rows, &c);
    add_candidates(is, baselines, &c);
    json_array_foreach(r->rows, i, row)
    {
        if (dc3_row_kind_of(is, row) != DC3_ROW_OWN) continue;
        if (has_diverged(row)) {
            snprintf(r->why, sizeof r->why, "the training of the students diverged%.150s",
                     dc3_row_departures(row, text));
            continue;
        }
        answer one = weigh(&c, row);
        if (!best.row || is_better(&best, &one)) best = one;
    }
    if (best.row) take_answer(r, &best, &c);
    json_decref(c.random);
    json_decref(c.full);
}
