/* What a colour profile of RGB pixels means in sRGB, as a table. Private to this folder. */
#ifndef DC3_IO_COLOURS_H
#define DC3_IO_COLOURS_H

#include <stddef.h>
#include "io/pixels.h"

typedef struct dc3_colours dc3_colours;

/* Of an ICC profile. 1: known; *colours is to be released, or NULL where the profile is sRGB: where it
 * changes no colour of the table by more than 1 of 255. 0: the profile is damaged, for other pixels, too
 * large or too steep for a table, or there is no memory. libvips is asked once for each profile, as long as
 * it is among the last few. Threads may call it at once. */
int dc3_colours_of(const void *profile, size_t size, dc3_colours **colours);
/* Brings pixels of 3 channels, or 4 with alpha, to sRGB in place, interpolated between the colours of the
 * table (tetrahedra). */
void dc3_colours_apply(const dc3_colours *colours, uint8_t *pixels, int channels, size_t count);
/* Whether 255, 255, 255 is white. */
int dc3_colours_keep_white(const dc3_colours *colours);
dc3_colours *dc3_colours_retain(dc3_colours *colours);
/* Accepts NULL; nulls. */
void dc3_colours_release(dc3_colours **colours);

#endif
