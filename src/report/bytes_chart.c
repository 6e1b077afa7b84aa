/* Accuracy against bytes, of a comparison of budgets: a line for each method, random images as a band of
 * their mean and deviation over seeds, all data as a line across. Bytes have a logarithmic axis. Drawn here,
 * as SVG: a page without JavaScript shows it too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"
#include "report/html.h"
#include "report/sections.h"

/* Tenths of a pixel, since a number with a point would be one of the locale's: of the chart, of the room
 * around the plot (to the right stand the names), between the lines of text. */
enum { WIDE = 5600, HIGH = 4000, LEFT = 520, RIGHT = 1300, TOP = 320, BOTTOM = 580, LINE = 175 };
enum { COLOURS = 6, MARKS = 4, MOST_LINES = 32 };

typedef struct plot {
    double from, to;  /* bytes */
    double low, high; /* accuracies, 0 to 1 */
    double step;      /* between lines of the grid */
} plot;

static double at(const json_t *point, size_t i)
{
    return json_number_value(json_array_get(point, i));
}

static int x_of(const plot *p, double bytes)
{
    return (int)lrint(LEFT + (WIDE - LEFT - RIGHT) * log(bytes / p->from) / log(p->to / p->from));
}

static int y_of(const plot *p, double share)
{
    share = fmin(fmax(share, p->low), p->high);
    return (int)lrint(TOP + (HIGH - TOP - BOTTOM) * (p->high - share) / (p->high - p->low));
}

static int is_random(const json_t *line)
{
    return strcmp(dc3_section_text(line, "name"), "random") == 0;
}

static void widen(plot *p, double share)
{
    p->low = fmin(p->low, share), p->high = fmax(p->high, share);
}

/* The range of what is drawn, whose ends are lines of a grid of at most eight. */
static plot range_of(const json_t *chart)
{
    static const double steps[] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2};
    const double room = 1.12;
    plot p = {.from = INFINITY, .low = INFINITY, .high = -INFINITY};
    size_t i, k;
    json_t *line, *point, *tick;
    json_array_foreach(json_object_get(chart, "lines"), i, line)
    {
        json_array_foreach(json_object_get(line, "points"), k, point)
        {
            p.from = fmin(p.from, at(point, 0)), p.to = fmax(p.to, at(point, 0));
            widen(&p, at(point, 1) - at(point, 2));
            widen(&p, at(point, 1) + at(point, 2));
        }
    }
    json_array_foreach(json_object_get(chart, "ticks"), i, tick)
    {
        p.from = fmin(p.from, json_number_value(tick)), p.to = fmax(p.to, json_number_value(tick));
    }
    if (json_is_number(json_object_get(chart, "full")))
        widen(&p, json_number_value(json_object_get(chart, "full")));
    p.from /= room, p.to *= room;
    p.low = fmax(p.low, 0), p.high = fmin(fmax(p.high, p.low), 1);
    i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && (p.high - p.low) / steps[i] > 6) i++;
    p.step = steps[i];
    p.low = floor(p.low / p.step + 1e-9) * p.step, p.high = ceil(p.high / p.step - 1e-9) * p.step;
    if (p.high <= p.low) p.high = p.low + p.step;
    return p;
}

/* "30.0 kB" as "30 kB" */
static const char *short_size(double bytes, char text[DC3_NUMBER_TEXT])
{
    dc3_size_text(bytes, text);
    char *zero = strstr(text, ".0 ");
    if (zero) memmove(zero, zero + 2, strlen(zero + 2) + 1);
    return text;
}

static void print_axes(FILE *to, const plot *p, const json_t *chart)
{
    const int right = WIDE - RIGHT, bottom = HIGH - BOTTOM, apart = 500;
    size_t i;
    json_t *tick;
    int last = -apart;
    for (double share = p->low; share < p->high + p->step / 2; share += p->step) {
        int y = y_of(p, share), tenths = (int)lrint(1000 * share);
        fprintf(to, "<path class=\"grid\" d=\"M%d %dH%d\"/><text class=\"end\" x=\"%d\" y=\"%d\">%d", LEFT, y,
                right, LEFT - 60, y + 40, tenths / 10);
        if (tenths % 10) fprintf(to, ".%d", tenths % 10);
        fputs("</text>\n", to);
    }
    json_array_foreach(json_object_get(chart, "ticks"), i, tick)
    {
        char text[DC3_NUMBER_TEXT];
        int x = x_of(p, json_number_value(tick));
        fprintf(to, "<path class=\"axis\" d=\"M%d %dv50\"/>", x, bottom);
        if (abs(x - last) < apart) continue;
        fprintf(to, "<text class=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n", x, bottom + 180,
                short_size(json_number_value(tick), text));
        last = x;
    }
    fprintf(to,
            "<path class=\"axis\" d=\"M%d %dH%d\"/><text class=\"middle\" x=\"%d\" y=\"%d\">bytes of the set "
            "(logarithmic)</text><text x=\"0\" y=\"%d\">top-1, %%</text>\n",
            LEFT, bottom, right, (LEFT + right) / 2, bottom + 420, TOP - 170);
}

