/* Rank 0's part of a stage. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "ranks/ranks_private.h"
#include "ranks/share.h"

/* Pieces that a rank may ask for at once, for all of its threads. */
enum { MOST_WANTED = 1024 };

/* What a rank has in hand. */
typedef struct in_hand {
    int64_t pieces;
    double since; /* it got the first of them, or ended the last one before */
    int told;     /* that it ends none */
} in_hand;

struct dc3_share {
    int64_t stage;
    size_t result_size;
    dc3_ranks_ear ear;
    pthread_mutex_t lock; /* of what follows */
    const dc3_shared *how;
    dc3_team *team;         /* of the run; NULL between runs */
    int64_t *wants;         /* [ranks] pieces that a rank asks for */
    in_hand *hands;         /* [ranks] */
    int ranks, turn, waits; /* the rank that gets the next; who asks for any */
    int64_t redone;         /* pieces, by the thread of the run */
};

static int64_t stages; /* that were begun */

static void note_at_work(const dc3_share *s, int64_t piece, int works)
{
    if (s->how->at_work) s->how->at_work(s->how->user, piece, works);
}

static void note_given(in_hand *h)
{
    if (!h->pieces++) h->since = dc3_seconds_now();
}

static void note_ended(in_hand *h)
{
    if (h->pieces) h->pieces--;
    h->since = dc3_seconds_now();
    h->told = 0;
}

/* Piece by piece to those who want one, in turn; the lock is held. */
static void hand_out(dc3_share *s)
{
    for (int passed = 0; s->team && passed < s->ranks; s->turn = (s->turn + 1) % s->ranks, passed++) {
        if (!s->wants[s->turn]) continue;
        int64_t piece = dc3_team_next(s->team);
        if (piece < 0) return;
        passed = -1;
        s->wants[s->turn]--;
        note_at_work(s, piece, 1);
        dc3_message *m = dc3_message_make(DC3_MESSAGE_PIECE, s->stage, s->how->first + piece, s->how->task);
        size_t bytes = m && s->how->tell ? s->how->tell(s->how->user, piece, dc3_message_body(m)) : 0;
        note_given(&s->hands[s->turn]);
        if (dc3_ranks_send(s->turn, m, bytes) == DC3_OK) continue;
        dc3_failure failure;
        dc3_failure_note(&failure);
        dc3_team_break(s->team, DC3_ERR_MEMORY, &failure);
    }
}

/* What came of a piece; the lock is held. */
static void take_result(dc3_share *s, int from, dc3_message *m, size_t body)
{
    int64_t piece = m->number - s->how->first;
    dc3_status status = m->status;
    dc3_failure failure;
    note_at_work(s, piece, 0);
    if (status == DC3_OK && body == s->result_size) {
        if (dc3_team_done(s->team, piece, m, dc3_message_body(m))) return;
    } else if (status != DC3_OK) {
        dc3_message_failure(m, body, dc3_ranks_name(from), &failure);
        if (dc3_team_failed(s->team, piece, &failure)) {
            free(m);
            return;
        }
    }
    status = dc3_fail(DC3_ERR_INTERNAL, "%s: found %zu bytes of piece %lld, expected %zu of one it has",
                      dc3_ranks_name(from), body, (long long)piece, s->result_size);
    dc3_failure_note(&failure);
    dc3_team_break(s->team, status, &failure);
    free(m);
}

static void hear(void *user, int from, dc3_message *m, size_t body)
{
    dc3_share *s = user;
    pthread_mutex_lock(&s->lock);
    int ours = m->stage == s->stage, taken = ours && s->team && m->kind == DC3_MESSAGE_RESULT;
    int64_t more = m->kind == DC3_MESSAGE_RESULT ? 1 : m->number;
    if (ours && m->kind == DC3_MESSAGE_RESULT) note_ended(&s->hands[from]);
    if (taken) take_result(s, from, m, body);
    if (ours && more > 0) s->wants[from] += more < MOST_WANTED ? more : MOST_WANTED;
    if (s->wants[from] > MOST_WANTED) s->wants[from] = MOST_WANTED;
    if (ours) hand_out(s);
    pthread_mutex_unlock(&s->lock);
    if (!taken) free(m);
}

static void lost(void *user, dc3_status status, const dc3_failure *failure)
{
    dc3_share *s = user;
    pthread_mutex_lock(&s->lock);
    if (s->team) dc3_team_break(s->team, status, failure);
    pthread_mutex_unlock(&s->lock);
}

/* A rank that is lost from here on breaks the team, and so does one that was lost before. */
static void begin(void *user, dc3_team *team)
{
    dc3_share *s = user;
    pthread_mutex_lock(&s->lock);
    s->team = team;
    dc3_status status = dc3_ranks_check();
    if (status != DC3_OK) {
        dc3_failure failure;
        dc3_failure_note(&failure);
        dc3_team_break(team, status, &failure);
    }
    hand_out(s);
    pthread_mutex_unlock(&s->lock);
}

