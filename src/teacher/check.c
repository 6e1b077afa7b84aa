#include "teacher/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "base/rng.h"
#include "base/text.h"
#include "learn/hold_out.h"

/* The probability of `least` or more right answers of n, each right by a chance of p. */
static double tail(int64_t least, int64_t n, double p)
{
    double sum = 0, all = lgamma((double)n + 1);
    if (p >= 1 || least <= 0) return 1;
    for (int64_t i = least; i <= n; i++) {
        double k = (double)i, rest = (double)(n - i);
        sum += exp(all - lgamma(k + 1) - lgamma(rest + 1) + k * log(p) + rest * log1p(-p));
    }
    return sum;
}

/* What a teacher of these classes, `even` of them one in all, should at least reach: its share of right
 * answers, 0 where guessing is the only measure. */
static double least_share(double even)
{
    const double most = 0.25, times = 3;
    double half_way = (1 + even) / 2;
    return even > most ? 0 : times * even < half_way ? times * even : half_way;
}

dc3_verdict dc3_teacher_verdict(int64_t right, int64_t n, double chance, double even)
{
    const double rare = 0.01, rounding = 1e-9;
    if (n < 1 || tail(n, n, chance) > rare) return DC3_TEACHER_UNCLEAR;
    if (tail(right, n, chance) > rare) return DC3_TEACHER_WRONG;
    return (double)right < least_share(even) * (double)n - rounding ? DC3_TEACHER_WRONG : DC3_TEACHER_FITS;
}

/* ---- names ---- */

static const char *name_at(const json_t *names, size_t i)
{
    const char *name = json_string_value(json_array_get(names, i));
    return name ? name : "";
}

/* "a, b, c, ...", as many as fit. */
static const char *list_names(const json_t *names, char text[300])
{
    size_t used = 0, n = json_array_size(names);
    *text = 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = name_at(names, i);
        int room = dc3_text_room(name, 60);
        if (used + (size_t)room + 12 > 300) {
            snprintf(text + used, 300 - used, ", ...");
            break;
        }
        used += (size_t)snprintf(text + used, 300 - used, "%s%.*s", i ? ", " : "", room, name);
    }
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 1 if they are the same names in some order. */
static int same_set(const json_t *a, const json_t *b)
{
    size_t n = json_array_size(a);
    const char **x = malloc(2 * n * sizeof *x), **y = x + n;
    int same = x && json_array_size(b) == n;
    for (size_t i = 0; same && i < n; i++) x[i] = name_at(a, i), y[i] = name_at(b, i);
    if (same) qsort(x, n, sizeof *x, by_text), qsort(y, n, sizeof *y, by_text);
    for (size_t i = 0; same && i < n; i++) same = strcmp(x[i], y[i]) == 0;
    free(x);
    return same;
}

/* Numbers say nothing: the classes of many datasets are called so. */
static int are_numbers(const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        if (name_at(names, i)[strspn(name_at(names, i), "0123456789")]) return 0;
    return 1;
}

dc3_status dc3_teacher_check_names(dc3_teacher_check *check, const json_t *known)
{
    char theirs[300], ours[300];
    check->named = 0;
    if (!known || !check->names) return DC3_OK;
    if (json_equal(known, check->names)) {
        check->named = !are_numbers(known);
        return DC3_OK;
    }
    if (are_numbers(known) != are_numbers(check->names)) return DC3_OK; /* the answers tell */
    list_names(known, theirs);
    list_names(check->names, ours);
    if (same_set(known, check->names))
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: the teacher has the classes of %s in another order: %s; expected %s; train it on the "
            "classes in the order of their names",
            check->path, check->data, theirs, ours);
    if (!check->any)
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: the teacher was trained on other classes: %s; those of %s are %s; give one that was "
            "trained on them, or %s where only their names are others",
            check->path, theirs, check->data, ours, dc3_setting("any_teacher"));
    check->doubted = 1;
    dc3_listener_say(check->listener,
                     "warning: %s: the teacher was trained on other classes: %s; those of %s are %s",
                     check->path, theirs, check->data, ours);
    return DC3_OK;
}

/* ---- accuracy ---- */

/* The fewest right answers of n that are enough. */
static int64_t least_right(int64_t n, double chance, double even)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (dc3_teacher_verdict(middle, n, chance, even) == DC3_TEACHER_WRONG)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* "at least 60 of them right, 30.0 %: three times chance (10.0 %)". */
static void limit_text(int64_t n, double chance, double even, char text[200])
{
    double share = least_share(even);
    int64_t least = least_right(n, chance, even);
    int by_guessing = (double)(least - 1) >= share * (double)n; /* more than the share is wanted */
    const char *why = by_guessing               ? "what guessing hardly reaches with chance"
                      : share < 3 * even - 1e-9 ? "half-way between chance and 100 %, with chance"
                                                : "three times chance";
    int used = snprintf(text, 200, "at least %lld right, %.1f %%: %s (%.1f %%", (long long)least,
                        100 * (double)least / (double)n, why, 100 * even);
    if (chance > even + 0.0005)
        used += snprintf(text + used, 200 - (size_t)used, "; always the most frequent class: %.1f %%",
                         100 * chance);
    snprintf(text + used, 200 - (size_t)used, ")");
}

