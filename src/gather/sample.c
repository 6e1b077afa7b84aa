#include "gather/sample.h"

#include <math.h>
#include <stdlib.h>
#include "base/rng.h"

static json_int_t label_of(const dc3_reporting *r, size_t line)
{
    return json_integer_value(json_object_get(json_array_get(r->lines, line), "label"));
}

dc3_status dc3_gather_list_classes(dc3_reporting *r)
{
    size_t lines = json_array_size(r->lines);
    json_int_t last = -1;
    r->classes = calloc(lines + 1, sizeof *r->classes);
    if (!r->classes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < lines; i++) {
        json_int_t label = label_of(r, i);
        if (!i || label != last)
            r->classes[r->classes_count++] =
                (dc3_gather_class){.first = i, .label = label, .top1 = NAN, .change = NAN};
        r->classes[r->classes_count - 1].stored++;
        last = label;
    }
    return DC3_OK;
}

dc3_gather_class *dc3_gather_class_of(const dc3_reporting *r, size_t line)
{
    int64_t low = 0, high = r->classes_count - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (r->classes[middle].first <= line)
            low = middle;
        else
            high = middle - 1;
    }
    return r->classes + low;
}

/* What a class is ordered by, the most urgent first; NaN comes last. */
static double need_of_accuracy(const dc3_gather_class *c)
{
    return c->top1;
}

static double need_of_change(const dc3_gather_class *c)
{
    return -c->change;
}

/* Chooses the `count` classes that are not chosen yet with the lowest known need. */
static void choose(dc3_reporting *r, double (*need)(const dc3_gather_class *), const char *why, int64_t count)
{
    while (count-- > 0) {
        dc3_gather_class *best = NULL;
        for (int64_t i = 0; i < r->classes_count; i++) {
            dc3_gather_class *c = r->classes + i;
            if (!c->why && !isnan(need(c)) && (!best || need(c) < need(best))) best = c;
        }
        if (!best) return;
        best->why = why;
    }
}

/* `count` of the classes that are not chosen yet, each as likely as another. */
static void draw(dc3_reporting *r, int64_t count)
{
    dc3_rng rng = dc3_rng_make(r->seed, DC3_RNG_REPORT, 1000);
    int64_t left = 0;
    for (int64_t i = 0; i < r->classes_count; i++) left += !r->classes[i].why;
    for (int64_t i = 0; i < r->classes_count && count > 0; i++) {
        dc3_gather_class *c = r->classes + i;
        if (c->why) continue;
        if (dc3_rng_below(&rng, (uint64_t)left--) >= (uint64_t)count) continue;
        c->why = "drawn at random";
        count--;
    }
}

static int64_t chosen(const dc3_reporting *r)
{
    int64_t count = 0;
    for (int64_t i = 0; i < r->classes_count; i++) count += r->classes[i].why != NULL;
    return count;
}

/* Images of each class until the page is full: first one of each, then a second. */
static void share(dc3_reporting *r, int64_t most, int all)
{
    int64_t left = most, before;
    do {
        before = left;
        for (int64_t i = 0; i < r->classes_count && left > 0; i++) {
            dc3_gather_class *c = r->classes + i;
            if ((all || c->why) && c->shown < c->stored) c->shown++, left--;
        }
    } while (left > 0 && left < before);
}

void dc3_gather_sample(dc3_reporting *r, int64_t most)
{
    int64_t room = most < DC3_PAGE_CLASSES ? most : DC3_PAGE_CLASSES;
    int all = r->classes_count <= room;
    if (!all) {
        choose(r, need_of_accuracy, "lowest accuracy", room / 3);
        choose(r, need_of_change, "largest change", room / 3);
        draw(r, room - chosen(r));
    }
    share(r, most, all);
}
