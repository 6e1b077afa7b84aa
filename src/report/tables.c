/* The sections that are tables and lists. */
#include <glib.h>
#include "report/html.h"
#include "report/sections.h"

const char *dc3_section_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

void dc3_section_facts(FILE *to, const json_t *facts)
{
    size_t i;
    json_t *fact;
    if (!json_array_size(facts)) return;
    fputs("<dl>", to);
    json_array_foreach(facts, i, fact)
    {
        fputs("<dt>", to);
        dc3_html_text(to, json_string_value(json_array_get(fact, 0)));
        fputs("</dt><dd>", to);
        dc3_html_text(to, json_string_value(json_array_get(fact, 1)));
        fputs("</dd>", to);
    }
    fputs("</dl>\n", to);
}

static void paragraph(FILE *to, const char *text)
{
    if (!*text) return;
    fputs("<p class=\"small\">", to);
    dc3_html_text(to, text);
    fputs("</p>\n", to);
}

/* {"head": [..], "rows": [[..], ..]}: the first column names the row, the others are numbers. */
static void table(FILE *to, const json_t *t)
{
    size_t i, k;
    json_t *cell, *row;
    fputs("<div class=\"wide\"><table><thead><tr>", to);
    json_array_foreach(json_object_get(t, "head"), k, cell)
    {
        fputs("<th scope=\"col\">", to);
        dc3_html_text(to, json_string_value(cell));
        fputs("</th>", to);
    }
    fputs("</tr></thead><tbody>\n", to);
    json_array_foreach(json_object_get(t, "rows"), i, row)
    {
        fputs("<tr>", to);
        json_array_foreach(row, k, cell)
        {
            fputs(k ? "<td>" : "<th scope=\"row\">", to);
            dc3_html_text(to, json_string_value(cell));
            fputs(k ? "</td>" : "</th>", to);
        }
        fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
}

static void list(FILE *to, const json_t *texts)
{
    size_t i;
    json_t *text;
    fputs("<ul>\n", to);
    json_array_foreach(texts, i, text)
    {
        fputs("<li>", to);
        dc3_html_text(to, json_string_value(text));
        fputs("</li>\n", to);
    }
    fputs("</ul>\n", to);
}

void dc3_section_answers(FILE *to, const json_t *document)
{
    const json_t *answers = json_object_get(document, "answers"), *next = json_object_get(answers, "next");
    if (!answers) return;
    fputs("<section id=\"answers\"><h2>", to);
    dc3_html_text(to, dc3_section_text(answers, "title"));
    fputs("</h2>\n", to);
    if (*dc3_section_text(answers, "text")) {
        fputs("<p class=\"verdict\">", to);
        dc3_html_text(to, dc3_section_text(answers, "text"));
        fputs("</p>\n", to);
    }
    table(to, answers);
    if (json_array_size(next)) {
        fputs("<h3>What to try next</h3>\n", to);
        list(to, next);
    }
    fputs("</section>\n", to);
}

void dc3_section_class_table(FILE *to, const json_t *document)
{
    const json_t *classes = json_object_get(document, "class_table");
    size_t count = json_array_size(json_object_get(classes, "rows"));
    if (!count) return;
    fprintf(to, "<section id=\"classes\"><h2>All classes</h2>\n");
    if (count > 12)
        fprintf(to,
                "<p class=\"filter\"><label>Search %zu classes: <input type=\"search\" "
                "autocomplete=\"off\"></label></p>\n",
                count);
    table(to, classes);
    fputs("</section>\n", to);
}

void dc3_section_settings(FILE *to, const json_t *document)
{
    const json_t *settings = json_object_get(document, "settings");
    if (!json_array_size(settings)) return;
    fputs("<section id=\"settings\"><h2>Settings</h2>\n", to);
    dc3_section_facts(to, settings);
    fputs("</section>\n", to);
}

void dc3_section_colour(FILE *to, const json_t *document)
{
    const json_t *curves = json_object_get(document, "curves"),
                 *measures = json_object_get(document, "measures");
    size_t i;
    json_t *curve;
    if (!json_array_size(curves) && !measures) return;
    fputs("<section id=\"colour\"><h2>Colours</h2>\n", to);
    paragraph(to, dc3_section_text(document, "curves_text"));
    if (json_array_size(curves))
        fputs("<noscript><p>The curves need JavaScript, which is switched off here.</p></noscript>\n"
              "<div class=\"charts\">\n",
              to);
    json_array_foreach(curves, i, curve)
    {
        fprintf(to, "<figure class=\"curve\" data-curve=\"%zu\"><figcaption>", i);
        dc3_html_text(to, dc3_section_text(curve, "title"));
        fputs("</figcaption><div class=\"chart\"><canvas></canvas></div></figure>\n", to);
    }
    if (json_array_size(curves)) fputs("</div>\n", to);
    if (measures) table(to, measures);
    fputs("</section>\n", to);
}

void dc3_section_scores(FILE *to, const json_t *document)
{
    const json_t *scores = json_object_get(document, "scores");
    if (!scores) return;
    fputs("<section id=\"scores\"><h2>Scores</h2>\n", to);
    table(to, scores);
    paragraph(to, dc3_section_text(scores, "text"));
    fputs("</section>\n", to);
}

void dc3_section_measured(FILE *to, const json_t *document)
{
    const json_t *measured = json_object_get(document, "measured");
    size_t i;
    json_t *one;
    if (!json_array_size(measured)) return;
    fputs("<section id=\"measured\"><h2>Measures</h2>\n<p class=\"small\">Of the generated images, from the "
          "first "
          "dataset; docs/measures.md says what they are.</p>\n",
          to);
    json_array_foreach(measured, i, one)
    {
        fputs("<h3>", to);
        dc3_html_text(to, dc3_section_text(one, "title"));
        fputs("</h3>\n", to);
        table(to, one);
        paragraph(to, dc3_section_text(one, "text"));
    }
    fputs("</section>\n", to);
}

void dc3_section_times(FILE *to, const json_t *document)
{
    const json_t *times = json_object_get(document, "times");
    size_t i;
    json_t *row;
    if (!times) return;
    fputs("<section id=\"times\"><h2>Time and memory</h2>\n<table class=\"times\"><tbody>\n", to);
    json_array_foreach(json_object_get(times, "rows"), i, row)
    {
        char part[G_ASCII_DTOSTR_BUF_SIZE]; /* with a point in every locale */
        g_ascii_formatd(part, sizeof part, "%.1f", 100 * json_number_value(json_array_get(row, 2)));
        fputs("<tr><th scope=\"row\">", to);
        dc3_html_text(to, json_string_value(json_array_get(row, 0)));
        fputs("</th><td>", to);
        dc3_html_text(to, json_string_value(json_array_get(row, 1)));
        fprintf(to,
                "</td><td class=\"bar\"><svg width=\"100%%\" height=\"12\" aria-hidden=\"true\"><rect "
                "width=\"%s%%\" height=\"12\" rx=\"3\"/></svg></td></tr>\n",
                part);
    }
    fputs("</tbody></table>\n", to);
    paragraph(to, dc3_section_text(times, "text"));
    fputs("</section>\n", to);
}

void dc3_section_skipped(FILE *to, const json_t *document)
{
    const json_t *skipped = json_object_get(document, "skipped"), *notes = json_object_get(document, "notes");
    json_int_t more = json_integer_value(json_object_get(document, "skipped_more"));
    long long count = (long long)json_array_size(skipped) + more;
    if (!skipped && !json_array_size(notes)) return;
    fputs("<section id=\"skipped\"><h2>Skipped and noted</h2>\n", to);
    if (count) {
        fprintf(to, "<details%s><summary>%lld image%s skipped, and why</summary>\n",
                count <= 20 ? " open" : "", count, count == 1 ? " was" : "s were");
        list(to, skipped);
        if (more) fprintf(to, "<p>And %lld more.</p>\n", (long long)more);
        fputs("</details>\n", to);
    } else if (skipped)
        fputs("<p>No image was skipped.</p>\n", to);
    if (json_array_size(notes)) list(to, notes);
    fputs("</section>\n", to);
}
