/* Which of the chosen images stay, where they are counted over all classes. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "condense/amount.h"
#include "condense/chosen.h"
#include "condense/method.h"
#include "dc3/text.h"
#include "options/coding.h"
#include "run_folder/saved_edits.h"

/* A class among the chosen images, which stand class by class. */
typedef struct segment {
    int64_t first, count, left; /* of images; those that stay */
} segment;

typedef struct leaving {
    const dc3_run *run;
    dc3_chosen *chosen;
    segment *segments; /* [classes] */
    int64_t classes;
    char *there;  /* [count]: it stays */
    char *repeat; /* [count]: an earlier one shows the same image */
} leaving;

static void close_leaving(leaving *l)
{
    free(l->segments);
    free(l->there);
    free(l->repeat);
}

static int label_of(const leaving *l, int64_t image)
{
    return dc3_dataset_label(l->run->dataset, l->chosen->parts[image * l->run->each].item);
}

static dc3_status open_leaving(const dc3_run *run, dc3_chosen *chosen, leaving *l)
{
    char *seen = calloc((size_t)dc3_dataset_size(run->dataset) + 1, 1);
    *l = (leaving){.run = run,
                   .chosen = chosen,
                   .segments = calloc((size_t)dc3_dataset_classes(run->dataset) + 1, sizeof *l->segments),
                   .there = malloc((size_t)chosen->count + 1),
                   .repeat = calloc((size_t)chosen->count + 1, 1)};
    if (!seen || !l->segments || !l->there || !l->repeat) {
        free(seen);
        close_leaving(l);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (int64_t i = 0; i < chosen->count; i++) {
        const dc3_part *part = chosen->parts + i * run->each;
        if (!i || label_of(l, i) != label_of(l, i - 1)) l->segments[l->classes++].first = i;
        segment *s = &l->segments[l->classes - 1];
        l->there[i] = !chosen->stored || chosen->stored[i];
        l->repeat[i] = seen[part->item] && !part->box.side;
        seen[part->item] = 1;
        s->count++, s->left += l->there[i];
    }
    free(seen);
    return DC3_OK;
}

/* Takes the image out that goes first of those of a class: the last repeat, else that of the highest rank,
 * the last of equals. */
static int64_t leave(leaving *l, segment *s)
{
    int64_t goes = -1;
    for (int64_t i = s->first; i < s->first + s->count; i++) {
        if (!l->there[i] || (goes >= 0 && l->repeat[goes] && !l->repeat[i])) continue;
        const dc3_part *part = l->chosen->parts + i * l->run->each;
        if (goes < 0 || l->repeat[i] || part->rank >= l->chosen->parts[goes * l->run->each].rank) goes = i;
    }
    l->there[goes] = 0;
    s->left--;
    return goes;
}

/* Keeps those that are there, in their order. */
static void keep(leaving *l)
{
    dc3_chosen *c = l->chosen;
    int64_t kept = 0, each = l->run->each;
    for (int64_t i = 0; i < c->count; i++) {
        if (!l->there[i]) continue;
        memmove(c->parts + kept * each, c->parts + i * each, (size_t)each * sizeof *c->parts);
        if (c->stored) c->stored[kept] = 1;
        kept++;
    }
    c->count = kept;
}

dc3_status dc3_amount_trim(dc3_run *run, dc3_chosen *chosen)
{
    leaving l;
    if (!run->give) return DC3_OK;
    DC3_TRY(open_leaving(run, chosen, &l));
    for (int64_t k = 0; k < l.classes; k++) {
        segment *s = &l.segments[k];
        int64_t give = dc3_run_wanted(run, label_of(&l, s->first));
        while (s->left > give) run->report->repeated -= l.repeat[leave(&l, s)];
    }
    keep(&l);
    close_leaving(&l);
    return DC3_OK;
}

/* ---- bytes ---- */

/* What an image takes: its file and its line. */
static dc3_status bytes_of(const dc3_output *output, const dc3_part *parts, double *image, double *line)
{
    char *relative, *path;
    struct stat info;
    DC3_TRY(dc3_output_name(output, parts, &relative, &path));
    int number = output->labels[dc3_dataset_label(output->run->dataset, parts->item)];
    char *text = dc3_metadata_line(output->run, number, relative, parts);
    *image = stat(path, &info) == 0 ? (double)info.st_size : 0;
    *line = text ? (double)strlen(text) + 1 : 0;
    dc3_status status = text ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    free(relative);
    free(path);
    return status;
}

static dc3_status remove_image(const dc3_output *output, const dc3_part *parts)
{
    char *relative, *path;
    DC3_TRY(dc3_output_name(output, parts, &relative, &path));
    dc3_status status = unlink(path) == 0 ? DC3_OK : dc3_fail(DC3_ERR_IO, "%s: cannot be removed", path);
    dc3_edits_remove(output->folder, relative);
    free(relative);
    free(path);
    return status;
}

/* Removes images until the others fit; *gone of them. */
static dc3_status make_fit(leaving *l, const dc3_output *output, int64_t *gone)
{
    dc3_run *run = output->run;
    double sum = 0, image, line, budget = run->options->budget;
    for (int64_t i = 0; i < l->chosen->count; i++) {
        if (!l->there[i]) continue;
        DC3_TRY(bytes_of(output, l->chosen->parts + i * run->each, &image, &line));
        sum += image + line;
    }
    for (*gone = 0; sum > budget; ++*gone) {
        segment *most = l->segments;
        for (int64_t k = 1; k < l->classes; k++)
            if (l->segments[k].left >= most->left) most = &l->segments[k];
        if (most->left < 2) {
            char size[DC3_NUMBER_TEXT];
            return dc3_fail_setting("budget",
                                    "expected at least %.0f bytes, which an image of each class takes; "
                                    "found %s",
                                    sum, dc3_size_text(budget, size));
        }
        const dc3_part *parts = l->chosen->parts + leave(l, most) * run->each;
        DC3_TRY(bytes_of(output, parts, &image, &line));
        DC3_TRY(remove_image(output, parts));
        sum -= image + line;
        run->report->stored--;
        run->report->bytes -= image;
    }
    return DC3_OK;
}

/* Notes in the folder and its state what is left. */
static dc3_status note_left(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int edits = dc3_run_edits(run);
    DC3_TRY(dc3_output_plan(output, chosen));
    for (int64_t i = 0; i < chosen->count; i++) {
        double image, line;
        DC3_TRY(bytes_of(output, chosen->parts + i * run->each, &image, &line));
        DC3_TRY(dc3_state_store(run->state, i, (int64_t)image, edits));
    }
    return dc3_output_write_metadata(output, chosen);
}

dc3_status dc3_amount_fit(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    leaving l;
    int64_t gone = 0;
    DC3_TRY(open_leaving(run, chosen, &l));
    dc3_status status = make_fit(&l, output, &gone);
    if (status == DC3_OK && gone) {
        keep(&l);
        dc3_run_say(run, "budget: %lld images made beyond it are left out, %lld stay", (long long)gone,
                    (long long)chosen->count);
        status = note_left(run, output, chosen);
    }
    close_leaving(&l);
    return status;
}
