#include "report/sheet.h"

#include <stdlib.h>
#include <string.h>

/* Pixels: between images, of the line of text above a row. */
enum { GAP = 4, NAME = 18 };

static int row_height(const dc3_sheet *s)
{
    return NAME + s->down * s->tile + 2 * GAP;
}

dc3_status dc3_sheet_open(int rows, int across, int down, int tile, dc3_sheet *s)
{
    enum { NARROWEST = 200 };
    *s = (dc3_sheet){.tile = tile, .down = down};
    int width = across * (tile + GAP) + GAP;
    s->image.width = width < NARROWEST + GAP ? NARROWEST + GAP : width;
    s->image.height = rows * row_height(s) + GAP;
    size_t bytes = (size_t)s->image.width * (size_t)s->image.height * 3;
    s->image.pixels = malloc(bytes);
    if (!s->image.pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    memset(s->image.pixels, 255, bytes);
    return DC3_OK;
}

void dc3_sheet_close(dc3_sheet *s)
{
    dc3_image_free(&s->image);
}

dc3_status dc3_sheet_name(dc3_sheet *s, int row, const char *text)
{
    dc3_image caption;
    DC3_TRY(dc3_image_caption(text, s->image.width - 2 * GAP, NAME, &caption));
    dc3_image_paste(&s->image, &caption, GAP, GAP + row * row_height(s));
    dc3_image_free(&caption);
    return DC3_OK;
}

dc3_status dc3_sheet_paste(dc3_sheet *s, int row, int column, int line, const dc3_image *image)
{
    dc3_image tile;
    DC3_TRY(dc3_image_resize(image, s->tile, s->tile, DC3_FIT_CROP, &tile));
    dc3_image_paste(&s->image, &tile, GAP + column * (s->tile + GAP),
                    GAP + row * row_height(s) + NAME + line * s->tile);
    dc3_image_free(&tile);
    return DC3_OK;
}

dc3_status dc3_sheet_save(const dc3_sheet *s, const char *path)
{
    dc3_image_format format = dc3_image_format_of(path);
    return dc3_image_save(path, &s->image,
                          (dc3_coding){.format = format == DC3_FORMAT_DEFAULT ? DC3_PNG : format});
}
