/* dc3-mpi: the ranks of mpirun or Slurm. Whatever calls MPI is here, on one thread. */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "several.h"

/* A message on its way: sent and perhaps not taken yet, or arriving. */
typedef struct parcel {
    struct parcel *next;
    MPI_Request request;
    void *message;
    size_t bytes;
    int from;     /* who sent it here */
    int is_whole; /* it has arrived */
} parcel;

static parcel *under_way, *arriving; /* arriving: in the order in which they were sent by each */
static int woken;

/* Releases what has been received. */
static void release(void)
{
    for (parcel **s = &under_way; *s;) {
        int done = 1;
        parcel *at = *s;
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
    parcel *s = bytes <= INT_MAX ? malloc(sizeof *s) : NULL;
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

/* Begins to receive what somebody sends. 1: something; 0: nobody does; -1: that fails. Large messages arrive
 * while other things are done, since whoever sends one may be stopped. */
static int begin_receiving(void)
{
    enum { UNIT = 64 };
    int is_there = 0, count = 0;
    MPI_Message about;
    MPI_Status status;
    if (MPI_Improbe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &is_there, &about, &status) != MPI_SUCCESS) return -1;
    if (!is_there) return 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    parcel *p = calloc(1, sizeof *p), **end = &arriving;
    void *room = aligned_alloc(UNIT, ((size_t)count + UNIT) / UNIT * UNIT);
    if (!p || !room || MPI_Imrecv(room, count, MPI_BYTE, &about, &p->request) != MPI_SUCCESS) {
        free(p), free(room);
        return -1;
    }
    p->message = room, p->bytes = (size_t)count, p->from = status.MPI_SOURCE;
    while (*end) end = &(*end)->next;
    *end = p;
    return 1;
}

/* 1 if one before it is of the same rank. */
static int must_wait(const parcel *p)
{
    for (const parcel *other = arriving; other != p; other = other->next)
        if (other->from == p->from) return 1;
    return 0;
}

/* A message that is whole, or NULL; the caller frees it, and what is in it. */
static parcel *take(void)
{
    for (parcel **at = &arriving; *at; at = &(*at)->next) {
        parcel *p = *at;
        if (!p->is_whole) MPI_Test(&p->request, &p->is_whole, MPI_STATUS_IGNORE);
        if (!p->is_whole || must_wait(p)) continue;
        *at = p->next;
        return p;
    }
    return NULL;
}

/* MPI waits by asking again and again, which would take a processor from the work: so it is asked seldom
 * while nobody says anything. */
static int receive(void *unused, double seconds, int *from, void **message, size_t *bytes)
{
    const long shortest = 20000, longest = 1000000; /* nanoseconds */
    double until = now() + seconds;
    (void)unused;
    for (long pause = shortest;; pause = pause < longest / 2 ? 2 * pause : longest) {
        release();
        int begun = begin_receiving();
        if (begun < 0) {
            *from = -1;
            return -1;
        }
        parcel *p = take();
        if (p) {
            *from = p->from, *message = p->message, *bytes = p->bytes;
            free(p);
            return 1;
        }
        if (__atomic_exchange_n(&woken, 0, __ATOMIC_ACQ_REL) || now() >= until) return 0;
        if (begun || arriving || under_way) pause = shortest; /* MPI sends and receives while it is asked */
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

static void wake(void *unused)
{
    (void)unused;
    __atomic_store_n(&woken, 1, __ATOMIC_RELEASE);
}

/* Nobody takes what comes now, but it must arrive, or those who send it would wait for ever. */
static void pass_over(void)
{
    parcel *p;
    while (begin_receiving() > 0) {
    }
    while ((p = take()) != NULL) {
        free(p->message);
        free(p);
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Until all have sent what they had, and received it. */
static void finish_sending(void *unused)
{
    int met = 0;
    MPI_Request all;
    (void)unused;
    for (; under_way; release()) pass_over();
    if (MPI_Ibarrier(MPI_COMM_WORLD, &all) == MPI_SUCCESS)
        for (; !met; MPI_Test(&all, &met, MPI_STATUS_IGNORE)) pass_over();
    while (arriving) pass_over();
    MPI_Finalize();
}

static void abort_all(void *unused, const char *why)
{
    enum { ABORT_SECONDS = 20 };
    (void)unused;
    say_why(why);
    alarm(ABORT_SECONDS); /* there are MPIs in which it may never return */
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
