/* A dataset: its classes, and what its images are like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "base/text.h"
#include "info/kinds.h"

enum { LOOK = 33, REPORTED = 5, NAME = 60, FORMATS = 16, FORMAT = 12, LONG_NAME = 200 };

typedef struct class_count {
    int64_t count;
    int label;
} class_count;

static int by_count(const void *a, const void *b)
{
    const class_count *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

static json_t *named_count(const dc3_dataset *d, const class_count *c)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", dc3_json_text(dc3_dataset_class_name(d, c->label)));
    json_object_set_new(o, "images", json_integer(c->count));
    return o;
}

/* The smallest, the median and the largest class. */
static void say_extremes(dc3_info_page *page, const dc3_dataset *d, const class_count *sorted, int n)
{
    static const char *const keys[] = {"smallest", "median", "largest"};
    const class_count *some[] = {&sorted[0], &sorted[(n - 1) / 2], &sorted[n - 1]};
    for (int i = 0; i < 3; i++) {
        const char *name = dc3_dataset_class_name(d, some[i]->label);
        if (sorted[0].count != sorted[n - 1].count)
            dc3_info_line(page, keys[i], "%lld image%s, class '%.*s'", (long long)some[i]->count,
                          some[i]->count == 1 ? "" : "s", dc3_text_room(name, NAME), name);
        dc3_info_set(page, keys[i], named_count(d, some[i]));
    }
    if (sorted[0].count == sorted[n - 1].count)
        dc3_info_line(page, "each class", "%lld image%s", (long long)sorted[0].count,
                      sorted[0].count == 1 ? "" : "s");
}

static dc3_status say_classes(dc3_info_page *page, const dc3_dataset *d)
{
    int n = dc3_dataset_classes(d);
    int64_t size = dc3_dataset_size(d);
    class_count *counts = calloc((size_t)n + 1, sizeof *counts);
    if (!counts) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < n; i++) counts[i].label = i;
    for (int64_t i = 0; i < size; i++) counts[dc3_dataset_label(d, i)].count++;
    json_t *all = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(all, named_count(d, &counts[i]));
    qsort(counts, (size_t)n, sizeof *counts, by_count);
    dc3_info_line(page, "images", "%lld in %d class%s", (long long)size, n, n == 1 ? "" : "es");
    dc3_info_set(page, "images", json_integer(size));
    dc3_info_set(page, "classes", json_integer(n));
    say_extremes(page, d, counts, n);
    dc3_info_set(page, "per_class", all);
    free(counts);
    return DC3_OK;
}

/* The ending of an image's name in small letters; "planes" of a CIFAR record. */
static void format_of(const char *key, char format[FORMAT])
{
    const char *slash = strrchr(key, '/'), *dot = strrchr(slash ? slash : key, '.');
    if (!dot || strlen(dot + 1) >= FORMAT) dot = ".planes";
    for (int i = 0; i < FORMAT; i++) format[i] = 0;
    for (int i = 0; dot[i + 1]; i++)
        format[i] = (char)(dot[i + 1] >= 'A' && dot[i + 1] <= 'Z' ? dot[i + 1] + 32 : dot[i + 1]);
}

static void say_formats(dc3_info_page *page, const dc3_dataset *d)
{
    char names[FORMATS][FORMAT], text[400] = "";
    int64_t counts[FORMATS] = {0};
    int n = 0;
    double bytes = 0;
    for (int64_t i = 0; i < dc3_dataset_size(d); i++) {
        char format[FORMAT];
        int k = 0;
        format_of(dc3_dataset_key(d, i), format);
        while (k < n && strcmp(names[k], format) != 0) k++;
        if (k == n && n < FORMATS) memcpy(names[n++], format, FORMAT);
        if (k < n) counts[k]++;
        bytes += dc3_dataset_bytes(d, i);
    }
    json_t *formats = json_object();
    for (int k = 0; k < n; k++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%lld %s", k ? ", " : "", (long long)counts[k], names[k]);
        json_object_set_new(formats, names[k], json_integer(counts[k]));
    }
    dc3_info_line(page, "formats", "%s", text);
    dc3_info_set(page, "formats", formats);
    dc3_info_bytes(page, "images", bytes);
}

