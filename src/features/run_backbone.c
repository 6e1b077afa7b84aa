#include "features/run_backbone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "train/backbone.h"
#include "train/both_teachers.h"

/* 1 if both are one file. */
static int is_same(const char *a, const char *b)
{
    char *one = dc3_path_real(a), *other = dc3_path_real(b);
    int same = one && other && strcmp(one, other) == 0;
    free(one), free(other);
    return same;
}

dc3_status dc3_run_open_backbone(dc3_run *run, int features, const char *what)
{
    const dc3_condense_options *o = run->options;
    const dc3_backbone_use use = {features, run->trains, run->usual, what, o->out};
    DC3_TRY(dc3_backbone_choose(o, &use, &run->backbone_path));
    if (o->both_teachers && !(run->backbone_path && run->trains))
        return dc3_fail_about("both_teachers", "%s needs a backbone (%s FILE) and no teacher's file",
                              dc3_setting("both_teachers"), dc3_setting("backbone"));
    if (!run->backbone_path) return DC3_OK;
    run->both = run->trains ? dc3_both_teachers_due(o, o->out, run->dataset) : 0;
    run->probes = run->trains && !run->both;
    run->shares = !run->trains && run->teacher_path && is_same(run->backbone_path, run->teacher_path);
    if (run->shares) return DC3_OK;
    int size = o->feature_size ? o->feature_size : run->trains ? o->teacher_size : 0;
    DC3_TRY(dc3_backbone_open(run->backbone_path, size, run->usual, o->select.threads, &run->backbone));
    snprintf(run->report->backbone, sizeof run->report->backbone, "%s", run->backbone.info->arch);
    run->report->pretrained = dc3_backbone_origin(&run->backbone);
    dc3_backbone_say(&o->listener, run->backbone_path, &run->backbone, run->dataset);
    return DC3_OK;
}

dc3_status dc3_run_answer(dc3_run *run)
{
    int64_t classes = run->teacher.info->classes;
    free(run->answers);
    run->answers = malloc((size_t)(run->n * classes) * sizeof *run->answers);
    if (!run->answers) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_teacher_answer(&run->teacher, run->n, run->features, run->answers));
    run->embeddings = run->features, run->logits = run->answers;
    return DC3_OK;
}
