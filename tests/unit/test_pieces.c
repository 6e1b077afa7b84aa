/* Work in pieces: taken in their order whatever the threads, ended by the earliest failure or by the flag.
 * Also for ThreadSanitizer (tools/tsan.sh). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cancel.h"
#include "base/pieces.h"

/* The library's threads are begun by these (--wrap of the linker), late while `waits` says so. */
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static int waits;      /* threads that are begun go on when it is 0 again */
static int still_late; /* threads */

typedef struct beginning {
    void *(*start)(void *);
    void *of;
} beginning;

static void *begin_late(void *of)
{
    beginning b = *(beginning *)of;
    free(of);
    while (__atomic_load_n(&waits, __ATOMIC_ACQUIRE)) usleep(1000);
    void *result = b.start(b.of);
    __atomic_sub_fetch(&still_late, 1, __ATOMIC_ACQ_REL);
    return result;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *of)
{
    beginning *b = waits ? malloc(sizeof *b) : NULL;
    if (!b) return __real_pthread_create(thread, attributes, start, of);
    *b = (beginning){start, of};
    __atomic_add_fetch(&still_late, 1, __ATOMIC_ACQ_REL);
    return __real_pthread_create(thread, attributes, begin_late, b);
}

enum { PIECES = 100 };
typedef struct job {
    int64_t taken;       /* pieces so far */
    int64_t fails, late; /* whose work fails; whose work fails sooner than that */
    int64_t refused;     /* whose taking fails */
    int64_t cancels;     /* whose taking sets the flag */
    int most;            /* workers */
    dc3_cancel *flag;
    int parallel, busy[8]; /* most threads of OpenMP seen by a piece; a worker's number is in use */
    int shared; /* a number was used twice at once, or is none (cmocka fails on the main thread only) */
} job;

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    job *j = user;
    if (worker < 0 || worker >= j->most || __atomic_exchange_n(&j->busy[worker], 1, __ATOMIC_ACQ_REL))
        __atomic_store_n(&j->shared, 1, __ATOMIC_RELEASE);
    if (omp_get_max_threads() > 1) __atomic_store_n(&j->parallel, omp_get_max_threads(), __ATOMIC_RELEASE);
    usleep(piece == j->fails ? 5000 : (unsigned)(piece * 7919 % 300));
    int64_t values[] = {piece, piece * piece};
    memcpy(result, values, sizeof values);
    __atomic_store_n(&j->busy[worker], 0, __ATOMIC_RELEASE);
    if (piece == j->fails || piece == j->late) return dc3_fail_setting("ipc", "piece %lld", (long long)piece);
    return DC3_OK;
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    job *j = user;
    const int64_t *values = result;
    assert_int_equal(piece, j->taken++);
    assert_int_equal(values[0], piece);
    assert_int_equal(values[1], piece * piece);
    if (piece == j->refused) return dc3_fail(DC3_ERR_FORMAT, "refused");
    if (piece == j->cancels) dc3_cancel_set(j->flag);
    return DC3_OK;
}

static dc3_status mark(void *user, int worker, int64_t piece, void *result)
{
    int *done = user;
    (void)worker, (void)result;
    done[piece]++;
    return DC3_OK;
}

static dc3_status run(job *j, int workers, int64_t count)
{
    j->most = workers;
    dc3_pieces pieces = {
        .count = count, .workers = workers, .result_size = 16, .user = j, .work = work, .take = take};
    return dc3_pieces_run(&pieces);
}

static job usual(void)
{
    return (job){.fails = -1, .late = -1, .refused = -1, .cancels = -1};
}

static void in_order(void **state)
{
    (void)state;
    omp_set_num_threads(3);
    for (int workers = 1; workers <= 8; workers++) {
        for (int64_t count = 0; count <= PIECES; count += count < 9 ? 1 : PIECES - 9) {
            job j = usual();
            assert_int_equal(run(&j, workers, count), DC3_OK);
            assert_int_equal(j.taken, count);
            assert_false(j.shared);
            assert_int_equal(j.parallel, workers > 1 && count > 1 ? 0 : count ? 3 : 0);
        }
        assert_int_equal(omp_get_max_threads(), 3);
    }
}

/* Where nothing is to be taken every piece is done all the same, and failures are told. */
static void nothing_taken(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        int done[PIECES] = {0};
        dc3_pieces pieces = {.count = PIECES, .workers = workers, .user = done, .work = mark};
        assert_int_equal(dc3_pieces_run(&pieces), DC3_OK);
        for (int i = 0; i < PIECES; i++) assert_int_equal(done[i], 1);
        job j = usual();
        j.fails = 20, j.most = workers;
        pieces =
            (dc3_pieces){.count = PIECES, .workers = workers, .result_size = 16, .user = &j, .work = work};
        assert_int_equal(dc3_pieces_run(&pieces), DC3_ERR_OPTION);
        assert_string_equal(dc3_error_text(), "ipc: piece 20");
    }
}

/* The piece behind it fails first, and does not count. */
static void earliest_failure(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        job j = usual();
        j.fails = 20, j.late = 21;
        assert_int_equal(run(&j, workers, PIECES), DC3_ERR_OPTION);
        assert_int_equal(j.taken, 20);
        assert_string_equal(dc3_error_text(), "ipc: piece 20");
        assert_string_equal(dc3_error_setting(), "ipc");
        j = usual();
        j.refused = 30;
        assert_int_equal(run(&j, workers, PIECES), DC3_ERR_FORMAT);
        assert_int_equal(j.taken, 31);
        assert_string_equal(dc3_error_text(), "refused");
    }
}

