/* The edits of an image, made once and kept until the run is complete. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "calibrate/calibrate.h"
#include "run_folder/calibration.h"

int dc3_calibrate_pairs(const dc3_run *run)
{
    int pairs = DC3_CANDIDATE_PAIRS;
    if (run->prompts.warm_count < pairs) pairs = run->prompts.warm_count;
    return run->prompts.cold_count < pairs ? run->prompts.cold_count : pairs;
}

dc3_status dc3_calibrate_open(const dc3_run *run, int makes, dc3_editing *e)
{
    int at_once = makes ? DC3_CALIBRATE_AT_ONCE : 0;
    return dc3_editing_open(run, run->size, at_once, 2 * dc3_calibrate_pairs(run), e);
}

/* Puts `first` before the others of `all` [of], which are in a random order, and keeps `count`. */
static void take(const char *first, int of, const char *const *all, int count, const char **out)
{
    int taken = 0;
    out[taken++] = first;
    for (int i = 0; i < of && taken < count; i++)
        if (all[i] != first) out[taken++] = all[i];
}

void dc3_calibrate_prompts(const dc3_run *run, uint64_t random, dc3_slot_edits *e)
{
    const dc3_prompts *p = &run->prompts;
    uint64_t seed = run->options->select.seed;
    const char *first[2], *all[2 * DC3_PROMPTS];
    int most = p->warm_count > p->cold_count ? p->warm_count : p->cold_count;
    e->pairs = dc3_calibrate_pairs(run);
    dc3_prompts_draw(p, seed, random, 1, first);
    dc3_prompts_draw(p, seed, dc3_hash64(&random, sizeof random), most, all);
    take(first[0], most, all, e->pairs, e->prompts);
    take(first[1], most, all + most, e->pairs, e->prompts + e->pairs);
    for (int i = 0; i < 2 * e->pairs; i++) e->seeds[i] = dc3_edit_seed(seed, random, e->prompts[i]);
}

/* OUT/calibration/<random>.png; the caller frees, NULL without memory. */
static char *path_of(const dc3_run *run, const dc3_slot *slot)
{
    char name[32], *folder = dc3_path_join(run->options->out, dc3_calibration_folder);
    snprintf(name, sizeof name, "%016llx.png", (unsigned long long)slot->random);
    char *path = folder ? dc3_path_join(folder, name) : NULL;
    free(folder);
    return path;
}

/* Squares side by side to edits; 0: the file has another size. */
static int split(const dc3_image *joined, int count, dc3_editing *e)
{
    int size = e->size;
    if (joined->height != size || joined->width != size * count) return 0;
    for (int i = 0; i < count; i++)
        for (int y = 0; y < size; y++) {
            dc3_image row = {size, 1, joined->pixels + ((int64_t)y * joined->width + (int64_t)i * size) * 3};
            dc3_image_to_floats(&row, e->placed[i] + (int64_t)y * size * 3);
        }
    return 1;
}

/* Edits to squares side by side. */
static dc3_status join(const dc3_editing *e, int count, dc3_image *joined)
{
    int size = e->size;
    if (!dc3_image_allocate((uint32_t)(size * count), (uint32_t)size, joined))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && i < count; i++) {
        dc3_image one = {0};
        status = dc3_image_of_floats(size, size, e->placed[i], &one);
        if (status == DC3_OK) dc3_image_paste(joined, &one, i * size, 0);
        dc3_image_free(&one);
    }
    if (status != DC3_OK) dc3_image_free(joined);
    return status;
}

void dc3_calibrate_tell(const dc3_run *run, int64_t steps)
{
    int each = dc3_editing_steps(run);
    int64_t all = each > 1 ? (int64_t)each * dc3_calibrate_pairs(run) : 1;
    if (run->to_make)
        dc3_run_progress(run, each > 1 ? "compensation, steps" : "compensation, edits",
                         run->making * all + steps, run->to_make * all);
}

/* Who hears of the steps of an image's pairs of edits. */
typedef struct hearing {
    const dc3_run *run;
    int made; /* pairs */
} hearing;

/* Some samplers evaluate the network more often than they have steps. */
static void stepped(void *user, int done, int evaluations)
{
    const hearing *h = user;
    int64_t steps = dc3_editing_steps(h->run);
    if (steps > 1 && evaluations >= steps)
        dc3_calibrate_tell(h->run, h->made * steps + done * steps / evaluations);
}

/* A warm and a cold one at a time, so that the memory is that of random compensation, and so are the edits.
 */
static dc3_status make(dc3_run *run, const dc3_slot *slot, dc3_editing *e)
{
    dc3_slot_edits edits;
    hearing h = {.run = run};
    dc3_edit_settings settings = run->edit;
    settings.stepped = stepped, settings.user = &h;
    dc3_calibrate_prompts(run, slot->random, &edits);
    float **placed = e->placed, *pair[2];
    for (int i = 0; i < edits.pairs; i++, h.made++) {
        const char *prompts[] = {edits.prompts[i], edits.prompts[edits.pairs + i]};
        uint64_t seeds[] = {edits.seeds[i], edits.seeds[edits.pairs + i]};
        dc3_editing two = *e;
        pair[0] = placed[i], pair[1] = placed[edits.pairs + i];
        two.placed[0] = pair[0], two.placed[1] = pair[1];
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(dc3_editing_make(run, &settings, DC3_CALIBRATE_AT_ONCE, prompts, seeds, 0, &two));
    }
    return DC3_OK;
}

/* What the file has; 0: not these edits. */
static int read_kept(const char *path, int count, dc3_editing *e)
{
    dc3_image joined = {0};
    int is_there = dc3_path_what(path) == DC3_PATH_FILE &&
                   dc3_image_read(path, 0, 0, DC3_FIT_CROP, &joined) == DC3_OK && split(&joined, count, e);
    dc3_image_free(&joined);
    return is_there;
}

dc3_status dc3_calibrate_kept(const dc3_run *run, const dc3_slot *slot, dc3_editing *e, int *there)
{
    char *path = path_of(run, slot);
    *there = 0;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *there = read_kept(path, 2 * dc3_calibrate_pairs(run), e);
    free(path);
    return DC3_OK;
}

dc3_status dc3_calibrate_edits(dc3_run *run, const dc3_slot *slot, int keep, dc3_editing *e)
{
    int count = 2 * dc3_calibrate_pairs(run);
    dc3_image joined = {0};
    char *path = keep ? path_of(run, slot) : NULL;
    if (keep && !path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int kept = keep && read_kept(path, count, e);
    dc3_status status = kept ? DC3_OK : make(run, slot, e);
    if (status == DC3_OK && !kept) status = join(e, count, &joined);
    if (status == DC3_OK && !kept && keep) status = dc3_make_folder_of(path);
    if (status == DC3_OK && !kept && keep) status = dc3_image_write(path, &joined, DC3_PNG);
    if (status == DC3_OK && !kept) split(&joined, count, e);
    dc3_image_free(&joined);
    free(path);
    return status;
}

void dc3_calibrate_forget(const dc3_run *run, const dc3_slot *slot)
{
    char *path = path_of(run, slot);
    if (path && dc3_path_what(path) == DC3_PATH_FILE) unlink(path);
    free(path);
}
