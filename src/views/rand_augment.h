/* RandAugment (Cubuk et al. 2020, arXiv 1909.13719) as torchvision's RandAugment has it on images of 8 bits:
 * N operations of fourteen, drawn with replacement, all of strength M of 30. The operations are Pillow's:
 * nearest neighbours, black beyond the edges. */
#ifndef DC3_VIEWS_RAND_AUGMENT_H
#define DC3_VIEWS_RAND_AUGMENT_H

#include "views/augment.h"

/* In torchvision's order. Of those with a direction (from SHEAR_X to SHARPNESS) a negative code is the
 * opposite one. */
typedef enum dc3_rand_op {
    DC3_RAND_IDENTITY,
    DC3_RAND_SHEAR_X, /* 0.3 M / 30 */
    DC3_RAND_SHEAR_Y,
    DC3_RAND_TRANSLATE_X, /* 150 / 331 of the side times M / 30, cut to whole pixels */
    DC3_RAND_TRANSLATE_Y,
    DC3_RAND_ROTATE,     /* 30 degrees times M / 30, counterclockwise */
    DC3_RAND_BRIGHTNESS, /* factor 1 + 0.9 M / 30, and so for the next three */
    DC3_RAND_COLOR,
    DC3_RAND_CONTRAST,
    DC3_RAND_SHARPNESS,
    DC3_RAND_POSTERIZE, /* to 8 - 4 M / 30 bits, rounded */
    DC3_RAND_SOLARIZE,  /* values from 255 (1 - M / 30) on */
    DC3_RAND_AUTOCONTRAST,
    DC3_RAND_EQUALIZE,
    DC3_RAND_OPS
} dc3_rand_op;

enum { DC3_RAND_STRENGTH = 30 }; /* the largest M */

/* Sets ops and strength of a view; named by (seed, epoch, item). count: 0 to DC3_VIEW_OPS; strength: 0 to
 * DC3_RAND_STRENGTH. */
void dc3_draw_rand_augment(uint64_t seed, int64_t epoch, int64_t item, int count, int strength,
                           dc3_view_params *params);

/* Applies the operations of a view, in their order, to image [size, size, 3]; scratch is as large. */
void dc3_rand_augment(uint8_t *image, int size, const dc3_view_params *params, uint8_t *scratch);

#endif
