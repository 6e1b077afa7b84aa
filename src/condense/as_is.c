/* Images stored as they were chosen, brought to their size. */
#include "condense/chosen.h"
#include "condense/syntheses.h"

static dc3_status make(dc3_run *run, const dc3_part *parts, dc3_made *made)
{
    dc3_status status =
        dc3_dataset_read(run->dataset, parts->item, run->size, run->size, run->fit, &made->image);
    return dc3_note_unreadable(made, parts, status);
}

static void describe(const dc3_run *run, const dc3_part *parts, json_t *line)
{
    (void)run, (void)parts, (void)line;
}

const dc3_synthesis dc3_as_is = {
    .stage = "storing",
    .again = "",
    .threads = 1,
    .make = make,
    .describe = describe,
};