dc3_status dc3_teacher_check_accuracy(dc3_teacher_check *check, const dc3_teacher_accuracy *a, double largest)
{
    double even = 1 / (double)json_array_size(check->names), chance = largest > even ? largest : even;
    char text[DC3_ACCURACY_TEXT], limit[200];
    dc3_teacher_accuracy_text(a, text);
    dc3_verdict verdict = dc3_teacher_verdict(llround(a->top1 * (double)a->images), a->images, chance, even);
    if (verdict == DC3_TEACHER_UNCLEAR && a->images > 0 && !check->own && !check->named)
        dc3_listener_say(check->listener,
                         "note: %s: %s are too few to tell whether the teacher is one of these classes",
                         check->path, text);
    if (verdict != DC3_TEACHER_WRONG) return DC3_OK;
    limit_text(a->images, chance, even, limit);
    check->doubted |= check->any && !check->own && !check->named;
    if (check->own || check->named || check->any)
        dc3_listener_say(check->listener,
                         "warning: %s: the teacher is too seldom right on %s: %s; expected %s", check->path,
                         check->data, text, limit);
    else
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: the teacher is too seldom right on %s: %s; expected %s; give one that was trained on these "
            "classes, in the order of their names, with images in [0, 1] normalised by ImageNet's mean and "
            "deviation; %s takes it all the same",
            check->path, check->data, text, limit, dc3_setting("any_teacher"));
    return DC3_OK;
}

/* ---- asking ---- */

/* The images, and what the teacher says about them. */
typedef struct asking {
    dc3_teacher *teacher;
    const dc3_teacher_sample *sample;
    int64_t *items; /* [count] */
    int64_t count, read, right;
    int64_t *by_class; /* [classes] of those that were read */
} asking;

static int label_of(const dc3_teacher_sample *s, int64_t item)
{
    return s->labels ? s->labels[item] : dc3_dataset_label(s->dataset, item);
}

/* How many of the `number`-th of so many classes: a thousand in all, spread evenly where there are more
 * classes than that. */
static int64_t wanted_of(int64_t number, int64_t classes)
{
    enum { EACH = 20, ALL = 1000 };
    int64_t each = ALL / classes;
    if (each < 1) return (number + 1) * ALL / classes - number * ALL / classes;
    return each < EACH ? each : EACH;
}

static dc3_status draw(asking *a)
{
    const dc3_dataset *d = a->sample->dataset;
    int64_t n = dc3_dataset_size(d), classes = dc3_dataset_classes(d);
    char *is_drawn = calloc((size_t)n, 1);
    a->items = malloc((size_t)n * sizeof *a->items);
    dc3_status status = is_drawn && a->items ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t first = 0, end; status == DC3_OK && first < n; first = end) {
        int label = dc3_dataset_label(d, first);
        for (end = first; end < n && dc3_dataset_label(d, end) == label;) end++;
        dc3_rng rng = dc3_rng_make(0, DC3_RNG_ASK, (uint64_t)label);
        dc3_mark_some(&rng, end - first, wanted_of(label, classes), is_drawn + first);
    }
    for (int64_t i = 0; status == DC3_OK && i < n; i++)
        if (is_drawn[i]) a->items[a->count++] = i;
    free(is_drawn);
    return status;
}

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    (void)worker, (void)note;
    const asking *a = user;
    const dc3_teacher_sample *s = a->sample;
    int size = a->teacher->size;
    dc3_image image;
    DC3_TRY(dc3_dataset_read(s->dataset, a->items[i], size, size, s->fit, &image));
    dc3_image_to_floats(&image, view);
    dc3_image_free(&image);
    return DC3_OK;
}

/* Which class the logits mean; of equal ones the first. -1: one is not finite. */
static int64_t answer(const float *logits, int64_t classes)
{
    int64_t best = 0;
    for (int64_t k = 0; k < classes; k++) {
        if (!isfinite(logits[k])) return -1;
        if (logits[k] > logits[best]) best = k;
    }
    return best;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    asking *a = user;
    if (seen->status != DC3_OK) return DC3_OK;
    int label = label_of(a->sample, a->items[i]);
    a->right += answer(seen->values[1], a->teacher->info->classes) == label;
    if (a->sample->mean) dc3_mean_answers_add(a->sample->mean, i, label, seen->values[1]);
    a->by_class[label]++;
    a->read++;
    return DC3_OK;
}

