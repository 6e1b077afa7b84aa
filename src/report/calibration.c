/* The section about calibrated compensation: what it did to each class. */
#include <stdio.h>
#include "calibrate/chart.h"
#include "report/html.h"
#include "report/sections.h"

enum { SETS = 4, DRAWN = 20 }; /* classes whose densities are drawn */
static const char *const sets[SETS] = {"data", "selection", "random", "calibrated"};

static double sum_of(const json_t *class, const char *set)
{
    const json_t *terms = json_object_get(json_object_get(class, "distance"), set);
    double sum = 0;
    for (size_t i = 0; i < json_array_size(terms); i++) sum += json_number_value(json_array_get(terms, i));
    return sum;
}

/* How many of the class's images have an edit. */
static int edited(const json_t *class)
{
    const json_t *images = json_object_get(class, "images");
    int count = 0;
    for (size_t i = 0; i < json_array_size(images); i++)
        count += json_integer_value(json_array_get(json_array_get(images, i), 1)) > 0;
    return count;
}

static void row(FILE *to, const json_t *class)
{
    long long all = json_integer_value(json_object_get(class, "candidates")),
              dropped = json_integer_value(json_object_get(class, "dropped"));
    fputs("<tr><th scope=\"row\">", to);
    dc3_html_text(to, dc3_section_text(class, "class"));
    fprintf(to, "</th><td>%d of %zu</td><td>%lld of %lld</td>", edited(class),
            json_array_size(json_object_get(class, "images")), dropped, all);
    for (int s = 1; s < SETS; s++) {
        long long hundredths = (long long)(100 * sum_of(class, sets[s]) + 0.5);
        fprintf(to, "<td>%lld.%02lld</td>", hundredths / 100, hundredths % 100);
    }
    fputs("</tr>\n", to);
}

void dc3_section_calibration(FILE *to, const json_t *document)
{
    const json_t *classes = json_object_get(document, "calibration");
    size_t n = json_array_size(classes);
    if (!n) return;
    fputs("<section id=\"calibration\"><h2>Calibrated compensation</h2>\n<p class=\"small\">Densities of L*, "
          "a* "
          "and b* over the pixels of each class: of a sample of its data (grey), of its selected images "
          "(dashed), "
          "of the random compensation of them (dotted) and of what is stored (line). The distance is that of "
          "the "
          "mean features from the data's, in units of what as many random images miss on average in each of "
          "its "
          "terms: density, moments and, with a teacher, gradients (docs/method.md).</p>\n",
          to);
    for (size_t i = 0; i < n && i < DRAWN; i++) {
        const json_t *class = json_array_get(classes, i);
        fputs("<figure><figcaption>", to);
        dc3_html_text(to, dc3_section_text(class, "class"));
        fputs("</figcaption>", to);
        dc3_calibration_chart(to, json_object_get(class, "curves"), sets, SETS);
        fputs("</figure>\n", to);
    }
    fputs("<div class=\"wide\"><table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Images "
          "edited</th>"
          "<th scope=\"col\">Candidates dropped</th><th scope=\"col\">Distance, selection</th><th "
          "scope=\"col\">random</th><th scope=\"col\">calibrated</th></tr></thead><tbody>\n",
          to);
    for (size_t i = 0; i < n; i++) row(to, json_array_get(classes, i));
    fputs("</tbody></table></div></section>\n", to);
}
