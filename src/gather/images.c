/* The images of the report: what is stored and what it was made from, small enough for one page. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/pieces.h"
#include "run_folder/saved_edits.h"
#include "gather/parts.h"
#include "gather/patches.h"
#include "gather/sample.h"
#include "io/data_uri.h"
#include "run_folder/sources.h"

/* Characters that all images of the page may take. Bytes of a pixel, of files that lose no colour and of
 * others, by which the number of images is planned. */
enum { CHARACTERS = 6000000 };
static const double exact_bytes = 2.2, other_bytes = 0.4;

/* One stored image of the page. */
typedef struct shown {
    const json_t *line;
    dc3_gather_class *class;
    int64_t place;                                   /* in its class */
    char *stored, *original, *edits[DC3_MOST_EDITS]; /* data URIs, or NULL */
    int width, height;
    size_t characters; /* of all URIs */
    char missing[300]; /* why there is no original */
} shown;

/* The image as a data URI, whose characters count. */
static dc3_status encode(const dc3_image *image, size_t *characters, char **uri)
{
    DC3_TRY(dc3_data_uri(image, uri));
    *characters += strlen(*uri);
    return DC3_OK;
}

static dc3_status read_original(const dc3_reporting *r, const shown *s, dc3_image *image)
{
    const char *source = json_string_value(json_object_get(s->line, "source"));
    int64_t item = dc3_sources_item(r->items, source);
    if (!r->data) return dc3_fail(DC3_ERR_FORMAT, "%s", r->gone);
    if (dc3_gather_patches(s->line)) return dc3_gather_read_patches(r, s->line, s->width, image);
    if (item < 0) return dc3_sources_lost(r->items, source);
    return dc3_dataset_read(r->data, item, s->width, s->height, r->fit, image);
}

/* The edits that are saved; damaged ones are left out. */
static dc3_status prepare_edits(const dc3_reporting *r, shown *s)
{
    const char *name = json_string_value(json_object_get(s->line, "file_name"));
    dc3_image edits[DC3_MOST_EDITS];
    int count;
    if (!name || !dc3_path_stays(name)) return DC3_OK;
    dc3_status status = dc3_edits_read(r->options->run, name, edits, &count);
    for (int i = 0; i < count; i++) {
        if (status == DC3_OK) status = encode(&edits[i], &s->characters, &s->edits[i]);
        dc3_image_free(&edits[i]);
    }
    return status == DC3_ERR_MEMORY ? status : DC3_OK;
}

/* An image that is not there or cannot be read is left out; only want of memory ends the report. */
static dc3_status prepare(const dc3_reporting *r, shown *s)
{
    dc3_image image = {0};
    s->width = s->height = r->size; /* the place that it would take */
    dc3_status status = dc3_sources_stored(r->train, s->line, 0, 0, &image);
    if (status == DC3_OK) s->width = image.width, s->height = image.height;
    if (status == DC3_OK) status = encode(&image, &s->characters, &s->stored);
    dc3_image_free(&image);
    if (status != DC3_ERR_MEMORY && status != DC3_ERR_CANCELLED) {
        status = read_original(r, s, &image);
        if (status == DC3_OK) status = encode(&image, &s->characters, &s->original);
        if (status != DC3_OK) snprintf(s->missing, sizeof s->missing, "%.290s", dc3_error_text());
        dc3_image_free(&image);
        if (status != DC3_ERR_MEMORY) status = prepare_edits(r, s);
    }
    return status == DC3_ERR_MEMORY ? status : DC3_OK;
}

static void add_fact(json_t *facts, const char *name, const char *text)
{
    if (text && *text) json_array_append_new(facts, dc3_gather_pair(name, text));
}

/* Whether prompt i of n is a warm one: as the line says; else warm prompts stand first in the list. */
static int is_warm(const json_t *line, size_t i, size_t n)
{
    const char *kind = json_string_value(json_array_get(json_object_get(line, "kinds"), i));
    return kind ? strcmp(kind, "warm") == 0 : i < n / 2;
}

static void add_prompts(json_t *facts, const json_t *line, int saved)
{
    const json_t *prompts = json_object_get(line, "prompts");
    size_t n = json_array_size(prompts);
    for (size_t i = 0; i < n; i++)
        add_fact(facts, is_warm(line, i, n) ? "Warm prompt" : "Cold prompt",
                 json_string_value(json_array_get(prompts, i)));
    if (n && !saved)
        add_fact(facts, "Edits",
                 n == 1
                     ? "The edit went into the stored image; the run did not save it."
                     : "The warm and the cold edit went into the stored image; the run did not save them.");
    if (json_object_get(line, "kinds") && !n)
        add_fact(facts, "Edits", "None: it is stored as it was chosen.");
}

