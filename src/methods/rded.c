/* RDED (Sun, Shi, Li and Guo, "On the Diversity and Realism of Distilled Dataset: An Efficient Dataset
 * Distillation Paradigm", CVPR 2024), the storing part, as its program does it (LINs-lab/RDED, synthesize/):
 * 300 random images of a class are looked at (mipc of its scripts); of each, the best of five crops stands
 * for its image (features/crops.h). The ipc * factor^2 images of the lowest loss are stored, factor^2 of them
 * stitched into one: the best ipc images go top left, the next ipc top right, and so on. factor is 1 in its
 * scripts for CIFAR and Tiny-ImageNet and 2 for ImageNet and its parts. Ours: ties to the earlier image; more
 * than 300 images where ipc * factor^2 are more; a class of too few gives other crops of the same images;
 * rounded, lossless images, where the program cuts off decimals and stores JPEG. */
#include "methods/rded.h"

#include <stdlib.h>
#include "methods/choose_random.h"
#include "methods/chosen.h"
#include "features/crops.h"

enum { LOOK = 300 };

static int by_loss(const void *a, const void *b)
{
    const dc3_part *x = a, *y = b;
    if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Scores the candidates [n] of a class and appends ipc images of the best: parts of image i are the i-th
 * best, the (ipc + i)-th best, ... */
static dc3_status take_best(dc3_run *run, int64_t ipc, dc3_part *candidates, int64_t n, dc3_chosen *chosen)
{
    DC3_TRY(dc3_run_best_crops(run, n, candidates));
    qsort(candidates, (size_t)n, sizeof *candidates, by_loss);
    for (int64_t i = 0; i < n; i++) candidates[i].rank = (int)i + 1;
    for (int64_t i = 0; i < ipc; i++)
        for (int k = 0; k < run->each; k++)
            chosen->parts[(chosen->count + i) * run->each + k] = candidates[k * ipc + i];
    chosen->count += ipc;
    return DC3_OK;
}

int64_t dc3_rded_looks(const dc3_run *run, int64_t ipc)
{
    int64_t needed = ipc * run->each;
    return needed > LOOK ? needed : LOOK;
}

static dc3_status choose_class(dc3_run *run, int64_t first, int64_t n, dc3_chosen *chosen)
{
    int label = dc3_dataset_label(run->dataset, first);
    int64_t ipc = dc3_run_wanted(run, label), needed = ipc * run->each, most = dc3_rded_looks(run, ipc),
            found = 0;
    int64_t *items = malloc((size_t)most * sizeof *items);
    dc3_part *candidates = calloc((size_t)most, sizeof *candidates);
    dc3_status status = items && candidates ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_run_draw_readable(run, first, n, most, items, &found);
    if (status == DC3_OK) status = dc3_run_check_class(run, label, found, needed);
    if (status == DC3_OK && found) {
        int64_t count = found > needed ? found : needed;
        for (int64_t i = 0; i < count; i++) candidates[i] = dc3_part_drawn(items[i % found], i, i / found);
        run->report->repeated += count - found;
        status = take_best(run, ipc, candidates, count, chosen);
    }
    free(items);
    free(candidates);
    return status;
}

dc3_status dc3_run_select_crops(dc3_run *run, dc3_chosen *chosen)
{
    return dc3_run_each_class(run, chosen, choose_class);
}
