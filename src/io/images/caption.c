/* A line of text as an image, by libvips (Pango). */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "io/images/vips.h"

/* Grey values of the text, 255 where it is, or NULL; the caller unrefs it. */
static VipsImage *render(const char *text)
{
    char *markup = g_markup_escape_text(text, -1);
    VipsImage *mask = NULL;
    int failed = vips_text(&mask, markup, "font", "sans 9", "dpi", 96, NULL);
    g_free(markup);
    if (!failed) return mask;
    vips_error_clear();
    return NULL;
}

/* Cuts the last character of a text in UTF-8 that ends with "..", if it has "..", and else appends that; 0
 * once nothing is left. */
static int shorten(char *text)
{
    static const char more[] = "..";
    size_t n = strlen(text);
    if (n > 2 && strcmp(text + n - 2, more) == 0) n -= 2;
    while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80) n--;
    if (n) n--;
    if (n) strcpy(text + n, more);
    return n > 0;
}

/* The longest beginning that is no wider. */
static VipsImage *fit(char *text, int width)
{
    VipsImage *mask = render(text);
    while (mask && mask->Xsize > width) {
        g_object_unref(mask);
        mask = shorten(text) ? render(text) : NULL;
    }
    return mask;
}

dc3_status dc3_image_caption(const char *text, int width, int height, dc3_image *image)
{
    enum { MOST = 200 }; /* bytes: more do not fit a line */
    DC3_TRY(dc3_vips_start());
    if (!dc3_image_allocate((uint32_t)width, (uint32_t)height, image))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for a caption");
    memset(image->pixels, 255, (size_t)width * (size_t)height * 3);
    char *printable = dc3_text_printable(text), *line = printable ? malloc(MOST + 3) : NULL;
    if (line) snprintf(line, MOST, "%.*s", dc3_text_room(printable, MOST - 1), printable);
    VipsImage *mask = line && *line ? fit(line, width) : NULL;
    size_t size = 0;
    uint8_t *values = mask && mask->Bands == 1 ? vips_image_write_to_memory(mask, &size) : NULL;
    int rows = values ? mask->Ysize : 0, top = rows < height ? (height - rows) / 2 : 0;
    for (int y = 0; y < rows && top + y < height; y++)
        for (int x = 0; x < mask->Xsize; x++)
            memset(image->pixels + ((size_t)(top + y) * (size_t)width + (size_t)x) * 3,
                   255 - values[(size_t)y * (size_t)mask->Xsize + (size_t)x], 3);
    g_free(values);
    if (mask) g_object_unref(mask);
    free(printable);
    free(line);
    return DC3_OK;
}
