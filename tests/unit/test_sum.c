/* Sums over ranks (ranks/sum.h): the same bytes as the parts added up one after the other, for any number of
 * ranks, whether all reach each other or only rank 0, in several rounds, also where ranks are of unequal
 * speed; a lost rank ends the round. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cancel.h"
#include "base/rng.h"
#include "ranks/ranks.h"
#include "ranks/sum.h"
#include "support/local_ranks.h"

enum { ROUNDS = 3 };

typedef struct job {
    int ranks, is_mesh, parts;
    int64_t values;
    int dies; /* this rank ends in the second round; 0: none */
} job;

static int *named; /* the lost rank was, by rank 0; all processes see it */

/* Of very different size, so that another order gives another sum. */
static void fill(const job *j, int round, int part, float *values)
{
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_INIT, (uint64_t)(round * 1000 + part));
    dc3_rng_normal(&rng, values, (size_t)j->values);
    for (int64_t i = 0; i < j->values; i++) values[i] *= (float)(1 << dc3_rng_below(&rng, 20));
}

/* 1 if a round's sum is that of its parts in their order. */
static int is_right(const job *j, int round, const float *total)
{
    float *wanted = malloc((size_t)j->values * sizeof *wanted),
          *part = malloc((size_t)j->values * sizeof *part);
    fill(j, round, 0, wanted);
    for (int p = 1; p < j->parts; p++) {
        fill(j, round, p, part);
        for (int64_t i = 0; i < j->values; i++) wanted[i] += part[i];
    }
    int right = memcmp(wanted, total, (size_t)j->values * sizeof *total) == 0;
    free(wanted);
    free(part);
    return right;
}

static dc3_status run_rounds(const job *j, dc3_sum *sum, float *values)
{
    for (int round = 0; round < ROUNDS; round++) {
        if (j->dies && round == 1 && dc3_ranks_rank() == j->dies) raise(SIGKILL);
        for (int p = 0; p < j->parts; p++) {
            if (!dc3_sum_has(sum, p)) continue;
            usleep((useconds_t)((p * 7 + round * 5) % 4 * 1000));
            fill(j, round, p, values);
            DC3_TRY(dc3_sum_add(sum, p, values));
        }
        DC3_TRY(dc3_sum_take(sum, values));
        if (!is_right(j, round, values)) return dc3_fail(DC3_ERR_INTERNAL, "round %d is wrong", round);
    }
    return DC3_OK;
}

/* One rank's part, which is told to rank 0 by how it ends. */
static void be(const job *j)
{
    alarm(60);
    int rank = j->is_mesh ? local_ranks_fork_mesh(j->ranks) : local_ranks_fork(j->ranks);
    if (dc3_ranks_begin(local_ranks_open, NULL, 60) != DC3_OK) _exit(99);
    float *values = malloc((size_t)j->values * sizeof *values);
    dc3_sum *sum;
    DC3_CANCEL_SCOPE(dc3_ranks_cancel());
    dc3_status status = dc3_sum_open(j->parts, j->values, &sum);
    if (status == DC3_OK) status = run_rounds(j, sum, values);
    dc3_sum_close(&sum);
    free(values);
    if (rank == 0) *named = status == DC3_ERR_IO && strncmp(dc3_error_text(), "rank 1 (process ", 16) == 0;
    if (rank && status == DC3_OK) dc3_ranks_send(0, dc3_message_make(DC3_MESSAGE_LEFT, 1, 0, 0), 0);
    if (rank == 0 && status == DC3_OK) status = dc3_ranks_wait_left(1);
    dc3_ranks_end(status == DC3_ERR_CANCELLED ? DC3_OK : status);
    _exit(status != DC3_OK);
}

/* How rank 0 ended. */
static int run(const job *j)
{
    int status;
    pid_t family = fork();
    assert_true(family >= 0);
    if (family == 0) be(j);
    assert_int_equal(waitpid(family, &status, 0), family);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void same_for_any_ranks(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= 4; ranks++)
        for (int is_mesh = 0; is_mesh <= (ranks > 1); is_mesh++) {
            assert_int_equal(run(&(job){ranks, is_mesh, 5, 1013, 0}), 0);
            assert_int_equal(run(&(job){ranks, is_mesh, ranks, 3, 0}), 0);
        }
    assert_int_equal(run(&(job){2, 1, 3, ((int64_t)1 << 21) + 77, 0}), 0); /* several runs a rank */
    assert_int_equal(run(&(job){1, 0, 1, 10, 0}), 0);
}

static void lost(void **state)
{
    (void)state;
    for (int is_mesh = 0; is_mesh <= 1; is_mesh++) {
        *named = 0;
        assert_int_equal(run(&(job){3, is_mesh, 3, 100, 1}), 1);
        assert_int_equal(*named, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_for_any_ranks), cmocka_unit_test(lost)};
    named = mmap(NULL, sizeof *named, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return named == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
