#include "report/stage.h"

#include "base/listener.h"
#include "report/report.h"
#include "gather/sample.h"
#include "run_folder/state.h"

/* Who hears how far the page is. */
typedef struct paging {
    const dc3_listener *listener;
    dc3_state *state; /* NULL: it cannot be opened */
} paging;

static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const paging *p = user;
    if (p->state) dc3_state_progress(p->state, stage, done, total);
    if (p->listener->progress) p->listener->progress(p->listener->user, stage, done, total);
}

dc3_status dc3_report_stage(const dc3_report_options *options, const char *stage, double peak,
                            double *seconds)
{
    dc3_report_result result;
    dc3_report_options o = *options;
    paging p = {.listener = &options->listener, .state = dc3_state_reopen(o.run)};
    double start = dc3_seconds_now();
    o.listener = (dc3_listener){.user = &p, .progress = progress, .cancel = options->listener.cancel};
    if (p.state) dc3_state_stage_begin(p.state, stage);
    dc3_status status = dc3_report_claimed(&o, &result);
    if (status != DC3_OK && status != DC3_ERR_CANCELLED)
        dc3_listener_say(&options->listener, "warning: the report was not written: %s", dc3_error_text());
    *seconds = p.state ? dc3_state_stage_end(p.state, peak) : dc3_seconds_now() - start;
    if (p.state) dc3_state_close(&p.state, 1);
    return status == DC3_ERR_CANCELLED ? status : DC3_OK;
}

double dc3_report_reads(int64_t images, int64_t stored)
{
    enum { CURVES = 500 }; /* images that a curve of colours is of (gather/colour.c) */
    double all = (double)(images < CURVES ? images : CURVES),
           curve = (double)(stored < CURVES ? stored : CURVES),
           shown = (double)(stored < DC3_PAGE_IMAGES ? stored : DC3_PAGE_IMAGES);
    /* Of the curves stored ones and as many random ones, whose colours take as long as reading them; stored
     * ones are shown beside their originals. */
    return 2 * (all + 2 * curve) + 2 * shown;
}
