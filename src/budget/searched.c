#include "budget/searched.h"

#include <stdio.h>
#include "options/coding.h"

const char *dc3_searched_text(const dc3_search_tried *way, dc3_chroma chroma, char text[DC3_SEARCHED_TEXT])
{
    char coding[DC3_CODING_TEXT];
    dc3_coding_text((dc3_coding){way->format, way->quality, chroma}, coding);
    int n = snprintf(text, DC3_SEARCHED_TEXT, "%s at %d px", coding, way->size);
    if (way->label_bits)
        n += snprintf(text + n, (size_t)(DC3_SEARCHED_TEXT - n), ", labels of %d bits", way->label_bits);
    if (way->label_top_k)
        snprintf(text + n, (size_t)(DC3_SEARCHED_TEXT - n), ", %s %d",
                 way->label_bits ? "top" : "labels of top", way->label_top_k);
    return text;
}

void dc3_searched_settings(const dc3_search_found *f, json_t *settings)
{
    if (!f) return;
    json_t *tried = json_array();
    for (int i = 0; i < f->count; i++) {
        const dc3_search_tried *t = &f->tried[i];
        char text[DC3_CODING_TEXT];
        dc3_coding_text((dc3_coding){t->format, t->quality, DC3_CHROMA_444}, text);
        json_t *one = json_pack("{s:s, s:i, s:I, s:f}", "format", text, "size", t->size, "images",
                                (json_int_t)t->images, "top1", t->top1);
        if (t->label_bits) json_object_set_new(one, "label_bits", json_integer(t->label_bits));
        if (t->label_top_k) json_object_set_new(one, "label_top_k", json_integer(t->label_top_k));
        json_array_append_new(tried, one);
    }
    json_object_set_new(settings, "search",
                        json_pack("{s:f, s:I, s:i, s:o}", "images_seen", f->images_seen, "held_out",
                                  (json_int_t)f->held_out, "best", f->best, "tried", tried));
}

int dc3_searched_read(const json_t *settings, dc3_search_found *f)
{
    const json_t *search = json_object_get(settings, "search"), *tried = json_object_get(search, "tried"),
                 *one;
    size_t i;
    int wrong = 0;
    dc3_chroma chroma;
    if (!search || json_array_size(tried) > DC3_SEARCH_MOST) return 0;
    *f = (dc3_search_found){.count = (int)json_array_size(tried),
                            .best = (int)json_integer_value(json_object_get(search, "best")),
                            .held_out = json_integer_value(json_object_get(search, "held_out")),
                            .images_seen = json_number_value(json_object_get(search, "images_seen"))};
    json_array_foreach((json_t *)(uintptr_t)tried, i, one)
    {
        dc3_search_tried *t = &f->tried[i];
        wrong |= dc3_image_coding_parse(json_string_value(json_object_get(one, "format")), &t->format,
                                        &t->quality, &chroma) != DC3_OK;
        t->size = (int)json_integer_value(json_object_get(one, "size"));
        t->images = json_integer_value(json_object_get(one, "images"));
        t->top1 = json_number_value(json_object_get(one, "top1"));
        t->label_bits = (int)json_integer_value(json_object_get(one, "label_bits"));
        t->label_top_k = (int)json_integer_value(json_object_get(one, "label_top_k"));
    }
    return !wrong && f->best >= 0 && f->best < f->count;
}
