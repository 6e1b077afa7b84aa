/* Groups of images that are alike (dc3 duplicates). */
#include "report/html.h"
#include "report/sections.h"

enum { LEAST = 96 }; /* pixels at which an image is shown */

static void image(FILE *to, const json_t *p)
{
    int width = (int)json_integer_value(json_object_get(p, "width")),
        height = (int)json_integer_value(json_object_get(p, "height")),
        longer = width > height ? width : height, times = longer > 0 ? (LEAST + longer - 1) / longer : 1;
    if (!json_is_string(json_object_get(p, "image"))) {
        fputs("<span class=\"lost\">not readable</span>", to);
        return;
    }
    fprintf(to, "<img width=\"%d\" height=\"%d\" src=\"", times * width, times * height);
    dc3_html_text(to, dc3_section_text(p, "image"));
    fputs("\" alt=\"", to);
    dc3_html_text(to, dc3_section_text(p, "name"));
    fputs("\">", to);
}

static void figure(FILE *to, const json_t *p)
{
    size_t i;
    json_t *line;
    int stays = json_is_true(json_object_get(p, "stays"));
    fprintf(to, "<figure class=\"%s\">", stays ? "stays" : "goes");
    image(to, p);
    fprintf(to, "<figcaption><b>%s</b> ", stays ? "stays" : "goes");
    dc3_html_text(to, dc3_section_text(p, "name"));
    json_array_foreach(json_object_get(p, "lines"), i, line)
    {
        fputs("<br>", to);
        dc3_html_text(to, json_string_value(line));
    }
    fputs("</figcaption></figure>\n", to);
}

static void group(FILE *to, const json_t *g)
{
    size_t i;
    json_t *p;
    int conflict = json_is_true(json_object_get(g, "conflict"));
    json_int_t more = json_integer_value(json_object_get(g, "more"));
    fprintf(to, "<article class=\"alike\"><h3%s>", conflict ? " class=\"conflict\"" : "");
    fputs(conflict ? "Labels contradict: " : "", to);
    dc3_html_text(to, dc3_section_text(g, "title"));
    fputs("</h3><div class=\"grid\">\n", to);
    json_array_foreach(json_object_get(g, "pictures"), i, p)
    {
        figure(to, p);
    }
    fputs("</div>\n", to);
    if (more) fprintf(to, "<p class=\"small\">and %lld more</p>\n", (long long)more);
    fputs("</article>\n", to);
}

void dc3_section_groups(FILE *to, const json_t *document)
{
    const json_t *groups = json_object_get(document, "groups");
    size_t i;
    json_t *g;
    json_int_t more = json_integer_value(json_object_get(document, "groups_more"));
    if (!groups) return;
    fputs("<section id=\"groups\"><h2>Groups</h2>\n", to);
    if (!json_array_size(groups)) fputs("<p>No two images are alike.</p>\n", to);
    json_array_foreach(groups, i, g)
    {
        group(to, g);
    }
    if (more)
        fprintf(to, "<p>There are %lld more group%s, which duplicates.json has.</p>\n", (long long)more,
                more == 1 ? "" : "s");
    fputs("</section>\n", to);
}
