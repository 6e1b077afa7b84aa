/* Images stored as they were chosen, brought to their size; of crops, squares side by side. */
#include <stdlib.h>
#include "methods/chosen.h"
#include "methods/syntheses.h"
#include "features/images.h"

static dc3_status stitch(dc3_run *run, const dc3_part *parts, dc3_made *made)
{
    int size = run->size;
    float *rgb = malloc((size_t)size * (size_t)size * 3 * sizeof *rgb);
    if (!rgb) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        dc3_run_read_parts(run, parts, (int[]){size, 0}, (float *[]){rgb, NULL}, &made->unreadable);
    if (status == DC3_OK) status = dc3_image_of_floats(size, size, rgb, &made->image);
    free(rgb);
    return status;
}

static dc3_status make(dc3_run *run, const dc3_part *parts, dc3_made *made)
{
    if (parts->box.side) return stitch(run, parts, made);
    dc3_status status =
        dc3_dataset_read(run->dataset, parts->item, run->size, run->size, run->fit, &made->image);
    return dc3_note_unreadable(made, parts, status);
}

static void describe(const dc3_run *run, const dc3_part *parts, json_t *line)
{
    (void)run, (void)parts, (void)line;
}

static void say_none(const dc3_run *run, json_t *settings)
{
    (void)run;
    json_object_set_new(settings, "compensation",
                        json_string(dc3_compensation_kind_name(DC3_COMPENSATION_NONE)));
}

const dc3_synthesis dc3_as_is = {
    .stage = "storing",
    .again = "",
    .make = make,
    .describe = describe,
};

const dc3_synthesis dc3_uncompensated = {
    .stage = "storing",
    .again = "",
    .make = make,
    .describe = describe,
    .settings = say_none,
};
