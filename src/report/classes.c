/* The condensed set, class by class. */
#include "report/html.h"
#include "report/sections.h"

enum { LEAST = 96 }; /* pixels at which an image is shown */

/* Data URIs are the program's own, but go through the same gate as all other text. Images are shown at their
 * own size, small ones enlarged by a whole factor. */
static void image(FILE *to, const char *kind, const char *uri, const char *alt, const json_t *figure)
{
    int width = (int)json_integer_value(json_object_get(figure, "width")),
        height = (int)json_integer_value(json_object_get(figure, "height")),
        longer = width > height ? width : height, times = longer > 0 ? (LEAST + longer - 1) / longer : 1;
    fprintf(to, "<img class=\"%s\" width=\"%d\" height=\"%d\" src=\"", kind, times * width, times * height);
    dc3_html_text(to, uri);
    fputs("\" alt=\"", to);
    dc3_html_text(to, alt);
    fputs("\">", to);
}

/* A button with what is stored; beside it, for the dialog, the original, the edits and what is known of them.
 */
static void figure(FILE *to, const char *class, const json_t *p, int number)
{
    const char *stored = dc3_section_text(p, "stored"), *original = dc3_section_text(p, "original"),
               *name = dc3_section_text(p, "name");
    size_t i;
    json_t *edit;
    fprintf(to, "<figure id=\"picture-%d\" data-aligned=\"%d\"><button type=\"button\" title=\"", number,
            json_is_true(json_object_get(p, "aligned")));
    dc3_html_text(to, name);
    fputs("\">", to);
    if (*stored)
        image(to, "stored", stored, name, p);
    else
        fputs("<span class=\"lost\">missing</span>", to);
    fputs("</button><div class=\"more\" hidden><h3>", to);
    dc3_html_text(to, class);
    fputs("</h3>", to);
    if (*original)
        image(to, "original", original, "the original", p);
    else {
        fputs("<p class=\"missing\">", to);
        dc3_html_text(to, dc3_section_text(p, "missing"));
        fputs("</p>", to);
    }
    json_array_foreach(json_object_get(p, "edits"), i, edit)
    {
        image(to, "edit", json_string_value(json_array_get(edit, 1)),
              json_string_value(json_array_get(edit, 0)), p);
    }
    dc3_section_facts(to, json_object_get(p, "facts"));
    fputs("</div></figure>\n", to);
}

static void map(FILE *to, const json_t *map, int number)
{
    if (!map) return;
    size_t drawn = json_array_size(json_object_get(map, "points"));
    json_int_t of = json_integer_value(json_object_get(map, "of"));
    fprintf(to,
            "<details class=\"map\" id=\"map-%d\" data-map=\"%d\"><summary>Map of the class</summary><div "
            "class=\"chart tall\"><canvas></canvas></div><p class=\"small\">%zu of %lld images, by the first "
            "two principal components of the features that the bins come from. Colours are bins; rings are "
            "what was chosen.</p></details>\n",
            number + 1, number, drawn, (long long)of);
}

void dc3_section_classes(FILE *to, const json_t *document)
{
    const json_t *classes = json_object_get(document, "classes");
    size_t i, k;
    json_t *class, *p;
    int number = 0;
    if (!json_array_size(classes)) return;
    fprintf(to, "<section id=\"set\"><h2>%s</h2>\n",
            json_object_get(document, "class_table") ? "The condensed set" : "The condensed sets");
    fputs("<p>Click an image to see it beside its "
          "original.",
          to);
    size_t of = json_array_size(json_object_get(json_object_get(document, "class_table"), "rows"));
    if (json_array_size(classes) < of)
        fprintf(to,
                " Of %zu classes %zu are shown: those with the lowest accuracy, as far as it is known, those "
                "that compensation changes most, and some drawn at random.",
                of, json_array_size(classes));
    fputs("</p>\n", to);
    if (json_array_size(classes) > 12)
        fputs("<p class=\"filter\"><label>Show classes with <input type=\"search\" "
              "autocomplete=\"off\"></label></p>\n",
              to);
    json_array_foreach(classes, i, class)
    {
        const json_t *images = json_object_get(class, "pictures");
        const char *name = dc3_section_text(class, "name");
        json_int_t stored = json_integer_value(json_object_get(class, "stored"));
        fputs("<article class=\"class\"><h3>", to);
        dc3_html_text(to, name);
        fprintf(to, " <span class=\"count\">%lld image%s", (long long)stored, stored == 1 ? "" : "s");
        if ((json_int_t)json_array_size(images) < stored) fprintf(to, ", %zu shown", json_array_size(images));
        if (*dc3_section_text(class, "why")) fprintf(to, "; %s", dc3_section_text(class, "why"));
        fputs("</span></h3><div class=\"grid\">\n", to);
        json_array_foreach(images, k, p)
        {
            figure(to, name, p, ++number);
        }
        fputs("</div>\n", to);
        map(to, json_object_get(class, "map"), (int)i);
        fputs("</article>\n", to);
    }
    fputs("</section>\n", to);
}