/* The edits as [caption, data URI]. */
static json_t *edits_of(const shown *s)
{
    const json_t *prompts = json_object_get(s->line, "prompts");
    size_t n = json_array_size(prompts);
    json_t *edits = json_array();
    for (size_t i = 0; i < DC3_MOST_EDITS && s->edits[i]; i++) {
        const char *prompt = json_string_value(json_array_get(prompts, i));
        char *caption = g_strdup_printf("%s%s%s", is_warm(s->line, i, n) ? "warm" : "cold",
                                        prompt ? ": " : "", prompt ? prompt : "");
        json_array_append_new(edits, dc3_gather_pair(caption, s->edits[i]));
        g_free(caption);
    }
    return edits;
}

static json_t *facts_of(const json_t *line, int saved)
{
    static const char *const known[] = {"file_name", "label",   "class", "source", "prompts",
                                        "method",    "patches", "kinds", "place"};
    const char *key;
    json_t *value, *patch, *facts = json_array();
    size_t i;
    add_fact(facts, "Original", json_string_value(json_object_get(line, "source")));
    add_fact(facts, "Stored as", json_string_value(json_object_get(line, "file_name")));
    add_prompts(facts, line, saved);
    json_array_foreach(json_object_get(line, "patches"), i, patch)
    {
        char *text = dc3_gather_value(patch);
        add_fact(facts, "Square of", text);
        free(text);
    }
    json_object_foreach((json_t *)(uintptr_t)line, key, value)
    {
        int other = !(strcmp(key, "repeat") == 0 && json_integer_value(value) == 0);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) other = other && strcmp(key, known[k]) != 0;
        char *text = other ? dc3_gather_value(value) : NULL, *name = g_strdup(key);
        if (*name >= 'a' && *name <= 'z') *name = (char)(*name - 'a' + 'A');
        add_fact(facts, name, text);
        free(text);
        g_free(name);
    }
    return facts;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *image_of(dc3_reporting *r, const shown *s, int fourfold)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_incref(json_object_get(s->line, "source")));
    json_object_set_new(o, "stored", text_or_null(s->stored));
    json_object_set_new(o, "original", text_or_null(s->original));
    json_object_set_new(o, "missing", dc3_json_text(s->missing));
    json_object_set_new(o, "width", json_integer(s->width));
    json_object_set_new(o, "height", json_integer(s->height));
    json_object_set_new(o, "aligned", json_boolean(!fourfold && dc3_gather_is_aligned(s->line)));
    json_object_set_new(o, "edits", edits_of(s));
    json_object_set_new(o, "facts", facts_of(s->line, s->edits[0] != NULL));
    *(s->stored ? &r->result->shown : &r->absent) += 1;
    r->result->originals += s->original != NULL;
    return o;
}

/* The images that the classes show, class by class; their number. */
static int64_t list(const dc3_reporting *r, shown *all)
{
    int64_t count = 0;
    for (int64_t i = 0; i < r->classes_count; i++)
        for (int64_t k = 0; k < r->classes[i].shown; k++) {
            dc3_gather_class *c = r->classes + i;
            all[count++] =
                (shown){.line = json_array_get(r->lines, c->first + (size_t)k), .class = c, .place = k};
        }
    return count;
}

/* The run's map.json, or NULL. */
static json_t *read_maps(const dc3_reporting *r)
{
    json_t *maps = NULL;
    char *path = dc3_path_join(r->options->run, "map.json");
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 26, &maps) != DC3_OK)
        maps = NULL;
    free(path);
    return maps;
}

/* 1 for a list of triples of numbers. */
static int are_points(const json_t *list)
{
    size_t i, k;
    json_t *point, *number;
    json_array_foreach(list, i, point)
    {
        if (json_array_size(point) != 3) return 0;
        json_array_foreach(point, k, number)
        {
            if (!json_is_number(number)) return 0;
        }
    }
    return json_is_array(list);
}

/* The map of a class, if there is one that can be drawn. */
static json_t *map_of(const json_t *maps, const json_t *line)
{
    const char *name = json_string_value(json_object_get(line, "class"));
    json_t *map = name ? json_object_get(maps, name) : NULL;
    int whole = are_points(json_object_get(map, "points")) && are_points(json_object_get(map, "chosen"));
    return whole ? map : NULL;
}

/* A class of the page, without its images. */
static json_t *class_of(const dc3_reporting *r, const dc3_gather_class *c, const json_t *maps)
{
    const json_t *line = json_array_get(r->lines, c->first);
    json_t *class = json_object(), *map = map_of(maps, line);
    json_object_set(class, "name", json_object_get(line, "class"));
    json_object_set_new(class, "stored", json_integer(c->stored));
    if (c->why) json_object_set_new(class, "why", json_string(c->why));
    if (map) json_object_set(class, "map", map);
    return class;
}

