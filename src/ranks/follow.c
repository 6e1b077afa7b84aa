/* The part of the other ranks in a stage. */
#include <stdlib.h>
#include <string.h>
#include "ranks/ranks.h"
#include "ranks/share.h"

static int64_t stage; /* that this rank is in */

static dc3_status find(const dc3_stage *stages, const char *name, const dc3_stage **found)
{
    for (*found = stages; (*found)->name; (*found)++)
        if (strcmp((*found)->name, name) == 0) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED, "cannot take part in '%s'", name);
}

static dc3_status take_part(const dc3_stage *stages, void *user, const char *body, size_t bytes)
{
    const dc3_stage *s;
    size_t name = strnlen(body, bytes) + 1;
    if (name > bytes) return dc3_fail(DC3_ERR_INTERNAL, "found a stage without a name");
    DC3_TRY(find(stages, body, &s));
    return s->run(user, body + name, bytes - name);
}

dc3_status dc3_share_follow(const dc3_stage *stages, void *user)
{
    dc3_message *m;
    size_t bytes;
    DC3_CANCEL_SCOPE(dc3_ranks_cancel());
    while ((m = dc3_ranks_next_stage(&bytes)) != NULL) {
        int64_t number = stage = m->stage;
        const char *body = dc3_message_body(m);
        int ends = bytes && !*body; /* dc3_share_apart */
        dc3_status status = ends ? DC3_OK : take_part(stages, user, body, bytes);
        free(m);
        if (status == DC3_ERR_CANCELLED) return DC3_OK; /* as rank 0 wants it */
        m = dc3_message_outcome(DC3_MESSAGE_LEFT, number, 0, status, &bytes);
        DC3_TRY(dc3_ranks_send(0, m, bytes));
        if (status != DC3_OK || ends) return status;
    }
    return DC3_OK;
}

/* The pieces that this thread gets; `unused` is its number among the threads, as a piece of their own. */
static dc3_status serve(void *user, int worker, int64_t unused, void *result)
{
    const dc3_serving *s = user;
    size_t bytes;
    dc3_message *m;
    (void)unused;
    while ((m = dc3_ranks_next_piece(stage, &bytes)) != NULL) {
        int64_t number = m->number;
        dc3_status status = s->work(s->user, worker, number, dc3_message_body(m), result);
        free(m);
        if (status == DC3_ERR_CANCELLED) return status;
        m = dc3_message_outcome(DC3_MESSAGE_RESULT, stage, number, status, &bytes);
        if (m && status == DC3_OK) {
            free(m);
            bytes = s->result_size;
            m = dc3_message_make(DC3_MESSAGE_RESULT, stage, number, bytes);
            if (m) memcpy(dc3_message_body(m), result, bytes);
        }
        DC3_TRY(dc3_ranks_send(0, m, bytes));
    }
    return DC3_OK;
}

dc3_status dc3_share_serve(const dc3_serving *serving)
{
    int64_t pieces = (int64_t)(serving->in_hand ? serving->in_hand : DC3_PIECES_IN_HAND) * serving->workers;
    dc3_message *want = dc3_message_make(DC3_MESSAGE_WANT, stage, pieces, 0);
    DC3_TRY(dc3_ranks_send(0, want, 0));
    dc3_pieces threads = {.count = serving->workers,
                          .workers = serving->workers,
                          .result_size = serving->result_size,
                          .user = (void *)serving,
                          .work = serve};
    return dc3_pieces_run(&threads);
}
