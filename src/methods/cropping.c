#include "methods/cropping.h"

#include "features/crops.h"
#include "options/option_names.h"

/* Pixels of stored images up to which RDED's scripts take factor 1, and from which on factor 2 is usual. */
enum { SMALL = 64 };

int dc3_method_crops(const dc3_method *method, const dc3_condense_options *options)
{
    return options->crops || method->crops;
}

dc3_status dc3_run_choose_crops(dc3_run *run, int chooses)
{
    const dc3_condense_options *o = run->options;
    if (o->crops < 0 || o->crops > DC3_CROPS_MOST)
        return dc3_fail_setting("crops", "expected 1 to %d of an image, found %d", DC3_CROPS_MOST, o->crops);
    if (o->crops && !chooses) return dc3_fail_setting("crops", "this command does not choose images");
    if (!chooses) return DC3_OK;
    run->crops = o->crops ? o->crops : run->method->crops;
    if (run->crops) run->needs |= DC3_NEEDS_TEACHER;
    return DC3_OK;
}

dc3_status dc3_run_check_crops(const dc3_run *run)
{
    if (!run->crops || run->teacher_path) return DC3_OK;
    if (run->method->needs & DC3_NEEDS_TEACHER)
        return dc3_fail_about("method", "%s %s scores crops with a teacher: expected %s FILE",
                              dc3_setting("method"), run->method->words->name, dc3_setting("teacher"));
    return dc3_fail_about("crops", "%s %d: a teacher scores crops: expected %s FILE", dc3_setting("crops"),
                          run->crops, dc3_setting("teacher"));
}

dc3_status dc3_run_choose_factor(dc3_run *run)
{
    int given = run->options->factor;
    run->each = 1;
    if (given < 0 || given > 2) return dc3_fail_setting("factor", "expected 1 or 2, found %d", given);
    if (given && !run->crops)
        return dc3_fail_about(
            "factor", "%s is of crops, and %s %s stores whole images: leave it out, or add %s N",
            dc3_setting("factor"), dc3_setting("method"), run->method->words->name, dc3_setting("crops"));
    if (!run->crops) return DC3_OK;
    run->factor = given ? given : run->size > SMALL ? 2 : 1;
    run->each = run->factor * run->factor;
    if (run->each > 1 && run->size < SMALL)
        dc3_run_say(run, "note: %s %d makes patches of %d pixels; below %d pixels %s 1 is usual",
                    dc3_setting("factor"), run->factor, run->size / run->factor, SMALL,
                    dc3_setting("factor"));
    if (run->each == 1 || !run->synthesis->combines || run->combine != DC3_COMBINE_FOURFOLD) return DC3_OK;
    if (!given) /* perhaps as it cannot be: a comparison has no such setting */
        return dc3_fail_about("combine",
                              "%s fourfold stores four edits of half the size, and images of more than %d "
                              "pixels four crops: take another %s",
                              dc3_setting("combine"), SMALL, dc3_setting("combine"));
    return dc3_fail_about("combine",
                          "%s fourfold stores four edits of half the size, and %s %d four crops: take %s 1",
                          dc3_setting("combine"), dc3_setting("factor"), run->factor, dc3_setting("factor"));
}
