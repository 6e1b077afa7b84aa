#include "gather/patches.h"

#include <string.h>
#include "run_folder/sources.h"

int dc3_gather_patches(const json_t *line)
{
    return (int)json_array_size(json_object_get(line, "patches"));
}

/* By the diffusion model, or by a conventional edit. */
static int is_edited(const json_t *line)
{
    return json_object_get(line, "prompts") || json_object_get(line, "edits");
}

int dc3_gather_is_aligned(const json_t *line)
{
    return !dc3_gather_patches(line) || is_edited(line);
}

/* The square [left, top, width, height] of an image, at side x side pixels. */
static dc3_status cut(const dc3_image *from, const json_t *box, int side, dc3_image *to)
{
    int v[4];
    dc3_image square;
    for (size_t i = 0; i < 4; i++) {
        json_int_t n = json_integer_value(json_array_get(box, i));
        v[i] = n >= 0 && n < 1 << 20 ? (int)n : -1;
    }
    if (v[0] < 0 || v[1] < 0 || v[2] < 1 || v[3] < 1 || v[0] + v[2] > from->width ||
        v[1] + v[3] > from->height)
        return dc3_fail(DC3_ERR_FORMAT, "it is smaller now than the crop of it");
    if (!dc3_image_allocate((uint32_t)v[2], (uint32_t)v[3], &square))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int y = 0; y < v[3]; y++)
        memcpy(square.pixels + (int64_t)y * v[2] * 3,
               from->pixels + ((int64_t)(v[1] + y) * from->width + v[0]) * 3, (size_t)v[2] * 3);
    dc3_status status = dc3_image_resize(&square, side, side, DC3_FIT_SQUASH, to);
    dc3_image_free(&square);
    return status;
}

static dc3_status read_one(const dc3_reporting *r, const json_t *patch, int cuts, int side, dc3_image *image)
{
    const char *source = json_string_value(json_object_get(patch, "source"));
    int64_t item = dc3_sources_item(r->items, source);
    dc3_image whole;
    if (item < 0) return dc3_sources_lost(r->items, source);
    if (!cuts) return dc3_dataset_read(r->data, item, side, side, r->fit, image);
    DC3_TRY(dc3_dataset_read(r->data, item, 0, 0, r->fit, &whole));
    dc3_status status = cut(&whole, json_object_get(patch, "box"), side, image);
    dc3_image_free(&whole);
    return status;
}

dc3_status dc3_gather_read_patches(const dc3_reporting *r, const json_t *line, int size, dc3_image *image)
{
    int across = dc3_gather_patches(line) >= 4 ? 2 : 1, side = size / across;
    if (!dc3_image_allocate((uint32_t)(side * across), (uint32_t)(side * across), image))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int k = 0; k < across * across; k++) {
        dc3_image one;
        const json_t *patch = json_array_get(json_object_get(line, "patches"), (size_t)k);
        DC3_TRY(read_one(r, patch, is_edited(line), side, &one));
        dc3_image_paste(image, &one, k % across * side, k / across * side);
        dc3_image_free(&one);
    }
    return DC3_OK;
}
