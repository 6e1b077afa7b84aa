#include "run_folder/saved_edits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "run_folder/shards.h"

/* Pixels of an edit's side at most, and up to which no colour is lost. */
enum { LARGEST = 160, EXACT = 64 };

int64_t dc3_report_each(int64_t classes)
{
    return classes > 0 && classes < DC3_REPORT_IMAGES ? DC3_REPORT_IMAGES / classes : 1;
}

dc3_status dc3_edits_join(int size, int count, const float *const *edits, dc3_image *joined)
{
    int side = size < LARGEST ? size : LARGEST;
    *joined = (dc3_image){side * count, side, malloc((size_t)side * (size_t)side * (size_t)count * 3)};
    if (!joined->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && i < count; i++) {
        dc3_image whole = {0}, small = {0};
        status = dc3_image_of_floats(size, size, edits[i], &whole);
        if (status == DC3_OK && side < size)
            status = dc3_image_resize(&whole, side, side, DC3_FIT_SQUASH, &small);
        if (status == DC3_OK) dc3_image_paste(joined, side < size ? &small : &whole, i * side, 0);
        dc3_image_free(&whole);
        dc3_image_free(&small);
    }
    if (status != DC3_OK) dc3_image_free(joined);
    return status;
}

static dc3_image_format format_of(int side)
{
    return side <= EXACT ? DC3_PNG : DC3_JPEG_SMALL;
}

char *dc3_edits_name(const char *name_below, dc3_image_format format)
{
    const char *relative = dc3_shard_member(name_below);
    const char *slash = strrchr(relative, '/'), *dot = strrchr(relative, '.');
    int stem = (int)(dot && (!slash || dot > slash) ? dot - relative : (long)strlen(relative));
    size_t room = (size_t)stem + 8;
    char *name = malloc(room);
    if (name) snprintf(name, room, "%.*s%s", stem, relative, dc3_image_extension(format));
    return name;
}

/* OUT/edits/<class>/<name>; the caller frees, NULL without memory. */
static char *path_of(const char *out, const char *relative, dc3_image_format format)
{
    char *folder = dc3_path_join(out, "edits"), *name = dc3_edits_name(relative, format);
    char *path = folder && name ? dc3_path_join(folder, name) : NULL;
    free(folder);
    free(name);
    return path;
}

dc3_status dc3_edits_write(const char *out, const char *relative, const dc3_image *joined)
{
    dc3_image_format format = format_of(joined->height);
    char *path = path_of(out, relative, format);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_make_folder_of(path);
    if (status == DC3_OK) status = dc3_image_write(path, joined, format);
    free(path);
    return status;
}

void dc3_edits_remove(const char *out, const char *relative)
{
    for (int i = 0; i < 2; i++) {
        char *path = path_of(out, relative, i ? DC3_JPEG_SMALL : DC3_PNG);
        if (path) unlink(path);
        free(path);
    }
}

/* Columns left..left+side-1 of an image. */
static dc3_status cut(const dc3_image *joined, int left, int side, dc3_image *one)
{
    *one = (dc3_image){side, joined->height, malloc((size_t)side * (size_t)joined->height * 3)};
    if (!one->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int y = 0; y < joined->height; y++)
        memcpy(one->pixels + (size_t)y * (size_t)side * 3,
               joined->pixels + ((size_t)y * (size_t)joined->width + (size_t)left) * 3, (size_t)side * 3);
    return DC3_OK;
}

dc3_status dc3_edits_read(const char *out, const char *relative, dc3_image edits[DC3_MOST_EDITS], int *count)
{
    dc3_image joined = {0};
    dc3_status status = DC3_OK;
    *count = 0;
    for (int i = 0; status == DC3_OK && !joined.pixels && i < 2; i++) {
        char *path = path_of(out, relative, i ? DC3_JPEG_SMALL : DC3_PNG);
        if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        if (dc3_path_what(path) == DC3_PATH_FILE) status = dc3_image_read(path, 0, 0, DC3_FIT_CROP, &joined);
        free(path);
    }
    int side = joined.height, wanted = side ? joined.width / side : 0;
    if (status == DC3_OK && side && (joined.width % side || (wanted < 1 || wanted > DC3_MOST_EDITS)))
        status = dc3_fail(DC3_ERR_FORMAT, "%s/edits: %s: expected 1 to 4 squares side by side, found %dx%d",
                          out, relative, joined.width, side);
    for (int i = 0; status == DC3_OK && i < wanted; i++) {
        status = cut(&joined, i * side, side, &edits[i]);
        if (status == DC3_OK) ++*count;
    }
    for (int i = 0; status != DC3_OK && i < *count; i++) dc3_image_free(&edits[i]);
    if (status != DC3_OK) *count = 0;
    dc3_image_free(&joined);
    return status;
}
