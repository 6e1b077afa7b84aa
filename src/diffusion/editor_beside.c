/* Editors that work side by side: the networks of one, and a context for each. */
#include <omp.h>
#include <stdlib.h>
#include "diffusion/editor_private.h"
#include "ops/workers.h"

dc3_status dc3_editor_open_beside(const dc3_editor *editor, int threads, dc3_editor **out)
{
    dc3_editor *e = *out = malloc(sizeof *e);
    if (!e) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *e = *editor;
    e->is_beside = 1;
    e->ctx = NULL;
    e->sampler = NULL;
    e->denoising = NULL;
    dc3_status status =
        dc3_pipeline_open_ctx(editor->ctx, dc3_ctx_dtype(editor->ctx), threads, &e->ctx, &e->governor);
    if (status != DC3_OK) dc3_editor_close(out);
    return status;
}

int dc3_editor_workers(const dc3_editor *e, const dc3_edit_settings *s, int n, int64_t calls, double more)
{
    static const double large = 64 << 20; /* bytes */
    if (calls < dc3_ctx_threads(e->ctx) || dc3_ctx_threads(e->ctx) < 2) return 1;
    double bytes = dc3_editor_bytes(e, s, n);
    return bytes > large ? 1 : dc3_workers(e->ctx, calls, bytes + more);
}

dc3_status dc3_editors_open(dc3_editor *e, int workers, dc3_editor ***out)
{
    int threads = omp_get_max_threads(); /* which opening changes */
    dc3_editor **all = *out = calloc((size_t)workers, sizeof *all);
    dc3_status status = all ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && workers == 1) all[0] = e;
    for (int i = 0; status == DC3_OK && workers > 1 && i < workers; i++)
        status = dc3_editor_open_beside(e, 1, &all[i]);
    omp_set_num_threads(threads);
    return status;
}

void dc3_editors_close(const dc3_editor *e, int workers, dc3_editor ***all)
{
    for (int i = 0; *all && i < workers; i++)
        if ((*all)[i] != e) dc3_editor_close(&(*all)[i]);
    free(*all);
    *all = NULL;
}