/* A thread that begins when all is done is not waited for, touches nothing of the caller's and ends. */
static void late_threads(void **state)
{
    (void)state;
    waits = 1;
    for (int workers = 2, late = 0; workers <= 4; workers++) {
        job j = usual();
        assert_int_equal(run(&j, workers, 5), DC3_OK);
        assert_int_equal(j.taken, 5);
        late += workers - 1;
        assert_int_equal(__atomic_load_n(&still_late, __ATOMIC_ACQUIRE), late);
    }
    __atomic_store_n(&waits, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < 5000 && __atomic_load_n(&still_late, __ATOMIC_ACQUIRE); i++) usleep(1000);
    assert_int_equal(__atomic_load_n(&still_late, __ATOMIC_ACQUIRE), 0);
}

static void cancelled(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers++) {
        dc3_cancel flag = {0};
        job j = usual();
        j.cancels = 10, j.flag = &flag;
        DC3_CANCEL_SCOPE(&flag);
        assert_int_equal(run(&j, workers, PIECES), DC3_ERR_CANCELLED);
        assert_in_range(j.taken, 11, 11 + 4 * workers);
    }
}

/* Others elsewhere, who ask the team for a piece under a lock that `end` takes, too. */
typedef struct others {
    pthread_mutex_t lock;
    pthread_barrier_t asks;
    pthread_t thread;
    dc3_team *team;
} others;

static void *ask_late(void *of)
{
    others *o = of;
    pthread_mutex_lock(&o->lock);
    pthread_barrier_wait(&o->asks);
    usleep(50000); /* by now the call is in `end` */
    assert_int_equal(dc3_team_next(o->team), -1);
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

static void begin_others(void *user, dc3_team *team)
{
    ((others *)user)->team = team;
}

static void no_room(void *user)
{
    (void)user;
}

static void not_redone(void *user, const void *result, const dc3_failure *failure)
{
    (void)result;
    (void)user, (void)failure;
}

static void end_others(void *user)
{
    others *o = user;
    pthread_mutex_lock(&o->lock);
    o->team = NULL;
    pthread_mutex_unlock(&o->lock);
}

static dc3_status take_last(void *user, int64_t piece, void *result)
{
    others *o = user;
    (void)result;
    if (piece < 2) return DC3_OK;
    assert_int_equal(__real_pthread_create(&o->thread, NULL, ask_late, o), 0);
    pthread_barrier_wait(&o->asks);
    return DC3_OK;
}

static dc3_status do_nothing(void *user, int worker, int64_t piece, void *result)
{
    (void)user, (void)worker, (void)piece, (void)result;
    return DC3_OK;
}

/* The call ends although others come to the team meanwhile. */
static void others_at_the_end(void **state)
{
    (void)state;
    others o = {.lock = PTHREAD_MUTEX_INITIALIZER};
    dc3_elsewhere elsewhere = {&o, 1, begin_others, no_room, not_redone, NULL, end_others};
    dc3_pieces pieces = {.count = 3,
                         .workers = 1,
                         .result_size = 8,
                         .user = &o,
                         .work = do_nothing,
                         .take = take_last,
                         .elsewhere = &elsewhere};
    pthread_barrier_init(&o.asks, NULL, 2);
    alarm(20);
    assert_int_equal(dc3_pieces_run(&pieces), DC3_OK);
    alarm(0);
    pthread_join(o.thread, NULL);
    pthread_barrier_destroy(&o.asks);
}

static void *break_soon(void *of)
{
    others *o = of;
    dc3_failure failure = {.text = "rank 1 has ended"};
    usleep(20000);
    dc3_team_break(o->team, DC3_ERR_IO, &failure);
    return NULL;
}

/* Long work, which ends where it is told to. */
static dc3_status work_on(void *user, int worker, int64_t piece, void *result)
{
    others *o = user;
    dc3_status status = DC3_OK;
    (void)worker, (void)piece, (void)result;
    assert_int_equal(__real_pthread_create(&o->thread, NULL, break_soon, o), 0);
    while ((status = dc3_check_cancel()) == DC3_OK) usleep(1000);
    return status;
}

/* Who cannot go on stops what is worked on here, which is no interruption by the caller. */
static void broken_at_work(void **state)
{
    (void)state;
    dc3_cancel flag = {0};
    others o = {.lock = PTHREAD_MUTEX_INITIALIZER};
    dc3_elsewhere elsewhere = {&o, 1, begin_others, no_room, not_redone, NULL, end_others};
    dc3_pieces pieces = {
        .count = 3, .workers = 1, .result_size = 8, .user = &o, .work = work_on, .elsewhere = &elsewhere};
    DC3_CANCEL_SCOPE(&flag);
    alarm(20);
    assert_int_equal(dc3_pieces_run(&pieces), DC3_ERR_IO);
    alarm(0);
    assert_string_equal(dc3_error_text(), "rank 1 has ended");
    assert_int_equal(dc3_check_cancel(), DC3_OK);
    pthread_join(o.thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),         cmocka_unit_test(nothing_taken),
        cmocka_unit_test(earliest_failure), cmocka_unit_test(cancelled),
        cmocka_unit_test(late_threads),     cmocka_unit_test(others_at_the_end),
        cmocka_unit_test(broken_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
