/* Pieces that several ranks do (ranks/share.h): all of them, in their order, whoever did them; failures of a
 * piece, a stage and a rank as they are told; ranks that do not work on the same. Each test is a family of
 * processes of its own, which sockets join. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cancel.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "support/local_ranks.h"

enum { PIECES = 300 };

/* What a test asks for. */
typedef struct job {
    int ranks, workers;
    int64_t fails, stops; /* the piece that fails, and during which its rank is stopped; -1: none */
    int dies;             /* this rank ends in its first piece */
    int cannot;           /* this rank cannot begin the stage */
    int differs;          /* this one works on something else */
    int waits;            /* the stage has no pieces */
    int all;              /* no rank does its second piece before all have done one */
    int unable;           /* this rank fails with all its pieces */
    int sleeps;           /* this rank does its first piece for longer than is waited without a word */
    double silence;       /* as dc3_ranks_begin has it */
} job;

typedef struct result {
    int64_t number, told;
    int rank;
} result;

static int *by; /* [LOCAL_RANKS] pieces that a rank did, or failed with as `unable`; all processes see it */

static size_t tell(void *user, int64_t piece, void *to)
{
    (void)user;
    int64_t told = piece * 3;
    memcpy(to, &told, sizeof told);
    return sizeof told;
}

/* Until each rank has done a piece, or one is lost. */
static void wait_for_all(const job *j)
{
    for (int i = 0; i < j->ranks; i++)
        while (!__atomic_load_n(&by[i], __ATOMIC_RELAXED) && dc3_check_cancel() == DC3_OK &&
               dc3_ranks_check() == DC3_OK)
            usleep(300);
}

/* One rank does, the others begin when it has begun. */
static void sleep_once(const job *j, int rank)
{
    int *begun = &by[LOCAL_RANKS - 1];
    if (rank == j->sleeps && !__atomic_exchange_n(begun, 1, __ATOMIC_RELAXED))
        usleep((useconds_t)(j->silence * 6e6));
    while (!__atomic_load_n(begun, __ATOMIC_RELAXED)) usleep(300);
}

static dc3_status work_there(void *user, int worker, int64_t number, const void *task, void *out)
{
    const job *j = user;
    int rank = dc3_ranks_rank();
    int64_t told;
    (void)worker;
    memcpy(&told, task, sizeof told);
    if (j->dies && j->dies == rank) raise(SIGKILL);
    if (number - 1000 == j->stops && rank) raise(SIGSTOP);
    if (j->sleeps) sleep_once(j, rank);
    if (j->all && by[rank]) wait_for_all(j);
    if (j->unable && j->unable == rank) {
        __atomic_add_fetch(&by[rank], 1, __ATOMIC_RELAXED);
        return dc3_fail(DC3_ERR_IO, "cannot be read here");
    }
    if (number - 1000 == j->fails) return dc3_fail(DC3_ERR_FORMAT, "piece %lld", (long long)number);
    usleep(300);
    __atomic_add_fetch(&by[rank], 1, __ATOMIC_RELAXED);
    *(result *)out = (result){number, told, rank};
    return DC3_OK;
}

static dc3_status work_here(void *user, int worker, int64_t piece, void *out)
{
    int64_t told;
    tell(user, piece, &told);
    return work_there(user, worker, piece + 1000, &told, out);
}

static int64_t taken;
static int warnings;

static dc3_status take(void *user, int64_t piece, void *out)
{
    const result *r = out;
    (void)user;
    if (piece != taken++ || r->number != piece + 1000 || r->told != piece * 3)
        return dc3_fail(DC3_ERR_INTERNAL, "piece %lld is another one", (long long)piece);
    return DC3_OK;
}

/* The stage on the other ranks; `known` is what rank 0 told. */
static dc3_status serve(void *user, const void *known, size_t bytes)
{
    const job *j = user;
    if (bytes != 6 || memcmp(known, "known", 6) != 0)
        return dc3_fail(DC3_ERR_INTERNAL, "told something else");
    if (j->cannot == dc3_ranks_rank()) return dc3_fail(DC3_ERR_IO, "nothing can be opened");
    if (j->waits) return DC3_OK;
    return dc3_share_serve(&(dc3_serving){
        .workers = j->workers, .result_size = sizeof(result), .user = (void *)j, .work = work_there});
}

static dc3_status follow(const job *j)
{
    const dc3_stage stages[] = {{"numbers", serve}, {NULL, NULL}};
    DC3_TRY(dc3_ranks_agree(j->differs == dc3_ranks_rank() ? "a: 1\nb: 3\n" : "a: 1\nb: 2\n"));
    return dc3_share_follow(stages, (void *)j);
}

static void hear(void *user, const char *line)
{
    (void)user;
    if (!strncmp(line, "warning: rank 2 (process ", 25) &&
        strstr(line, "): cannot be read here; rank 0 could do it"))
        warnings++;
    if (!strncmp(line, "warning: rank 1 (process ", 25) &&
        strstr(line, " is there, but has ended none of the ") &&
        strstr(line, " pieces of numbers that it has for 4 seconds: a file"))
        warnings++;
}

/* Two runs in one stage. */
static dc3_status run_shared(const job *j, dc3_share *share)
{
    const dc3_listener listener = {.message = hear};
    dc3_shared how = {
        .first = 1000, .task = sizeof(int64_t), .tell = tell, .listener = &listener, .what = "numbers"};
    dc3_pieces pieces = {.count = PIECES,
                         .workers = j->workers,
                         .result_size = sizeof(result),
                         .user = (void *)j,
                         .work = work_here,
                         .take = take};
    if (j->waits) return dc3_share_wait(share);
    for (int i = 0; i < 2; i++) {
        taken = 0;
        DC3_TRY(dc3_share_run(share, &how, &pieces));
        if (taken != PIECES) return dc3_fail(DC3_ERR_INTERNAL, "%lld are taken", (long long)taken);
    }
    if (j->unable && (warnings < 1 || warnings > 5))
        return dc3_fail(DC3_ERR_INTERNAL, "%d warnings", warnings);
    if (j->sleeps && warnings != 1) return dc3_fail(DC3_ERR_INTERNAL, "%d warnings", warnings);
    return DC3_OK;
}

