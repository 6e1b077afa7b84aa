/* The colours of an image as calibration compares them: arrays only. */
#ifndef DC3_CALIBRATE_LAB_COLOURS_H
#define DC3_CALIBRATE_LAB_COLOURS_H

#include <stdint.h>

/* Cells of the grid: L* in 5 of 20 units from 0 on, a* and b* in 8 of 16 units each from -64 on. Steps of the
 * curves that people look at: of L* from 0 to 100, of a* and b* from -100 to 100. */
enum {
    DC3_LAB_LIGHT = 5,
    DC3_LAB_HUE = 8,
    DC3_LAB_CELLS = DC3_LAB_LIGHT * DC3_LAB_HUE * DC3_LAB_HUE,
    DC3_LAB_STEPS = 50,
    DC3_LAB_CURVES = 3 * DC3_LAB_STEPS,
    DC3_LAB_MOMENTS = 4
};

typedef struct dc3_lab_colours {
    double density[DC3_LAB_CELLS];   /* shares of the pixels, sum 1; cell (l * 8 + a) * 8 + b */
    double moments[DC3_LAB_MOMENTS]; /* means of L*, a*, b* and of chroma, sqrt(a*^2 + b*^2) */
    double curves[DC3_LAB_CURVES];   /* shares of the pixels by L*, then by a*, then by b* */
} dc3_lab_colours;

/* Of rgb [height, width, 3] of sRGB: of every k-th row and column, with the least k that leaves at most 64 of
 * each. A pixel's share goes to the 8 cells around it, linear in its distance from their middles; what lies
 * beyond the outermost middles goes to them. */
void dc3_lab_colours_of(const uint8_t *rgb, int width, int height, dc3_lab_colours *colours);

#endif
