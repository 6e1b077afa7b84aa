#include "duplicates/page.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "duplicates/tell.h"
#include "gather/gather.h"
#include "io/data_uri.h"
#include "report/page.h"

/* Images of the page, of a group, and pixels of their longer side. */
enum { IMAGES = 500, OF_GROUP = 24, SIDE = 128 };

/* An image of the page. */
typedef struct shown {
    int64_t item;
    char *uri; /* NULL: it cannot be read any more */
    int width, height;
} shown;

typedef struct paging {
    const dc3_finding *f;
    shown *all;
    int64_t count, groups; /* of images and groups that are shown */
} paging;

/* Images of a group that are shown. */
static int64_t part_of(const dc3_group *g)
{
    return g->count < OF_GROUP ? g->count : OF_GROUP;
}

static dc3_status list(paging *p)
{
    const dc3_finding *f = p->f;
    p->all = calloc(IMAGES, sizeof *p->all);
    if (!p->all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (; p->groups < f->report->groups; p->groups++) {
        const dc3_group *g = &f->groups[p->groups];
        if (p->count + part_of(g) > IMAGES) break;
        for (int64_t i = 0; i < part_of(g); i++) p->all[p->count++].item = f->members[g->first + i];
    }
    return DC3_OK;
}

/* In its own shape. */
static dc3_status prepare(void *user, int worker, int64_t i, void *result)
{
    const paging *p = user;
    shown *s = &p->all[i];
    const dc3_lookalike *own = &p->f->like.images[s->item];
    int longer = own->width > own->height ? own->width : own->height, side = longer < SIDE ? longer : SIDE;
    dc3_image image = {0};
    (void)worker, (void)result;
    s->width = (own->width * side + longer / 2) / longer,
    s->height = (own->height * side + longer / 2) / longer;
    if (s->width < 1) s->width = 1;
    if (s->height < 1) s->height = 1;
    dc3_status status = dc3_dataset_read(p->f->dataset, s->item, s->width, s->height, DC3_FIT_SQUASH, &image);
    if (status == DC3_OK) status = dc3_data_uri(&image, &s->uri);
    dc3_image_free(&image);
    return status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED ? status : dc3_check_cancel();
}

static dc3_status count_one(void *user, int64_t i, void *result)
{
    const paging *p = user;
    const dc3_listener *listener = &p->f->options->listener;
    (void)result;
    if (listener->progress) listener->progress(listener->user, "page", i + 1, p->count);
    return DC3_OK;
}

static dc3_status prepare_all(paging *p)
{
    dc3_pieces pieces = {
        .count = p->count, .workers = p->f->options->threads, .user = p, .work = prepare, .take = count_one};
    return dc3_pieces_run(&pieces);
}

/* ---- the document ---- */

static void add_line(json_t *lines, const dc3_finding *f, const dc3_likeness *like)
{
    char how[DC3_HOW_TEXT];
    if (like->item < 0) return;
    char *text =
        g_strdup_printf("as %s: %s", dc3_dataset_key(f->dataset, like->item), dc3_likeness_text(like, how));
    json_array_append_new(lines, dc3_json_text(text));
    g_free(text);
}

static json_t *image_of(const dc3_finding *f, const shown *s, int with_class)
{
    const dc3_lookalike *image = &f->like.images[s->item];
    char size[64];
    json_t *o = json_object(), *lines = json_array();
    snprintf(size, sizeof size, "%d x %d", image->width, image->height);
    json_object_set_new(o, "name", dc3_json_text(dc3_dataset_key(f->dataset, s->item)));
    json_object_set_new(o, "image", s->uri ? json_string(s->uri) : json_null());
    json_object_set_new(o, "width", json_integer(s->width));
    json_object_set_new(o, "height", json_integer(s->height));
    json_object_set_new(o, "stays", json_boolean(dc3_stays(f, s->item)));
    if (with_class)
        json_array_append_new(
            lines, dc3_json_text(dc3_dataset_class_name(f->dataset, dc3_dataset_label(f->dataset, s->item))));
    json_array_append_new(lines, json_string(size));
    add_line(lines, f, &image->own);
    add_line(lines, f, &image->other);
    json_object_set_new(o, "lines", lines);
    return o;
}

static json_t *groups_of(const paging *p)
{
    json_t *groups = json_array();
    const shown *s = p->all;
    for (int64_t k = 0; k < p->groups; k++) {
        const dc3_group *g = &p->f->groups[k];
        char title[DC3_HOW_TEXT];
        json_t *one = json_object(), *images = json_array();
        json_object_set_new(one, "title", json_string(dc3_group_text(p->f, g, title)));
        json_object_set_new(one, "conflict", json_boolean(g->classes > 1));
        json_object_set_new(one, "more", json_integer(g->count - part_of(g)));
        for (int64_t i = 0; i < part_of(g); i++, s++)
            json_array_append_new(images, image_of(p->f, s, g->classes > 1));
        json_object_set_new(one, "pictures", images);
        json_array_append_new(groups, one);
    }
    return groups;
}

static void add_fact(json_t *facts, int64_t count, const char *what)
{
    char text[32];
    json_array_append_new(facts, dc3_gather_pair(dc3_gather_count(count, text), what));
}

static json_t *settings_of(const dc3_finding *f)
{
    const dc3_duplicates_options *o = f->options;
    char text[64];
    json_t *settings = json_array();
    json_array_append_new(settings, dc3_gather_pair("Dataset", o->data));
    snprintf(text, sizeof text, "%d of 256 or fewer", f->like.most);
    if (!o->exact)
        json_array_append_new(settings,
                              dc3_gather_pair("Bits in which hashes of near-duplicates differ", text));
    if (o->near_duplicates == 0) return settings;
    snprintf(text, sizeof text, "%g or more", o->near_duplicates);
    json_array_append_new(settings, dc3_gather_pair("Cosine of embeddings of near-duplicates", text));
    json_array_append_new(settings, dc3_gather_pair("Embeddings", f->network));
    return settings;
}

static json_t *document_of(const paging *p)
{
    const dc3_finding *f = p->f;
    const dc3_duplicates_report *r = f->report;
    json_t *o = json_object(), *facts = json_array(), *skipped = json_array(), *line;
    size_t i;
    json_object_set_new(o, "title", json_string("Images that are alike"));
    json_object_set_new(o, "subtitle", dc3_json_text(f->options->data));
    add_fact(facts, r->images, "images");
    add_fact(facts, r->copies, r->copies == 1 ? "copy to leave out" : "copies to leave out");
    add_fact(facts, r->near, r->near == 1 ? "near-duplicate to leave out" : "near-duplicates to leave out");
    add_fact(facts, r->conflicts,
             r->conflicts == 1 ? "group with different labels" : "groups with different labels");
    json_object_set_new(o, "facts", facts);
    json_object_set_new(o, "groups", groups_of(p));
    json_object_set_new(o, "groups_more", json_integer(r->groups - p->groups));
    json_object_set_new(o, "settings", settings_of(f));
    json_array_foreach(f->skipped, i, line)
    {
        if (i < 100) json_array_append(skipped, json_array_get(line, 1));
    }
    json_object_set_new(o, "skipped", skipped);
    if (json_array_size(f->skipped) > 100)
        json_object_set_new(o, "skipped_more", json_integer((json_int_t)json_array_size(f->skipped) - 100));
    return o;
}

dc3_status dc3_duplicates_page(const dc3_finding *f, const char *path)
{
    paging p = {.f = f};
    dc3_status status = list(&p);
    if (status == DC3_OK) status = prepare_all(&p);
    if (status == DC3_OK) {
        json_t *document = document_of(&p);
        status = dc3_page_write(path, document);
        json_decref(document);
    }
    for (int64_t i = 0; i < p.count; i++) free(p.all[i].uri);
    free(p.all);
    return status;
}
