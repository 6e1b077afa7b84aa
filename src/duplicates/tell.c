#include "duplicates/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"

const char *dc3_likeness_text(const dc3_likeness *like, char text[DC3_HOW_TEXT])
{
    if (like->kind == DC3_SAME_IMAGE)
        snprintf(text, DC3_HOW_TEXT, "the same image");
    else if (like->kind == DC3_NEAR_HASH)
        snprintf(text, DC3_HOW_TEXT, "%s%d bit%s of the hash differ%s", like->mirrored ? "mirrored, " : "",
                 like->bits, like->bits == 1 ? "" : "s", like->bits == 1 ? "s" : "");
    else
        snprintf(text, DC3_HOW_TEXT, "a cosine of %.3f", like->cosine);
    return text;
}

const char *dc3_group_text(const dc3_finding *f, const dc3_group *g, char text[DC3_HOW_TEXT])
{
    int64_t go = 0;
    for (int64_t i = 0; i < g->count; i++) go += !dc3_stays(f, f->members[g->first + i]);
    if (g->classes > 1)
        snprintf(text, DC3_HOW_TEXT, "%lld images with %d different labels: one or the other %s wrong",
                 (long long)g->count, g->classes, *f->network ? "may be" : "is");
    else
        snprintf(text, DC3_HOW_TEXT, "%lld images, of which %lld %s", (long long)g->count, (long long)go,
                 go == 1 ? "goes" : "go");
    return text;
}

/* ---- words ---- */

static void print_name(FILE *to, const char *text)
{
    char *safe = dc3_text_printable(text);
    fputs(safe ? safe : "", to);
    free(safe);
}

static void print_likeness(FILE *to, const dc3_finding *f, const dc3_likeness *like)
{
    char how[DC3_HOW_TEXT];
    if (like->item < 0) return;
    fputs("; as ", to);
    print_name(to, dc3_dataset_key(f->dataset, like->item));
    fprintf(to, ": %s", dc3_likeness_text(like, how));
}

static void print_image(FILE *to, const dc3_finding *f, int64_t item, int with_class)
{
    const dc3_lookalike *image = &f->like.images[item];
    fprintf(to, "  %s  ", dc3_stays(f, item) ? "stays" : "goes ");
    print_name(to, dc3_dataset_key(f->dataset, item));
    fprintf(to, "  %d x %d", image->width, image->height);
    if (with_class) {
        fputs("  class ", to);
        print_name(to, dc3_dataset_class_name(f->dataset, dc3_dataset_label(f->dataset, item)));
    }
    print_likeness(to, f, &image->own);
    print_likeness(to, f, &image->other);
    fputc('\n', to);
}

