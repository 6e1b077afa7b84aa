#include "features/crew.h"

#include <stdlib.h>

/* Bytes of an image and its edits: at the editor's size its input, what the VAE makes of it and the edits of
 * a time; as they are stored the original, the image and all edits, which are joined in bytes besides. */
static double image_bytes(const dc3_run *run, dc3_crew_edits e)
{
    double small = run->edit.size, size = run->size;
    return 12 * (2 + e.at_once) * small * small + (12 * (2 + e.held) + 3 * e.held) * size * size;
}

int dc3_crew_size(const dc3_run *run, int64_t images, dc3_crew_edits edits)
{
    int threads = run->options->select.threads, at_once = edits.at_once;
    if (at_once) return dc3_editor_workers(run->editor, &run->edit, at_once, images, image_bytes(run, edits));
    return images < 1 ? 1 : images < threads ? (int)images : threads;
}

double dc3_crew_bytes(const dc3_run *run, int64_t images, dc3_crew_edits edits)
{
    int count = dc3_crew_size(run, images, edits);
    if (!edits.at_once || count < 2) return 0;
    return count * (dc3_editor_bytes(run->editor, &run->edit, edits.at_once) + image_bytes(run, edits));
}

/* The copies. */
static dc3_status copy(dc3_run *run, int with_editors, dc3_crew *crew)
{
    crew->copies = calloc((size_t)crew->count, sizeof *crew->copies);
    if (!crew->copies) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (with_editors) DC3_TRY(dc3_editors_open(run->editor, crew->count, &crew->editors));
    for (int i = 0; i < crew->count; i++) {
        crew->copies[i] = *run;
        crew->copies[i].to_make = 0;
        if (with_editors) crew->copies[i].editor = crew->editors[i];
        crew->runs[i] = &crew->copies[i];
    }
    return DC3_OK;
}

dc3_status dc3_crew_open(dc3_run *run, int64_t images, dc3_crew_edits edits, dc3_crew *crew)
{
    *crew = (dc3_crew){.images = images, .count = dc3_crew_size(run, images, edits)};
    crew->runs = calloc((size_t)crew->count, sizeof(dc3_run *));
    if (!crew->runs) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (crew->count > 1) return copy(run, edits.at_once > 0, crew);
    crew->runs[0] = run;
    return DC3_OK;
}

void dc3_crew_close(dc3_crew *crew)
{
    dc3_editors_close(NULL, crew->count, &crew->editors);
    free(crew->copies);
    free(crew->runs);
    *crew = (dc3_crew){0};
}