/* Classes in the order of the lines, with the images that are shown: those with room. */
static void add_classes(dc3_reporting *r, const shown *all, int64_t count, int64_t places)
{
    int fourfold = dc3_sources_fourfold(r->settings);
    json_t *classes = json_array(), *images = NULL, *maps = read_maps(r);
    const dc3_gather_class *class = NULL;
    for (int64_t i = 0; i < count; i++) {
        if (all[i].place >= places) continue;
        if (all[i].class != class) {
            class = all[i].class;
            json_t *one = class_of(r, class, maps);
            images = json_array();
            json_object_set_new(one, "pictures", images);
            json_array_append_new(classes, one);
        }
        json_array_append_new(images, image_of(r, &all[i], fourfold));
    }
    json_decref(maps);
    json_object_set_new(r->page, "classes", classes);
}

/* Edits of an image that the run may have saved. */
static int edits_of_run(const dc3_reporting *r)
{
    char *folder = dc3_path_join(r->options->run, "edits");
    int saved = folder && dc3_path_what(folder) == DC3_PATH_FOLDER;
    free(folder);
    return !saved ? 0 : dc3_sources_fourfold(r->settings) ? DC3_MOST_EDITS : 2;
}

int64_t dc3_gather_room(const dc3_reporting *r)
{
    double pixels = (double)r->size * r->size,
           bytes = r->size <= DC3_DATA_URI_EXACT ? exact_bytes : other_bytes,
           each = (2 + edits_of_run(r)) * 4 / 3.0 * (pixels * bytes + 300);
    return each * DC3_PAGE_IMAGES <= CHARACTERS ? DC3_PAGE_IMAGES : (int64_t)(CHARACTERS / each) + 1;
}

/* How many images of a class have room: the first place of all classes comes first. One has it always. */
static int64_t places_of(const shown *all, int64_t count)
{
    int64_t places = 0, last = 0;
    size_t sum = 0;
    for (int64_t i = 0; i < count; i++) last = all[i].place > last ? all[i].place : last;
    for (; places <= last; places++) {
        for (int64_t i = 0; i < count; i++) sum += all[i].place == places ? all[i].characters : 0;
        if (places && sum > CHARACTERS) break;
    }
    return places;
}

/* All images of the page. */
typedef struct preparing {
    dc3_reporting *r;
    shown *all;
} preparing;

static dc3_status prepare_one(void *user, int worker, int64_t i, void *result)
{
    const preparing *p = user;
    (void)worker, (void)result;
    DC3_TRY(prepare(p->r, &p->all[i]));
    return dc3_check_cancel();
}

static dc3_status count_one(void *user, int64_t i, void *result)
{
    const preparing *p = user;
    (void)i, (void)result;
    dc3_gather_step(p->r);
    return DC3_OK;
}

static dc3_status prepare_all(dc3_reporting *r, shown *all, int64_t count)
{
    preparing p = {r, all};
    dc3_pieces pieces = {
        .count = count, .workers = r->options->threads, .user = &p, .work = prepare_one, .take = count_one};
    return dc3_pieces_run(&pieces);
}

static void note_missing(dc3_reporting *r)
{
    int64_t classes = (int64_t)json_array_size(json_object_get(r->page, "classes"));
    r->result->images = (int64_t)json_array_size(r->lines);
    if (r->result->shown + r->absent < r->result->images)
        dc3_gather_note(r, "The page shows %lld of %lld images, the first of each class.",
                        (long long)r->result->shown, (long long)r->result->images);
    if (classes < r->classes_count)
        dc3_gather_note(r, "It shows images of %lld of %lld classes; the table of classes has all of them.",
                        (long long)classes, (long long)r->classes_count);
}

dc3_status dc3_gather_shown(dc3_reporting *r)
{
    int64_t room = 1;
    for (int64_t i = 0; i < r->classes_count; i++) room += r->classes[i].shown;
    shown *all = calloc((size_t)room, sizeof *all);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int64_t count = list(r, all);
    dc3_status status = prepare_all(r, all, count);
    if (status == DC3_OK) add_classes(r, all, count, places_of(all, count));
    for (int64_t i = 0; i < count; i++) {
        free(all[i].stored);
        free(all[i].original);
        for (int k = 0; k < DC3_MOST_EDITS; k++) free(all[i].edits[k]);
    }
    free(all);
    return status;
}

dc3_status dc3_gather_classes(dc3_reporting *r)
{
    dc3_gather_sample(r, dc3_gather_room(r));
    DC3_TRY(dc3_gather_shown(r));
    note_missing(r);
    return DC3_OK;
}