static int by_value(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static json_t *spread(int *sides, int n)
{
    qsort(sides, (size_t)n, sizeof *sides, by_value);
    return json_pack("{s:i, s:i, s:i}", "least", sides[0], "median", sides[n / 2], "most", sides[n - 1]);
}

/* The sizes of some images, spread over the dataset. */
static void say_sizes(dc3_info_page *page, const dc3_dataset *d)
{
    int width[LOOK], height[LOOK], n = 0;
    int64_t size = dc3_dataset_size(d), looked = size < LOOK ? size : LOOK;
    for (int64_t i = 0; i < looked; i++) {
        dc3_image image;
        if (dc3_dataset_read(d, size * i / looked, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) continue;
        width[n] = image.width, height[n++] = image.height;
        dc3_image_free(&image);
    }
    dc3_info_set(page, "looked_at", json_integer(looked));
    dc3_info_set(page, "looked_at_unreadable", json_integer(looked - n));
    if (n) dc3_info_set(page, "width_px", spread(width, n));
    if (n) dc3_info_set(page, "height_px", spread(height, n));
    if (!n)
        dc3_info_line(page, "sizes", "none of %lld images examined can be read", (long long)looked);
    else if (width[0] == width[n - 1] && height[0] == height[n - 1])
        dc3_info_line(page, "sizes", "%d x %d px, all of %d examined", width[0], height[0], n);
    else
        dc3_info_line(page, "sizes",
                      "%d to %d px wide (median %d), %d to %d px high (median %d), of %d examined", width[0],
                      width[n - 1], width[n / 2], height[0], height[n - 1], height[n / 2], n);
    if (n && n < looked && !page->options->check)
        dc3_info_line(page, "unreadable", "%lld of %lld examined; %s reads all", (long long)(looked - n),
                      (long long)looked, dc3_setting("check"));
}

/* Decodes one image; 1 if it cannot be read. */
static char is_unreadable(const dc3_dataset *d, int64_t item)
{
    dc3_image image;
    if (dc3_dataset_read(d, item, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) return 1;
    dc3_image_free(&image);
    return 0;
}

/* All images that are read. */
typedef struct checking {
    const dc3_info_page *page;
    const dc3_dataset *data;
    char *unreadable; /* [n] */
} checking;

static dc3_status check_one(void *user, int worker, int64_t i, void *result)
{
    const checking *c = user;
    (void)worker, (void)result;
    c->unreadable[i] = is_unreadable(c->data, i);
    return dc3_check_cancel();
}

static dc3_status tell_one(void *user, int64_t i, void *result)
{
    const checking *c = user;
    const dc3_listener *l = &c->page->options->listener;
    (void)result;
    if (l->progress) l->progress(l->user, "checking", i + 1, dc3_dataset_size(c->data));
    return DC3_OK;
}

/* Marks the images that cannot be read. */
static dc3_status check(const dc3_info_page *page, const dc3_dataset *d, char *unreadable)
{
    checking c = {page, d, unreadable};
    dc3_pieces pieces = {.count = dc3_dataset_size(d),
                         .workers = page->options->threads,
                         .user = &c,
                         .work = check_one,
                         .take = tell_one};
    return dc3_pieces_run(&pieces);
}

static dc3_status say_check(dc3_info_page *page, const dc3_dataset *d)
{
    int64_t n = dc3_dataset_size(d), count = 0;
    char *unreadable = calloc((size_t)n + 1, 1);
    json_t *list = json_array();
    if (!unreadable) {
        json_decref(list);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    dc3_status status = check(page, d, unreadable);
    for (int64_t i = 0; i < n; i++) count += unreadable[i];
    dc3_info_line(page, "unreadable", "%lld of all %lld", (long long)count, (long long)n);
    for (int64_t i = 0; i < n; i++) {
        if (!unreadable[i]) continue;
        const char *key = dc3_dataset_key(d, i);
        if (json_array_size(list) < REPORTED)
            dc3_info_line(page, "", "%.*s", dc3_text_room(key, LONG_NAME), key);
        json_array_append_new(list, dc3_json_text(key));
    }
    if (count > REPORTED)
        dc3_info_line(page, "", "and %lld more; %s lists them", (long long)count - REPORTED,
                      dc3_setting("json"));
    dc3_info_set(page, "unreadable", list);
    free(unreadable);
    return status;
}

/* What was noted of the images that were read. */
static void say_reading(dc3_info_page *page, const dc3_dataset *d, json_t *notes, int first)
{
    char text[1024];
    for (int i = 0; i < DC3_IMAGE_NOTES; i++) {
        if (!dc3_dataset_reading_note(d, i, text, sizeof text)) continue;
        dc3_info_line(page, first ? "note" : "", "%s", text);
        json_array_append_new(notes, dc3_json_text(text));
        first = 0;
    }
}

static void say_notes(dc3_info_page *page, const dc3_dataset *d)
{
    json_t *notes = json_array();
    size_t n = dc3_dataset_notes(d);
    for (size_t i = 0; i < n; i++) {
        if (i < REPORTED) dc3_info_line(page, i ? "" : "note", "%s", dc3_dataset_note(d, i));
        json_array_append_new(notes, dc3_json_text(dc3_dataset_note(d, i)));
    }
    if (n > REPORTED) dc3_info_line(page, "", "and %zu more", n - REPORTED);
    say_reading(page, d, notes, n == 0);
    dc3_info_set(page, "notes", notes);
}

dc3_status dc3_info_images(dc3_info_page *page, const dc3_dataset *d)
{
    DC3_TRY(say_classes(page, d));
    say_formats(page, d);
    say_sizes(page, d);
    dc3_status status = page->options->check ? say_check(page, d) : DC3_OK;
    say_notes(page, d);
    return status;
}

dc3_status dc3_info_dataset(dc3_info_page *page)
{
    dc3_dataset *d;
    DC3_TRY(dc3_dataset_open_given(page->options->path, &page->options->choice, NULL, NULL, &d));
    page->is_dataset = 1;
    dc3_info_title(page, "dataset", "a dataset (%s)", dc3_dataset_kind(d));
    dc3_info_set(page, "layout", json_string(dc3_dataset_kind(d)));
    dc3_status status = dc3_info_images(page, d);
    dc3_dataset_close(&d);
    return status;
}
