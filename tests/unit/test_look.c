/* A network that looks at views in pieces: every view once and in order by any number of threads, what its
 * piece had besides changes nothing, and those that cannot be shown are named. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cancel.h"
#include "base/memory.h"
#include "ops/look.h"
#include "ops/workers.h"

enum { ROWS = 4, PIXELS = 5, MOST = 64, BROKEN = 6 };

typedef struct job {
    int64_t taken, first;
    int threads, fails, stops; /* the network fails; which view's taking sets the flag, or -1 */
    float sums[MOST][2];
    int64_t told, total; /* by the listener */
    dc3_cancel *flag;
    dc3_ctx *kept[8]; /* contexts that are expected, or none */
    int others;       /* times that another one was used */
} job;

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    const job *j = user;
    if (worker < 0 || worker >= j->threads) return dc3_fail(DC3_ERR_ARGUMENT, "worker %d", worker);
    if (i == BROKEN) return dc3_fail(DC3_ERR_FORMAT, "view %d is broken", BROKEN);
    for (int k = 0; k < PIXELS; k++) view[k] = (float)(i * 10 + k);
    memcpy(note, &i, sizeof i);
    return DC3_OK;
}

/* The sum and the last value of each view; the views are spoiled, as networks may do. */
static dc3_status run(const void *network, dc3_ctx *ctx, int rows, float *views, float *const values[2])
{
    job *j = (job *)(uintptr_t)network;
    int known = !j->kept[0];
    for (int i = 0; i < 8; i++) known |= ctx && j->kept[i] == ctx;
    if (!known) __atomic_fetch_add(&j->others, 1, __ATOMIC_RELAXED);
    if (j->fails || rows != ROWS || !ctx) return dc3_fail(DC3_ERR_FORMAT, "the network fails");
    for (int i = 0; i < rows; i++) {
        values[0][2 * i] = 0;
        for (int k = 0; k < PIXELS; k++) values[0][2 * i] += views[i * PIXELS + k];
        values[0][2 * i + 1] = (float)dc3_ctx_threads(ctx);
        values[1][i] = views[i * PIXELS + PIXELS - 1];
    }
    memset(views, 1, sizeof *views * ROWS * PIXELS);
    return DC3_OK;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    job *j = user;
    assert_int_equal(i, j->first + j->taken++);
    assert_int_equal(seen->status, i == BROKEN ? DC3_ERR_FORMAT : DC3_OK);
    assert_string_equal(seen->reason, i == BROKEN ? "view 6 is broken" : "");
    if (i != BROKEN) assert_memory_equal(seen->note, &i, sizeof i);
    j->sums[i][0] = seen->values[0][0], j->sums[i][1] = seen->values[1][0];
    if (i == j->stops) dc3_cancel_set(j->flag);
    return DC3_OK;
}

static void hear(void *user, const char *stage, int64_t done, int64_t total)
{
    job *j = user;
    assert_string_equal(stage, "views");
    assert_true(done > j->told);
    j->told = done, j->total = total;
}

static dc3_status look_at(job *j, int64_t first, int64_t count, int threads)
{
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_listener listener = {.user = j, .progress = hear};
    j->first = first, j->threads = threads, j->taken = 0, j->told = 0;
    dc3_look look = {.ctx = ctx,
                     .first = first,
                     .count = count,
                     .rows = ROWS,
                     .pixels = PIXELS,
                     .widths = {2, 1},
                     .note = sizeof(int64_t),
                     .user = j,
                     .show = show,
                     .run = run,
                     .network = j,
                     .take = take,
                     .listener = &listener,
                     .stage = "views"};
    dc3_status status = dc3_look_run(&look);
    dc3_ctx_close(&ctx);
    return status;
}

static void all_in_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++)
        for (int64_t count = 0; count <= 41; count += count < 9 ? 1 : 8)
            for (int64_t first = 0; first <= count; first += 3) {
                job j = {.stops = -1};
                assert_int_equal(look_at(&j, first, count, threads), DC3_OK);
                assert_int_equal(j.taken, count - first);
                assert_int_equal(j.told, j.taken ? count : 0);
                assert_int_equal(j.total, j.told);
                for (int64_t i = first; i < count; i++) {
                    int there = i != BROKEN; /* a view of zeros stands for one that is not */
                    assert_true(j.sums[i][0] == (float)(there ? 50 * i + 10 : 0));
                    assert_true(j.sums[i][1] == (float)(there ? 10 * i + 4 : 0));
                }
            }
}