/* The lower edge back from the end of the upper one. */
static void print_band(FILE *to, const plot *p, const json_t *points)
{
    size_t n = json_array_size(points);
    double wide = 0;
    for (size_t i = 0; i < n; i++) wide = fmax(wide, at(json_array_get(points, i), 2));
    if (!(wide > 0)) return;
    fputs("<path class=\"band\" d=\"M", to);
    for (size_t i = 0; i < 2 * n; i++) {
        const json_t *point = json_array_get(points, i < n ? i : 2 * n - 1 - i);
        double edge = at(point, 1) + (i < n ? at(point, 2) : -at(point, 2));
        fprintf(to, "%s%d %d", i ? "L" : "", x_of(p, at(point, 0)), y_of(p, edge));
    }
    fputs("Z\"/>\n", to);
}

/* A circle, a square, a triangle or a diamond. */
static void print_mark(FILE *to, int kind, int x, int y)
{
    enum { R = 42 };
    if (kind == 0)
        fprintf(to, "M%d %da%d %d 0 1 0 %d 0a%d %d 0 1 0 %d 0Z", x - R, y, R, R, 2 * R, R, R, -2 * R);
    else if (kind == 1)
        fprintf(to, "M%d %dh%dv%dh%dZ", x - R, y - R, 2 * R, 2 * R, -2 * R);
    else if (kind == 2)
        fprintf(to, "M%d %dl%d %dh%dZ", x, y - R - 10, R + 10, 2 * R + 10, -2 * R - 20);
    else
        fprintf(to, "M%d %dl%d %dl%d %dl%d %dZ", x, y - R - 14, R + 14, R + 14, -R - 14, R + 14, -R - 14,
                -R - 14);
}

/* What stands at a point when the pointer does. */
static void print_title(FILE *to, const char *name, const json_t *point)
{
    char size[DC3_NUMBER_TEXT];
    int top1 = (int)lrint(10000 * at(point, 1)), spread = (int)lrint(10000 * at(point, 2));
    fputs("<title>", to);
    dc3_html_text(to, name);
    fprintf(to, ", %s: %d.%02d", dc3_size_text(at(point, 0), size), top1 / 100, top1 % 100);
    if (spread) fprintf(to, " \xc2\xb1 %d.%02d", spread / 100, spread % 100);
    fputs(" %</title>", to);
}

static void print_line(FILE *to, const plot *p, const json_t *line, int number)
{
    const json_t *points = json_object_get(line, "points");
    int random = is_random(line);
    size_t i;
    json_t *point;
    if (random) print_band(to, p, points);
    if (random)
        fputs("<g class=\"random\">", to);
    else
        fprintf(to, "<g class=\"m%d\">", number % COLOURS);
    fputs("<path class=\"line\" d=\"M", to);
    json_array_foreach(points, i, point)
        fprintf(to, "%s%d %d", i ? "L" : "", x_of(p, at(point, 0)), y_of(p, at(point, 1)));
    fputs("\"/>\n", to);
    json_array_foreach(points, i, point)
    {
        int x = x_of(p, at(point, 0)), y = y_of(p, at(point, 1));
        if ((!random || json_array_size(points) == 1) && at(point, 2) > 0)
            fprintf(to, "<path class=\"spread\" d=\"M%d %dV%d\"/>", x, y_of(p, at(point, 1) - at(point, 2)),
                    y_of(p, at(point, 1) + at(point, 2)));
        fputs("<path class=\"mark\" d=\"", to);
        print_mark(to, random ? 0 : number % MARKS, x, y);
        fputs("\">", to);
        print_title(to, dc3_section_text(line, "name"), point);
        fputs("</path>\n", to);
    }
    fputs("</g>\n", to);
}