static dc3_status lead(const job *j)
{
    dc3_share *share;
    DC3_TRY(dc3_ranks_agree("a: 1\nb: 2\n"));
    dc3_status status = dc3_share_open("numbers", "known", 6, &share);
    if (status == DC3_OK) status = run_shared(j, share);
    dc3_share_close(&share);
    return status;
}

/* The family's rank 0 writes how it went into the pipe. */
static void be(const job *j, int out)
{
    alarm(60);
    int rank = local_ranks_fork(j->ranks);
    if (dc3_ranks_begin(local_ranks_open, NULL, j->silence) != DC3_OK) _exit(2);
    dc3_status status = rank ? follow(j) : lead(j);
    if (!rank) dprintf(out, "%d %s", (int)status, status == DC3_OK ? "" : dc3_error_text());
    close(out);
    dc3_ranks_end(status);
    _exit(status == DC3_OK ? 0 : 1);
}

/* Runs the job; its status, and the text of its failure. */
static dc3_status run(const job *j, char text[1200])
{
    int pipes[2], status, begins = 0, said = -1;
    memset(by, 0, LOCAL_RANKS * sizeof *by);
    assert_int_equal(pipe(pipes), 0);
    pid_t family = fork();
    assert_true(family >= 0);
    if (family == 0) be(j, pipes[1]);
    close(pipes[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(pipes[0], text + used, 1199 - used)) > 0;) used += (size_t)got;
    text[used] = 0;
    close(pipes[0]);
    assert_int_equal(waitpid(family, &status, 0), family);
    assert_int_equal(sscanf(text, "%d %n", &said, &begins), 1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (said != DC3_OK));
    memmove(text, text + begins, strlen(text + begins) + 1);
    return (dc3_status)said;
}

static job usual(int ranks)
{
    return (job){.ranks = ranks, .workers = 2, .fails = -1, .stops = -1, .silence = 60};
}

static void all_in_order(void **state)
{
    char text[1200];
    (void)state;
    for (int ranks = 1; ranks <= 5; ranks++)
        for (int workers = 1; workers <= 2; workers++) {
            job j = usual(ranks);
            j.workers = workers, j.all = 1;
            assert_int_equal(run(&j, text), DC3_OK);
            int all = 0;
            for (int i = 0; i < ranks; i++) all += by[i];
            assert_int_equal(all, 2 * PIECES);
            for (int i = 0; i < ranks; i++) assert_true(by[i] > 0);
        }
}

static void failures(void **state)
{
    char text[1200];
    (void)state;
    job j = usual(3);
    j.fails = 100;
    assert_int_equal(run(&j, text), DC3_ERR_FORMAT);
    assert_non_null(strstr(text, "piece 1100"));
    j = usual(3), j.cannot = 2;
    assert_int_equal(run(&j, text), DC3_ERR_IO);
    assert_true(strncmp(text, "rank 2 (process ", 16) == 0);
    assert_non_null(strstr(text, "): nothing can be opened"));
    j.waits = 1;
    assert_int_equal(run(&j, text), DC3_ERR_IO);
    assert_non_null(strstr(text, "): nothing can be opened"));
    j = usual(4), j.waits = 1;
    assert_int_equal(run(&j, text), DC3_OK);
}

/* Rank 0 does what another cannot. */
static void redone(void **state)
{
    char text[1200];
    (void)state;
    job j = usual(3);
    j.unable = 2, j.all = 1;
    assert_int_equal(run(&j, text), DC3_OK);
    assert_true(by[2] > 0);
    assert_int_equal(by[0] + by[1], 2 * PIECES);
}

static void lost(void **state)
{
    char text[1200];
    (void)state;
    job j = usual(3);
    j.dies = 1, j.all = 1;
    assert_int_equal(run(&j, text), DC3_ERR_IO);
    assert_true(strncmp(text, "rank 1 (process ", 16) == 0);
    assert_non_null(strstr(text, ") has ended; what was done is kept"));
    j = usual(2), j.stops = 20, j.silence = 1.5;
    for (int i = 0; i < 20 && run(&j, text) == DC3_OK; i++) j.stops++; /* rank 0 did that piece itself */
    assert_true(strncmp(text, "rank 1 (process ", 16) == 0);
    assert_non_null(strstr(text, ") has not been heard of for 1.5 seconds; what was done is kept"));
}

/* A rank that is there and ends nothing is named, and waited for. */
static void asleep(void **state)
{
    char text[1200];
    (void)state;
    job j = usual(2);
    j.workers = 1, j.sleeps = 1, j.silence = 1;
    assert_int_equal(run(&j, text), DC3_OK);
    assert_int_equal(by[0] + by[1], 2 * PIECES);
}

static void different(void **state)
{
    char text[1200];
    (void)state;
    job j = usual(3);
    j.differs = 2;
    assert_int_equal(run(&j, text), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(text, ") has \"b: 3\", and rank 0 \"b: 2\"; expected the same on all ranks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_in_order), cmocka_unit_test(failures),
                                       cmocka_unit_test(redone),       cmocka_unit_test(lost),
                                       cmocka_unit_test(asleep),       cmocka_unit_test(different)};
    by = mmap(NULL, LOCAL_RANKS * sizeof *by, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return by == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