/* Where one worker looks, views are made by no more threads than a third of the memory has room for. */
typedef struct places {
    int used[8];
    int room; /* as many as there are to be */
} places;

static int used_of(const places *p)
{
    int sum = 0;
    for (int i = 0; i < 8; i++) sum += __atomic_load_n(&p->used[i], __ATOMIC_ACQUIRE);
    return sum;
}

static dc3_status show_in(void *user, int worker, int64_t i, float *view, void *note)
{
    places *p = user;
    (void)note;
    __atomic_store_n(&p->used[worker], 1, __ATOMIC_RELEASE);
    for (int t = 0; t < 5000 && used_of(p) < p->room; t++) usleep(1000); /* until the others have begun */
    for (int k = 0; k < PIXELS; k++) view[k] = (float)i;
    return DC3_OK;
}

static dc3_status run_plain(const void *network, dc3_ctx *ctx, int rows, float *views, float *const values[2])
{
    (void)network, (void)ctx;
    for (int i = 0; i < rows; i++) values[0][i] = views[i * PIXELS];
    return DC3_OK;
}

static dc3_status take_plain(void *user, int64_t i, const dc3_seen *seen)
{
    (void)user;
    assert_true(seen->values[0][0] == (float)i);
    return DC3_OK;
}

static void room_for_views(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 6, DC3_CTX_FAST, &ctx), DC3_OK);
    double third = (double)dc3_memory_limit() / 3;
    for (int room = 1; room <= 3; room++) {
        places p = {.room = room};
        dc3_look look = {.ctx = ctx,
                         .count = 160,
                         .rows = 32,
                         .pixels = PIXELS,
                         .widths = {1, 0},
                         .show_bytes = third / (room + 0.5),
                         .user = &p,
                         .show = show_in,
                         .run = run_plain,
                         .take = take_plain};
        assert_int_equal(dc3_look_workers(&look), 1);
        assert_int_equal(dc3_look_run(&look), DC3_OK);
        assert_int_equal(used_of(&p), room);
    }
    dc3_ctx_close(&ctx);
}

/* Contexts that the caller keeps are those that are run in, again and again. */
static void kept_contexts(void **state)
{
    (void)state;
    dc3_ctx *ctx, **contexts = NULL;
    job j = {.stops = -1, .threads = 3};
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 3, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_look look = {.ctx = ctx,
                     .count = 41,
                     .rows = ROWS,
                     .pixels = PIXELS,
                     .widths = {2, 1},
                     .note = sizeof(int64_t),
                     .user = &j,
                     .show = show,
                     .run = run,
                     .network = &j,
                     .take = take};
    int workers = dc3_look_workers(&look);
    assert_int_equal(workers, dc3_ctx_device(ctx)->host_visible ? 3 : 1);
    assert_int_equal(dc3_workers_open(ctx, workers, &contexts), DC3_OK);
    for (int i = 0; i < workers; i++) j.kept[i] = contexts[i];
    look.contexts = contexts, look.workers = workers;
    for (int round = 0; round < 2; round++) {
        j.taken = 0;
        assert_int_equal(dc3_look_run(&look), DC3_OK);
        assert_int_equal(j.taken, 41);
        assert_int_equal(j.others, 0);
    }
    dc3_workers_close(ctx, workers, &contexts);
    dc3_ctx_close(&ctx);
}

static void failures(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        job j = {.stops = -1, .fails = 1};
        assert_int_equal(look_at(&j, 0, 20, threads), DC3_ERR_FORMAT);
        assert_string_equal(dc3_error_text(), "the network fails");
        assert_int_equal(j.taken, 0);
        dc3_cancel flag = {0};
        DC3_CANCEL_SCOPE(&flag);
        j = (job){.stops = 9, .flag = &flag};
        assert_int_equal(look_at(&j, 0, 60, threads), DC3_ERR_CANCELLED);
        assert_in_range(j.taken, 12, 56); /* the piece is taken to its end, those behind only if begun */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_in_order),
        cmocka_unit_test(failures),
        cmocka_unit_test(kept_contexts),
        cmocka_unit_test(room_for_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