/* ---- names at the ends of lines ---- */

typedef struct label {
    const char *name;
    char class[12];
    int from, y; /* where its line ends, where it stands */
} label;

static int by_height(const void *a, const void *b)
{
    const label *x = a, *y = b;
    return x->from - y->from;
}

/* None stands on another, all below the top: from above each at its line's end or below the one before, then
 * from below those that the last ones need room for. */
static void spread_labels(label *labels, int count)
{
    const int lowest = HIGH - BOTTOM + 100;
    qsort(labels, (size_t)count, sizeof *labels, by_height);
    for (int i = 0; i < count; i++) {
        labels[i].y = labels[i].from;
        if (i && labels[i].y < labels[i - 1].y + LINE) labels[i].y = labels[i - 1].y + LINE;
    }
    for (int i = count - 1, room = lowest; i >= 0 && labels[i].y > room; i--, room -= LINE)
        labels[i].y = room;
}

static void print_labels(FILE *to, const plot *p, const json_t *chart)
{
    label labels[MOST_LINES + 1];
    int count = 0, number = 0;
    size_t i;
    json_t *line;
    const json_t *full = json_object_get(chart, "full");
    json_array_foreach(json_object_get(chart, "lines"), i, line)
    {
        const json_t *points = json_object_get(line, "points"),
                     *last = json_array_get(points, json_array_size(points) - 1);
        if (count == MOST_LINES) break;
        label *l = &labels[count++];
        *l = (label){.name = dc3_section_text(line, "name"), .from = y_of(p, at(last, 1))};
        if (is_random(line))
            strcpy(l->class, "random");
        else
            sprintf(l->class, "m%d", number++ % COLOURS);
    }
    if (json_is_number(full))
        labels[count++] =
            (label){.name = "all data", .class = "full", .from = y_of(p, json_number_value(full))};
    spread_labels(labels, count);
    for (int k = 0; k < count; k++) {
        const label *l = &labels[k];
        fprintf(to, "<g class=\"%s\"><path class=\"lead\" d=\"M%d %dL%d %d\"/><text x=\"%d\" y=\"%d\">",
                l->class, WIDE - RIGHT + 10, l->from, WIDE - RIGHT + 130, l->y, WIDE - RIGHT + 150,
                l->y + 42);
        dc3_html_text(to, l->name);
        fputs("</text></g>\n", to);
    }
}

static void print_chart(FILE *to, const json_t *chart)
{
    plot p = range_of(chart);
    const json_t *full = json_object_get(chart, "full");
    size_t i;
    int number = 0;
    json_t *line;
    fputs("<figure><figcaption>", to);
    dc3_html_text(to, dc3_section_text(chart, "title"));
    fprintf(to, "</figcaption><svg class=\"bytes\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE,
            HIGH);
    dc3_html_text(to, dc3_section_text(chart, "title"));
    fputs(": accuracy against bytes; the table has the numbers\">\n", to);
    print_axes(to, &p, chart);
    if (json_is_number(full))
        fprintf(to, "<g class=\"full\"><path class=\"line\" d=\"M%d %dH%d\"/></g>\n", LEFT,
                y_of(&p, json_number_value(full)), WIDE - RIGHT);
    json_array_foreach(json_object_get(chart, "lines"), i, line)
    {
        print_line(to, &p, line, number);
        number += !is_random(line);
    }
    print_labels(to, &p, chart);
    fputs("</svg></figure>\n", to);
}

void dc3_section_bytes(FILE *to, const json_t *document)
{
    const json_t *charts = json_object_get(document, "bytes");
    size_t i;
    json_t *chart;
    if (!json_array_size(charts)) return;
    fputs(
        "<section id=\"bytes\"><h2>Accuracy against bytes</h2>\n<p class=\"small\">Bytes of the images and "
        "metadata.jsonl of each condensed set. Soft labels are not among them: the teacher gives them while "
        "students train. Points are means over seeds; of several seeds, bars and the band of random "
        "images are the deviation.</p>\n<div class=\"charts\">\n",
        to);
    json_array_foreach(charts, i, chart)
    {
        if (json_array_size(json_object_get(chart, "lines"))) print_chart(to, chart);
    }
    fputs("</div></section>\n", to);
}
