#include "calibrate/chart.h"

#include <math.h>
#include "calibrate/lab_colours.h"

/* Pixels: of a panel, of the space beside it, of the line of text below. */
enum { WIDE = 200, HIGH = 90, SPACE = 12, TEXT = 14 };

static double share(const json_t *curve, int panel, int step)
{
    step = step < 0 ? 0 : step < DC3_LAB_STEPS ? step : DC3_LAB_STEPS - 1;
    return json_number_value(json_array_get(curve, (size_t)(panel * DC3_LAB_STEPS + step)));
}

static double smooth(const json_t *curve, int panel, int step)
{
    return (share(curve, panel, step - 1) + 2 * share(curve, panel, step) + share(curve, panel, step + 1)) /
           4;
}

/* Tenths of a pixel, since a number with a point would be one of the locale's. */
static int tenths(double x)
{
    return (int)lrint(10 * x);
}

/* `area`: down to the axis on both sides. */
static void path(FILE *to, const json_t *curve, const char *set, int area, int panel, double highest)
{
    double step = (double)WIDE / DC3_LAB_STEPS, first = panel * (WIDE + SPACE) + 0.5 * step;
    fprintf(to, "<path class=\"%s\" d=\"M", set);
    if (area) fprintf(to, "%d %dL", tenths(first), 10 * HIGH);
    for (int i = 0; i < DC3_LAB_STEPS; i++)
        fprintf(to, "%s%d %d", i ? "L" : "", tenths(first + i * step),
                tenths(HIGH * (1 - smooth(curve, panel, i) / highest)));
    if (area) fprintf(to, "V%dZ", 10 * HIGH);
    fputs("\"/>", to);
}

void dc3_calibration_chart(FILE *to, const json_t *curves, const char *const *sets, int count)
{
    static const char *const names[] = {"L* 0 to 100", "a* -100 to 100", "b* -100 to 100"};
    fprintf(
        to,
        "<svg class=\"lab\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Densities of L*, a* and b*\">",
        10 * (3 * WIDE + 2 * SPACE), 10 * (HIGH + TEXT));
    for (int panel = 0; panel < 3; panel++) {
        double highest = 1e-9;
        int left = 10 * panel * (WIDE + SPACE);
        for (int s = 0; s < count; s++)
            for (int i = 0; i < DC3_LAB_STEPS; i++)
                highest = fmax(highest, smooth(json_object_get(curves, sets[s]), panel, i));
        fprintf(to, "<path class=\"axis\" d=\"M%d %dh%d\"/><text x=\"%d\" y=\"%d\">%s</text>", left,
                10 * HIGH, 10 * WIDE, left, 10 * (HIGH + TEXT) - 20, names[panel]);
        for (int s = 0; s < count; s++)
            if (json_array_size(json_object_get(curves, sets[s])) == DC3_LAB_CURVES)
                path(to, json_object_get(curves, sets[s]), sets[s], s == 0, panel, highest);
    }
    fputs("</svg>\n", to);
}