static void print_group(FILE *to, const dc3_finding *f, const dc3_group *g)
{
    enum { MOST = 12 };
    char text[DC3_HOW_TEXT];
    fprintf(to, "\n%s%s\n", g->classes > 1 ? "LABELS CONTRADICT: " : "", dc3_group_text(f, g, text));
    for (int64_t i = 0; i < g->count && i < MOST; i++)
        print_image(to, f, f->members[g->first + i], g->classes > 1);
    if (g->count > MOST) fprintf(to, "  and %lld more\n", (long long)(g->count - MOST));
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_all(FILE *to, const dc3_finding *f)
{
    enum { MOST = 20 };
    const dc3_duplicates_report *r = f->report;
    fprintf(to, "%lld image%s in %d class%s", (long long)r->images, plural(r->images),
            dc3_dataset_classes(f->dataset), dc3_dataset_classes(f->dataset) == 1 ? "" : "es");
    if (r->skipped) fprintf(to, ", of which %lld cannot be read", (long long)r->skipped);
    fprintf(to, "\n%lld to leave out: %lld cop%s and %lld near-duplicate%s\n",
            (long long)(r->copies + r->near), (long long)r->copies, r->copies == 1 ? "y" : "ies",
            (long long)r->near, plural(r->near));
    if (r->conflicts)
        fprintf(to, "%lld group%s of images that are alike, with different labels\n", (long long)r->conflicts,
                plural(r->conflicts));
    if (r->plain && !f->options->exact)
        fprintf(to, "%lld image%s of one colour, or below %d pixels a side: compared as %s, not by a hash\n",
                (long long)r->plain, plural(r->plain), DC3_LOOKALIKE_SIDE,
                r->plain == 1 ? "it is" : "they are");
    for (int64_t i = 0; i < r->groups && i < MOST; i++) print_group(to, f, &f->groups[i]);
    if (r->groups > MOST)
        fprintf(to, "\nand %lld more group%s: %s or %s has all\n", (long long)(r->groups - MOST),
                plural(r->groups - MOST), dc3_setting("out"), dc3_setting("json"));
}

/* ---- JSON ---- */

static json_t *likeness_of(const dc3_finding *f, const dc3_likeness *like)
{
    static const char *const kinds[] = {
        [DC3_SAME_IMAGE] = "same", [DC3_NEAR_HASH] = "hash", [DC3_NEAR_FEATURES] = "embedding"};
    json_t *o = json_object();
    json_object_set_new(o, "image", dc3_json_text(dc3_dataset_key(f->dataset, like->item)));
    json_object_set_new(o, "by", json_string(kinds[like->kind]));
    if (like->kind == DC3_NEAR_HASH) {
        json_object_set_new(o, "bits", json_integer(like->bits));
        json_object_set_new(o, "mirrored", json_boolean(like->mirrored));
    }
    if (like->kind == DC3_NEAR_FEATURES) json_object_set_new(o, "cosine", json_real(like->cosine));
    return o;
}

static json_t *image_of(const dc3_finding *f, int64_t item)
{
    const dc3_lookalike *image = &f->like.images[item];
    json_t *o = json_object();
    json_object_set_new(o, "image", dc3_json_text(dc3_dataset_key(f->dataset, item)));
    json_object_set_new(
        o, "class", dc3_json_text(dc3_dataset_class_name(f->dataset, dc3_dataset_label(f->dataset, item))));
    json_object_set_new(o, "width", json_integer(image->width));
    json_object_set_new(o, "height", json_integer(image->height));
    json_object_set_new(o, "stays", json_boolean(dc3_stays(f, item)));
    if (image->own.item >= 0) json_object_set_new(o, "like", likeness_of(f, &image->own));
    if (image->other.item >= 0) json_object_set_new(o, "other_class", likeness_of(f, &image->other));
    return o;
}

/* On a line, so that they are read one by one, too. */
static dc3_status print_group_json(FILE *to, const dc3_finding *f, const dc3_group *g)
{
    json_t *o = json_object(), *images = json_array();
    json_object_set_new(o, "conflict", json_boolean(g->classes > 1));
    for (int64_t i = 0; i < g->count; i++)
        json_array_append_new(images, image_of(f, f->members[g->first + i]));
    json_object_set_new(o, "images", images);
    char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(o);
    if (!line) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fputs(line, to);
    free(line);
    return DC3_OK;
}

static json_t *head_of(const dc3_finding *f)
{
    const dc3_duplicates_report *r = f->report;
    json_t *o = json_object();
    json_object_set_new(o, "program", json_string("dc3 duplicates"));
    json_object_set_new(o, "version", json_string(dc3_version()));
    json_object_set_new(o, "data", dc3_json_text(f->options->data));
    json_object_set_new(o, "hash_distance", f->options->exact ? json_null() : json_integer(f->like.most));
    if (f->options->near_duplicates > 0) {
        json_object_set_new(o, "near_duplicates", json_real(f->options->near_duplicates));
        json_object_set_new(o, "embeddings", json_string(f->network));
    }
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {{"images", r->images},       {"copies", r->copies},
                  {"near", r->near},           {"leave_out", r->copies + r->near},
                  {"conflicts", r->conflicts}, {"plain", r->plain}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(o, counts[i].name, json_integer(counts[i].value));
    json_object_set(o, "skipped", f->skipped);
    return o;
}

static dc3_status print_json(FILE *to, const dc3_finding *f)
{
    json_t *head = head_of(f);
    char *text = json_dumps(head, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(head);
    if (!text) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    size_t length = strlen(text);
    fwrite(text, 1, length - 2, to); /* without the line feed and the brace at the end */
    free(text);
    fputs(",\n \"groups\": [", to);
    for (int64_t i = 0; i < f->report->groups; i++) {
        fputs(i ? ",\n  " : "\n  ", to);
        DC3_TRY(print_group_json(to, f, &f->groups[i]));
    }
    fputs(f->report->groups ? "\n ]\n}\n" : "]\n}\n", to);
    return DC3_OK;
}

/* ---- both ---- */

dc3_status dc3_tell_text(const dc3_finding *f)
{
    size_t size;
    FILE *to = open_memstream(&f->report->text, &size);
    if (!to) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    print_all(to, f);
    return fclose(to) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_tell_json(const dc3_finding *f)
{
    size_t size;
    FILE *to = open_memstream(&f->report->json, &size);
    if (!to) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = print_json(to, f);
    if (fclose(to) != 0 && status == DC3_OK) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return status;
}
