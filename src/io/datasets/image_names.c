#include "io/datasets/image_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* As io/images/kind.c knows them by content. A format that is read from now on moves from the second list to
 * the first. */
static const char *const read[] = {".jpg",  ".jpeg",  ".jpe",   ".jfif", ".mpo",  ".png",  ".apng",
                                   ".webp", ".tif",   ".tiff",  ".gif",  ".avif", ".heic", ".heif",
                                   ".hif",  ".heics", ".avifs", ".ppm",  ".pgm",  ".pbm",  ".pnm"};
static const char *const unread[] = {".bmp", ".jp2", ".j2k", ".jxl", ".tga", ".pcx", ".ico", ".psd", ".svg",
                                     ".eps", ".exr", ".hdr", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf",
                                     ".rw2", ".raf", ".pam", ".pfm", ".qoi", ".dds", ".cur"};

int dc3_ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcasecmp(name + n - m, ending) == 0;
}

static const char *find(const char *name, const char *const *endings, size_t count)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name) return NULL;
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(dot, endings[i]) == 0) return endings[i];
    return NULL;
}

int dc3_is_image_name(const char *name)
{
    return find(name, read, sizeof read / sizeof *read) != NULL;
}

const char *dc3_unread_image_name(const char *name)
{
    return find(name, unread, sizeof unread / sizeof *unread);
}
