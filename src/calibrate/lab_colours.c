#include "calibrate/lab_colours.h"

#include <math.h>
#include <string.h>
#include "metrics/lab.h"

enum { MOST = 64 };

/* The cell below `value` among `count` of `width` from `from` on, and the share that goes to the next. */
static int cell_of(double value, double from, double width, int count, double *share)
{
    double at = (value - from) / width - 0.5;
    at = at < 0 ? 0 : at > count - 1 ? count - 1 : at;
    int cell = at < count - 1 ? (int)at : count - 2;
    *share = at - cell;
    return cell;
}

static void add_cells(const double *lab, double *density)
{
    double l, a, b;
    int at = (cell_of(lab[0], 0, 20, DC3_LAB_LIGHT, &l) * DC3_LAB_HUE +
              cell_of(lab[1], -64, 16, DC3_LAB_HUE, &a)) *
             DC3_LAB_HUE;
    at += cell_of(lab[2], -64, 16, DC3_LAB_HUE, &b);
    for (int k = 0; k < 8; k++)
        density[at + ((k & 4) / 4 * DC3_LAB_HUE + (k & 2) / 2) * DC3_LAB_HUE + (k & 1)] +=
            (k & 4 ? l : 1 - l) * (k & 2 ? a : 1 - a) * (k & 1 ? b : 1 - b);
}

static void add_step(double value, double from, double to, double *curve)
{
    int step = (int)floor((value - from) / (to - from) * DC3_LAB_STEPS);
    curve[step < 0 ? 0 : step < DC3_LAB_STEPS ? step : DC3_LAB_STEPS - 1] += 1;
}

static void scale(double *values, int count, double by)
{
    for (int i = 0; i < count; i++) values[i] *= by;
}

void dc3_lab_colours_of(const uint8_t *rgb, int width, int height, dc3_lab_colours *c)
{
    int by_x = (width + MOST - 1) / MOST, by_y = (height + MOST - 1) / MOST, pixels = 0;
    memset(c, 0, sizeof *c);
    for (int y = 0; y < height; y += by_y)
        for (int x = 0; x < width; x += by_x, pixels++) {
            double lab[3];
            dc3_lab_of_srgb(rgb + ((int64_t)y * width + x) * 3, 1, lab);
            add_cells(lab, c->density);
            for (int i = 0; i < 3; i++) c->moments[i] += lab[i];
            c->moments[3] += sqrt(lab[1] * lab[1] + lab[2] * lab[2]);
            for (int i = 0; i < 3; i++) add_step(lab[i], i ? -100 : 0, 100, c->curves + i * DC3_LAB_STEPS);
        }
    if (!pixels) return;
    scale(c->density, DC3_LAB_CELLS, 1.0 / pixels);
    scale(c->moments, DC3_LAB_MOMENTS, 1.0 / pixels);
    scale(c->curves, DC3_LAB_CURVES, 1.0 / pixels);
}
