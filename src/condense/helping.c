#include "condense/helping.h"

#include <stdlib.h>
#include <string.h>
#include "calibrate/calibrate.h"
#include "condense/making.h"
#include "condense/settings.h"
#include "features/features.h"
#include "features/run_teacher.h"
#include "methods/chosen.h"
#include "ranks/agree.h"
#include "ranks/folder.h"
#include "ranks/ranks.h"
#include "run_folder/fingerprint.h"
#include "train/own_teacher.h"

/* ---- whether ranks work on the same ---- */

dc3_status dc3_run_agree(const dc3_run *run)
{
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = dc3_run_settings(run);
    json_object_set_new(all, "dataset", dc3_fingerprint_listing(run->dataset));
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

dc3_status dc3_run_check_folder(const dc3_run *run)
{
    return dc3_ranks_check_folder(run->options->out);
}

/* ---- the part of those that help ---- */

static dc3_status look_at_folder(void *user, const void *known, size_t bytes)
{
    return dc3_ranks_look_at_folder(((const dc3_run *)user)->options->out, known, bytes);
}

static dc3_status make_edits(void *user, const void *known, size_t bytes)
{
    dc3_run *run = user;
    dc3_crew crew;
    int64_t count;
    (void)bytes;
    memcpy(&count, known, sizeof count);
    dc3_status status = dc3_crew_open(run, count, dc3_run_crew_edits(run), &crew);
    if (status == DC3_OK) status = dc3_calibrate_serve_edits(&crew);
    dc3_crew_close(&crew);
    return status;
}

dc3_status dc3_run_help(dc3_condense_options *own, dc3_run_needs needs, const dc3_image_rows *opened,
                        dc3_condense_report *report)
{
    const dc3_stage stages[] = {{dc3_ranks_folder_stage, look_at_folder},
                                {dc3_own_teacher_stage, dc3_run_serve_teacher},
                                {dc3_features_stage, dc3_run_serve_features},
                                {dc3_calibrate_edits_stage, make_edits},
                                {dc3_calibrate_choices_stage, dc3_calibrate_serve_choices},
                                {dc3_making_stage, dc3_making_serve},
                                {NULL, NULL}};
    dc3_run run;
    dc3_status status = dc3_run_open_by(own, needs, opened, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    if (status == DC3_OK) {
        own->teacher_top1 = 0, own->any_teacher = 1; /* rank 0 looks what the teacher is worth */
        status = dc3_share_follow(stages, &run);
    }
    dc3_run_close(&run);
    return dc3_ranks_outcome(status);
}
