/* Pieces a second that rank 0 hands out to ranks that sleep, and takes (ranks/share.h). Usage: bench_ranks
 * [ranks] [milliseconds of a piece] [bytes of a result] [pieces]; by default 64 ranks, whose pieces of 6.25
 * ms and 4 kB would be 10,080 a second if nothing but sleeping took time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "../tests/support/local_ranks.h"
#include "bench.h"
#include "ranks/ranks.h"
#include "ranks/share.h"

typedef struct job {
    double seconds; /* of a piece */
    size_t bytes;
    int64_t pieces;
} job;

static dc3_status doze(const job *j, int64_t number, void *result)
{
    struct timespec time = {.tv_sec = (time_t)j->seconds};
    time.tv_nsec = (long)(1e9 * (j->seconds - (double)time.tv_sec));
    nanosleep(&time, NULL);
    memcpy(result, &number, sizeof number);
    return DC3_OK;
}

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    (void)worker;
    return doze(user, piece, result);
}

static dc3_status serve_one(void *user, int worker, int64_t number, const void *task, void *result)
{
    (void)worker, (void)task;
    return doze(user, number, result);
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    int64_t number;
    (void)user;
    memcpy(&number, result, sizeof number);
    return number == piece ? DC3_OK : dc3_fail(DC3_ERR_INTERNAL, "another piece");
}

static dc3_status serve(void *user, const void *known, size_t bytes)
{
    const job *j = user;
    (void)known, (void)bytes;
    return dc3_share_serve(
        &(dc3_serving){.workers = 1, .result_size = j->bytes, .user = user, .work = serve_one});
}

static double processor_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void lead(job *j, int ranks)
{
    dc3_share *share;
    dc3_pieces pieces = {
        .count = j->pieces, .workers = 1, .result_size = j->bytes, .user = j, .work = work, .take = take};
    must(dc3_share_open("sleep", NULL, 0, &share));
    double start = now(), before = processor_seconds();
    must(dc3_share_run(share, &(dc3_shared){.first = 0}, &pieces));
    double seconds = now() - start, rate = (double)j->pieces / seconds;
    printf("%d ranks, pieces of %.3g ms and %zu bytes: %.0f pieces/s, %.1f %% of what sleeping allows; rank "
           "0 took "
           "%.2f of a processor\n",
           ranks, j->seconds * 1e3, j->bytes, rate, 100 * rate * j->seconds / ranks,
           (processor_seconds() - before) / seconds);
    dc3_share_close(&share);
}

int main(int argc, char **argv)
{
    int ranks = argc > 1 ? atoi(argv[1]) : 64;
    job j = {.seconds = (argc > 2 ? atof(argv[2]) : 6.25) * 1e-3,
             .bytes = argc > 3 ? (size_t)atol(argv[3]) : 4096};
    j.pieces = argc > 4 ? atol(argv[4]) : (int64_t)(5 * ranks / j.seconds);
    if (ranks < 1 || ranks > LOCAL_RANKS || j.seconds <= 0 || j.bytes < sizeof(int64_t)) return 2;
    int rank = local_ranks_fork(ranks);
    must(dc3_ranks_begin(local_ranks_open, NULL, 60));
    if (rank)
        must(dc3_share_follow((const dc3_stage[]){{"sleep", serve}, {NULL, NULL}}, &j));
    else
        lead(&j, ranks);
    dc3_ranks_end(DC3_OK);
    return 0;
}
