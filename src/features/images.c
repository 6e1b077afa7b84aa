#include "features/images.h"

#include <stdlib.h>
#include <string.h>
#include "ranks/ranks.h"

/* Of the file, where somebody notes it: the state, which rank 0 has, also of what others read. */
static uint64_t hash_of(const dc3_run *run, dc3_image_source *source)
{
    return run->state || dc3_ranks_rank() ? dc3_image_source_hash(source) : 0;
}

/* The image of `source` as floats [size, size, 3]; `more`: at another size too, later. view: what it looks
 * like, or NULL. */
static dc3_status read_floats(const dc3_run *run, dc3_image_source *source, int size, int more, float *to,
                              dc3_appearance *view)
{
    dc3_image image;
    DC3_TRY(dc3_image_source_read(source, size, size, run->fit, more, &image));
    dc3_image_to_floats(&image, to);
    if (view) *view = dc3_appearance_of(&image, dc3_image_source_reduced(source));
    dc3_image_free(&image);
    return DC3_OK;
}

dc3_status dc3_run_read_sizes(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                              dc3_image_hashes *hashes)
{
    dc3_image_source *source;
    dc3_appearance *view = hashes ? &hashes->view : NULL;
    DC3_TRY(dc3_dataset_source(run->dataset, item, &source));
    int same = to[0] && to[1] && sizes[0] == sizes[1];
    dc3_status status = to[0] ? read_floats(run, source, sizes[0], to[1] && !same, to[0], view) : DC3_OK;
    if (same && status == DC3_OK)
        memcpy(to[1], to[0], (size_t)sizes[0] * (size_t)sizes[0] * 3 * sizeof *to[0]);
    else if (to[1] && status == DC3_OK)
        status = read_floats(run, source, sizes[1], 0, to[1], to[0] ? NULL : view);
    if (hashes) hashes->file = hash_of(run, source);
    dc3_image_source_close(&source);
    return status;
}

/* An image in its own size, of which `box` is a square; it may be another than when the square was chosen. */
static dc3_status read_own(const dc3_run *run, int64_t item, dc3_box box, dc3_image_hashes *hashes,
                           dc3_image *image)
{
    dc3_image_source *source;
    DC3_TRY(dc3_dataset_source(run->dataset, item, &source));
    dc3_status status = dc3_image_source_read(source, 0, 0, run->fit, 0, image);
    if (status == DC3_OK && hashes)
        *hashes = (dc3_image_hashes){hash_of(run, source),
                                     dc3_appearance_of(image, dc3_image_source_reduced(source))};
    dc3_image_source_close(&source);
    if (status != DC3_OK || (box.left >= 0 && box.top >= 0 && box.side > 0 &&
                             box.side <= image->width - box.left && box.side <= image->height - box.top))
        return status;
    status = dc3_fail(
        DC3_ERR_FORMAT, "%s: expected the square of %d pixels at %d, %d that was chosen; found %d by %d",
        dc3_dataset_key(run->dataset, item), box.side, box.left, box.top, image->width, image->height);
    dc3_image_free(image);
    return status;
}

/* The square as number k of factor x factor. */
static dc3_status read_square(const dc3_run *run, int64_t item, dc3_box box, int k, int factor,
                              const int sizes[2], float *const to[2], dc3_image_hashes *hashes)
{
    dc3_image image;
    DC3_TRY(read_own(run, item, box, hashes, &image));
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && i < 2; i++) {
        int64_t patch = sizes[i] / factor, top = k / factor * patch, left = k % factor * patch;
        if (to[i])
            status = dc3_crop_scale(&image, box, (int)patch, to[i] + (top * sizes[i] + left) * 3,
                                    (int64_t)sizes[i] * 3);
    }
    dc3_image_free(&image);
    return status;
}

dc3_status dc3_run_read_candidate(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                                  dc3_image_hashes *hashes)
{
    if (!run->boxes || !run->boxes[item].side) return dc3_run_read_sizes(run, item, sizes, to, hashes);
    return read_square(run, item, run->boxes[item], 0, 1, sizes, to, hashes);
}

dc3_status dc3_run_read_parts(const dc3_run *run, const dc3_part *parts, const int sizes[2],
                              float *const to[2], const dc3_part **unreadable)
{
    int factor = run->each > 1 ? run->factor : 1;
    dc3_status status = DC3_OK;
    *unreadable = NULL;
    for (int k = 0; status == DC3_OK && k < run->each; k++) {
        if (run->each == 1 && !parts->box.side)
            status = dc3_run_read_sizes(run, parts->item, sizes, to, NULL);
        else
            status = read_square(run, parts[k].item, parts[k].box, k, factor, sizes, to, NULL);
        if (status != DC3_OK && status != DC3_ERR_MEMORY) *unreadable = parts + k;
    }
    return status;
}