static void room(void *user)
{
    dc3_share *s = user;
    pthread_mutex_lock(&s->lock);
    hand_out(s);
    pthread_mutex_unlock(&s->lock);
}

/* The pieces that a rank could not do may be many. */
static void redone(void *user, const void *result, const dc3_failure *failure)
{
    enum { TOLD = 5 };
    dc3_share *s = user;
    if (s->how->lacks && s->how->lacks(s->how->user, result)) return;
    if (s->redone++ < TOLD && s->how->listener)
        dc3_listener_say(s->how->listener, "warning: %s; rank 0 could do it", failure->text);
}

/* Names a rank, once, that ends none of its pieces: its thread of the transport says that it is there all the
 * same. */
static void idle(void *user)
{
    enum { PATIENCE = 4 };
    dc3_share *s = user;
    double now = dc3_seconds_now(), longest = PATIENCE * dc3_us.silence;
    for (int i = 1; s->how->what && s->how->listener && i < s->ranks; i++) {
        pthread_mutex_lock(&s->lock);
        in_hand *h = &s->hands[i];
        int64_t pieces = h->pieces;
        int late = pieces && !h->told && now - h->since > longest;
        h->told |= late;
        pthread_mutex_unlock(&s->lock);
        if (late)
            dc3_listener_say(
                s->how->listener,
                "warning: %s is there, but has ended none of the %lld pieces of %s that it has for "
                "%.3g seconds: a file that it reads may be on a file system that answers no "
                "more; this run waits for it",
                dc3_ranks_name(i), (long long)pieces, s->how->what, longest);
    }
}

static void end(void *user)
{
    dc3_share *s = user;
    pthread_mutex_lock(&s->lock);
    s->team = NULL;
    pthread_mutex_unlock(&s->lock);
}

dc3_status dc3_share_open(const char *name, const void *known, size_t bytes, dc3_share **share)
{
    size_t length = strlen(name) + 1;
    *share = NULL;
    if (dc3_ranks_count() == 1) return DC3_OK;
    DC3_TRY(dc3_ranks_check());
    dc3_share *s = calloc(1, sizeof *s);
    if (s) {
        s->wants = calloc((size_t)dc3_ranks_count(), sizeof *s->wants);
        s->hands = calloc((size_t)dc3_ranks_count(), sizeof *s->hands);
    }
    dc3_message *m = dc3_message_make(DC3_MESSAGE_STAGE, stages + 1, 0, length + bytes);
    if (!s || !s->wants || !s->hands || !m) {
        if (s) free(s->wants), free(s->hands);
        free(s), free(m);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    memcpy(dc3_message_body(m), name, length);
    if (bytes) memcpy((char *)dc3_message_body(m) + length, known, bytes);
    s->stage = ++stages;
    s->ranks = dc3_ranks_count();
    s->ear = (dc3_ranks_ear){s, hear, lost};
    pthread_mutex_init(&s->lock, NULL);
    dc3_ranks_listen(&s->ear);
    *share = s;
    return dc3_ranks_send_all(m, length + bytes);
}

dc3_status dc3_share_run(dc3_share *s, const dc3_shared *how, const dc3_pieces *pieces)
{
    if (!s || pieces->count < 1) return dc3_pieces_run(pieces);
    DC3_TRY(dc3_ranks_check());
    dc3_elsewhere others = {
        .user = s, .begin = begin, .room = room, .redone = redone, .idle = idle, .end = end};
    others.at_once =
        (int64_t)DC3_PIECES_IN_HAND * pieces->workers * (s->ranks - 1); /* if they are as we are */
    dc3_pieces with = *pieces;
    with.elsewhere = &others;
    s->how = how, s->result_size = pieces->result_size;
    return dc3_pieces_run(&with);
}

dc3_status dc3_share_apart(void)
{
    dc3_share *share;
    dc3_status status = dc3_share_open("", NULL, 0, &share);
    dc3_share_close(&share);
    return status;
}

dc3_status dc3_share_wait(dc3_share *s)
{
    return s ? dc3_ranks_wait_left(s->stage) : DC3_OK;
}

void dc3_share_close(dc3_share **share)
{
    dc3_share *s = *share;
    if (!s) return;
    dc3_ranks_send_all(dc3_message_make(DC3_MESSAGE_STOP, s->stage, 0, 0), 0);
    dc3_ranks_listen(NULL);
    pthread_mutex_destroy(&s->lock);
    free(s->wants);
    free(s->hands);
    free(s);
    *share = NULL;
}