static dc3_status ask_all(asking *a, const dc3_listener *listener)
{
    DC3_TRY(draw(a));
    a->by_class = calloc((size_t)a->teacher->info->classes, sizeof *a->by_class);
    if (!a->by_class) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (a->sample->mean)
        DC3_TRY(dc3_mean_answers_begin(a->sample->mean, a->count, a->teacher->info->classes));
    dc3_look look = dc3_teacher_look(a->teacher);
    look.count = a->count, look.user = a, look.show = show, look.take = take;
    look.listener = listener, look.stage = "asking the teacher";
    return dc3_look_run(&look);
}

dc3_status dc3_teacher_ask(dc3_teacher *teacher, const dc3_teacher_sample *sample,
                           const dc3_listener *listener, dc3_teacher_accuracy *accuracy, double *largest)
{
    asking a = {.teacher = teacher, .sample = sample};
    dc3_status status = ask_all(&a, listener);
    int64_t most = 0;
    for (int64_t k = 0; status == DC3_OK && k < teacher->info->classes; k++)
        if (a.by_class[k] > most) most = a.by_class[k];
    *largest = a.read ? (double)most / (double)a.read : 1;
    *accuracy =
        (dc3_teacher_accuracy){.top1 = a.read ? (double)a.right / (double)a.read : -1, .images = a.read};
    snprintf(accuracy->on, sizeof accuracy->on, "%s", sample->on);
    free(a.items), free(a.by_class);
    return status;
}

/* The classes of the stored images; NULL without memory. */
static int32_t *stored_labels(const dc3_dataset *stored, int64_t classes, const int *folder_of)
{
    int64_t n = dc3_dataset_size(stored), folders = dc3_dataset_classes(stored);
    int64_t most = folders > classes ? folders : classes; /* somebody may have added some */
    int32_t *class_of = calloc((size_t)most, sizeof *class_of), *labels = calloc((size_t)n, sizeof *labels);
    for (int32_t k = 0; class_of && k < classes; k++)
        if (folder_of[k] >= 0) class_of[folder_of[k]] = k;
    for (int64_t i = 0; class_of && labels && i < n; i++) labels[i] = class_of[dc3_dataset_label(stored, i)];
    free(class_of);
    return labels;
}

dc3_status dc3_teacher_ask_about_stored(dc3_teacher *teacher, const char *train, const int *folder_of,
                                        dc3_fit fit, const dc3_listener *listener)
{
    dc3_dataset *stored;
    double largest;
    char text[DC3_ACCURACY_TEXT];
    DC3_TRY(dc3_dataset_open(train, &stored));
    int32_t *labels = stored_labels(stored, teacher->info->classes, folder_of);
    dc3_teacher_sample sample = {.dataset = stored, .labels = labels, .on = "stored images", .fit = fit};
    dc3_status status = labels ? dc3_teacher_ask(teacher, &sample, listener, &teacher->stored, &largest)
                               : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        dc3_listener_say(listener, "teacher's accuracy: %s",
                         dc3_teacher_accuracy_text(&teacher->stored, text));
    dc3_dataset_close(&stored);
    free(labels);
    return status;
}

dc3_status dc3_teacher_check_all(dc3_teacher *t, dc3_teacher_check *check, const dc3_teacher_accuracy *known,
                                 const dc3_teacher_sample *sample)
{
    char text[DC3_ACCURACY_TEXT], training[DC3_ACCURACY_TEXT];
    double largest;
    DC3_TRY(
        dc3_teacher_check_classes(t->info, check->path, (int64_t)json_array_size(check->names), check->data));
    DC3_TRY(dc3_teacher_check_names(check, t->classes));
    t->doubted = check->doubted;
    if (known) {
        double even = 1 / (double)json_array_size(check->names);
        int64_t right = llround(known->top1 * (double)known->images);
        t->accuracy = *known;
        t->doubted |= check->any && !check->own &&
                      dc3_teacher_verdict(right, known->images, even, even) == DC3_TEACHER_WRONG;
        return DC3_OK;
    }
    DC3_TRY(dc3_teacher_ask(t, sample, check->listener, &t->accuracy, &largest));
    dc3_listener_say(check->listener, "%s%steacher's accuracy: %s%s%s", check->several ? check->path : "",
                     check->several ? ": " : "", dc3_teacher_accuracy_text(&t->accuracy, text),
                     t->training.top1 >= 0 ? "; after its training " : "",
                     t->training.top1 >= 0 ? dc3_teacher_accuracy_text(&t->training, training) : "");
    DC3_TRY(dc3_teacher_check_accuracy(check, &t->accuracy, largest));
    t->doubted = check->doubted;
    return DC3_OK;
}
