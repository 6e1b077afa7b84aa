/* dc3-mpi: the ranks of mpirun or Slurm. Whatever calls MPI is here, on one thread. */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "several.h"

/* A message that the receiver may not have taken yet. */
typedef struct sent {
    struct sent *next;
    MPI_Request request;
    void *message;
} sent;

static sent *under_way;
static int woken;

/* Releases what has been received. */
static void release(void)
{
    for (sent **s = &under_way; *s;) {
        int done = 1;
        sent *at = *s;
        MPI_Test(&at->request, &done, MPI_STATUS_IGNORE);
        if (!done) {
            s = &at->next;
            continue;
        }
        *s = at->next;
        free(at->message);
        free(at);
    }
}

static int send(void *unused, int to, void *message, size_t bytes)
{
    (void)unused;
    sent *s = bytes <= INT_MAX ? malloc(sizeof *s) : NULL;
    if (s && MPI_Isend(message, (int)bytes, MPI_BYTE, to, 0, MPI_COMM_WORLD, &s->request) == MPI_SUCCESS) {
        s->message = message;
        s->next = under_way;
        under_way = s;
        return 0;
    }
    free(s);
    free(message);
    return -1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The message that is there. */
static int take(MPI_Status *about, int *from, void **message, size_t *bytes)
{
    enum { UNIT = 64 };
    int count = 0;
    *from = about->MPI_SOURCE;
    MPI_Get_count(about, MPI_BYTE, &count);
    *bytes = (size_t)count;
    *message = aligned_alloc(UNIT, ((size_t)count + UNIT) / UNIT * UNIT);
    int got = *message ? MPI_Recv(*message, count, MPI_BYTE, *from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
                       : MPI_ERR_NO_MEM;
    if (got == MPI_SUCCESS) return 1;
    free(*message);
    return -1;
}

/* MPI waits by asking again and again, which would take a processor from the work: so it is asked seldom
 * while nobody says anything. */
static int receive(void *unused, double seconds, int *from, void **message, size_t *bytes)
{
    const long shortest = 20000, longest = 1000000; /* nanoseconds */
    double until = now() + seconds;
    (void)unused;
    for (long pause = shortest;; pause = pause < longest / 2 ? 2 * pause : longest) {
        int is_there = 0;
        MPI_Status about;
        release();
        if (MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &is_there, &about) != MPI_SUCCESS) {
            *from = -1;
            return -1;
        }
        if (is_there) return take(&about, from, message, bytes);
        if (__atomic_exchange_n(&woken, 0, __ATOMIC_ACQ_REL) || now() >= until) return 0;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

static void wake(void *unused)
{
    (void)unused;
    __atomic_store_n(&woken, 1, __ATOMIC_RELEASE);
}

static void finish_sending(void *unused)
{
    (void)unused;
    for (; under_way; release()) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    MPI_Finalize();
}

static void abort_all(void *unused, const char *why)
{
    (void)unused;
    say_why(why);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILED);
    _exit(EXIT_FAILED);
}

static int open_mpi(void *unused, dc3_transport *t)
{
    int provided;
    (void)unused;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return -1;
    if (provided < MPI_THREAD_FUNNELED) {
        say_why("this MPI does not work in a program of several threads");
        return -1;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    *t = (dc3_transport){.is_mesh = 1,
                         .send = send,
                         .receive = receive,
                         .wake = wake,
                         .close = finish_sending,
                         .abort = abort_all};
    MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t->ranks);
    return 0;
}

int join_ranks(void)
{
    return join_by(open_mpi, NULL);
}
