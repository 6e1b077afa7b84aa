/* The sections of a training's page: samples, curves over steps, measures. Curves are drawn here, as SVG: a
 * page without JavaScript shows them too. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include "report/html.h"
#include "report/sections.h"

/* Tenths of a pixel: of the chart, of the room around the plot, between names of lines. */
enum { WIDE = 5600, HIGH = 3000, LEFT = 760, RIGHT = 280, TOP = 420, BOTTOM = 500, NAME = 1200, COLOURS = 6 };

typedef struct range {
    double low, high, step; /* the ends are multiples of the step */
    int digits;             /* behind the point, of such a multiple */
} range;

/* At most seven steps of 1, 2 or 5 times a power of ten. */
static range range_of(double low, double high)
{
    static const double factors[] = {1, 2, 5, 10};
    int i = 0;
    double least = 1e-6 * fmax(1e-6, fmax(fabs(low), fabs(high))); /* a line that differs by less is flat */
    if (!(high - low >= least)) high = low + fmax(1, 10 * least);
    double power = pow(10, floor(log10((high - low) / 6)));
    while (i < 3 && (high - low) / (factors[i] * power) > 6) i++;
    double step = factors[i] * power;
    range r = {floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, 0};
    if (step < 1) r.digits = (int)ceil(-log10(step) - 1e-9);
    return r;
}

static int steps_of(const range *r)
{
    return (int)lrint((r->high - r->low) / r->step);
}

/* With a point in every locale. */
static void print_number(FILE *to, double value, int digits)
{
    char format[16], text[G_ASCII_DTOSTR_BUF_SIZE];
    snprintf(format, sizeof format, "%%.%df", digits);
    fputs(g_ascii_formatd(text, sizeof text, format, value), to);
}

static int place(double value, const range *r, int from, int to)
{
    return (int)lrint(from + (to - from) * (value - r->low) / (r->high - r->low));
}

static double at(const json_t *point, size_t i)
{
    return json_number_value(json_array_get(point, i));
}

/* Of all points, in the direction `axis`, 0 or 1. */
static range range_of_points(const json_t *lines, size_t axis)
{
    double low = axis ? INFINITY : 0, high = axis ? -INFINITY : 0;
    size_t i, k;
    json_t *line, *point;
    json_array_foreach(lines, i, line)
    {
        json_array_foreach(json_object_get(line, "points"), k, point) low = fmin(low, at(point, axis)),
                                                                      high = fmax(high, at(point, axis));
    }
    return isfinite(low) ? range_of(low, high) : range_of(0, 1);
}

static void print_axes(FILE *to, const range *x, const range *y)
{
    const int right = WIDE - RIGHT, bottom = HIGH - BOTTOM;
    for (int i = 0; i <= steps_of(y); i++) {
        double v = y->low + i * y->step;
        int h = place(v, y, bottom, TOP);
        fprintf(to, "<path class=\"grid\" d=\"M%d %dH%d\"/><text class=\"end\" x=\"%d\" y=\"%d\">", LEFT, h,
                right, LEFT - 60, h + 45);
        print_number(to, v, y->digits);
        fputs("</text>\n", to);
    }
    for (int i = 0; i <= steps_of(x); i++) {
        double v = x->low + i * x->step;
        int w = place(v, x, LEFT, right);
        fprintf(to, "<path class=\"axis\" d=\"M%d %dv50\"/><text class=\"middle\" x=\"%d\" y=\"%d\">", w,
                bottom, w, bottom + 190);
        print_number(to, v, x->digits);
        fputs("</text>\n", to);
    }
    fprintf(to,
            "<path class=\"axis\" d=\"M%d %dH%d\"/><text class=\"middle\" x=\"%d\" y=\"%d\">steps</text>\n",
            LEFT, bottom, right, (LEFT + right) / 2, bottom + 400);
}

/* A line, its points where they are few, and its name above the plot. */
static void print_line(FILE *to, const json_t *line, int number, const range *x, const range *y)
{
    enum { R = 40, FEW = 30 };
    const json_t *points = json_object_get(line, "points");
    size_t i;
    json_t *point;
    if (!json_array_size(points)) return;
    fprintf(to, "<g class=\"m%d\"><text x=\"%d\" y=\"%d\">", number % COLOURS, LEFT + number * NAME,
            TOP - 180);
    dc3_html_text(to, dc3_section_text(line, "name"));
    fputs("</text><path class=\"line\" d=\"M", to);
    json_array_foreach(points, i, point)
        fprintf(to, "%s%d %d", i ? "L" : "", place(at(point, 0), x, LEFT, WIDE - RIGHT),
                place(at(point, 1), y, HIGH - BOTTOM, TOP));
    fputs("\"/>\n", to);
    if (json_array_size(points) <= FEW) {
        json_array_foreach(points, i, point)
            fprintf(to, "<path class=\"mark\" d=\"M%d %da%d %d 0 1 0 %d 0a%d %d 0 1 0 %d 0Z\"/>\n",
                    place(at(point, 0), x, LEFT, WIDE - RIGHT) - R,
                    place(at(point, 1), y, HIGH - BOTTOM, TOP), R, R, 2 * R, R, R, -2 * R);
    }
    fputs("</g>\n", to);
}

static void print_plot(FILE *to, const json_t *plot)
{
    const json_t *lines = json_object_get(plot, "lines");
    range x = range_of_points(lines, 0), y = range_of_points(lines, 1);
    size_t i;
    json_t *line;
    fputs("<figure><figcaption>", to);
    dc3_html_text(to, dc3_section_text(plot, "title"));
    fprintf(to, "</figcaption><svg class=\"bytes\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE,
            HIGH);
    dc3_html_text(to, dc3_section_text(plot, "title"));
    fputs(" over the steps\">\n", to);
    print_axes(to, &x, &y);
    json_array_foreach(lines, i, line) print_line(to, line, (int)i, &x, &y);
    fputs("</svg></figure>\n", to);
}

void dc3_section_plots(FILE *to, const json_t *document)
{
    const json_t *plots = json_object_get(document, "plots");
    size_t i;
    json_t *plot;
    if (!json_array_size(plots)) return;
    fputs("<section id=\"plots\"><h2>Over the steps</h2>\n<div class=\"charts\">\n", to);
    json_array_foreach(plots, i, plot) print_plot(to, plot);
    fputs("</div></section>\n", to);
}

void dc3_section_samples(FILE *to, const json_t *document)
{
    const json_t *samples = json_object_get(document, "samples");
    size_t i;
    json_t *one;
    if (!json_array_size(samples)) return;
    fputs("<section id=\"samples\"><h2>Samples</h2>\n<p class=\"small\">From the same noise each time, so "
          "that what "
          "changes is the generator.</p>\n<div class=\"charts\">\n",
          to);
    json_array_foreach(samples, i, one)
    {
        fputs("<figure><figcaption>", to);
        dc3_html_text(to, dc3_section_text(one, "title"));
        fprintf(to, "</figcaption><img class=\"sample\" width=\"%d\" height=\"%d\" alt=\"\" src=\"",
                (int)json_integer_value(json_object_get(one, "width")),
                (int)json_integer_value(json_object_get(one, "height")));
        dc3_html_text(to, dc3_section_text(one, "image"));
        fputs("\"></figure>\n", to);
    }
    fputs("</div></section>\n", to);
}
