/* Views of images that may be of the same pixels: equal ones, and those of a JPEG that was decoded at less
 * than its size beside those that were not, which differ by a level or so. */
#ifndef DC3_IO_ALIKE_H
#define DC3_IO_ALIKE_H

#include "io/image.h"

enum { DC3_SKETCH = 27 };

typedef struct dc3_appearance {
    uint64_t hash;              /* of all pixels */
    int reduced;                /* dc3_image_source_reduced of what it was made from */
    uint8_t sketch[DC3_SKETCH]; /* mean colours of the cells of a grid of 3 x 3 */
} dc3_appearance;

dc3_appearance dc3_appearance_of(const dc3_image *image, int reduced);

/* Views by what they look like, and the number of the first image that has each. */
typedef struct dc3_alike dc3_alike;
/* NULL without memory; close accepts NULL and nulls. */
dc3_alike *dc3_alike_new(void);
void dc3_alike_close(dc3_alike **alike);
/* Remembers a view. */
void dc3_alike_add(dc3_alike *alike, const dc3_appearance *view, int64_t item);
/* The first remembered item whose view looks like this one's, where just one of the two was reduced, and of
 * which is_same says so; -1: none. */
int64_t dc3_alike_find(const dc3_alike *alike, const dc3_appearance *view,
                       int (*is_same)(const void *user, int64_t item), const void *user);

#endif
