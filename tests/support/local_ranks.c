#include "local_ranks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A message on its way out: its length, then its bytes. */
typedef struct leaving {
    struct leaving *next;
    uint64_t bytes;
    size_t done; /* of both */
    char *message;
} leaving;

/* The other end of a socket. */
typedef struct peer {
    int fd, process;
    leaving *first, **end;
    uint64_t bytes; /* of the message that arrives */
    size_t done;    /* of its length and it */
    char *message;
} peer;

static struct {
    int rank, ranks, is_mesh, event;
    peer peers[LOCAL_RANKS]; /* of rank 0, and in a mesh, all others; else rank 0 */
} here;

/* Becomes the ranks; links [ranks, ranks] has at a, b the end of a that leads to b, or -1. */
static int become(int ranks, int *links)
{
    here.ranks = ranks;
    for (int i = 1; i < ranks && here.rank == 0; i++) {
        int process = fork();
        if (process == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            here.rank = i;
        }
        here.peers[i].process = process;
    }
    for (int i = 0; i < LOCAL_RANKS; i++) here.peers[i].fd = i < ranks ? links[here.rank * ranks + i] : -1;
    for (int i = 0; i < ranks * ranks; i++)
        if (i / ranks != here.rank && links[i] >= 0) close(links[i]);
    here.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return here.rank;
}

static int fork_ranks(int ranks, int is_mesh)
{
    int *links = malloc((size_t)(ranks * ranks) * sizeof *links), pair[2];
    if (!links) abort();
    here.is_mesh = is_mesh;
    for (int i = 0; i < ranks * ranks; i++) links[i] = -1;
    for (int i = 0; i < (is_mesh ? ranks : 1); i++)
        for (int k = i + 1; k < ranks; k++) {
            if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) abort();
            links[i * ranks + k] = pair[0], links[k * ranks + i] = pair[1];
        }
    int rank = become(ranks, links);
    free(links);
    return rank;
}

int local_ranks_fork(int ranks)
{
    return fork_ranks(ranks, 0);
}

int local_ranks_fork_mesh(int ranks)
{
    return fork_ranks(ranks, 1);
}

int local_ranks_process(int rank)
{
    return here.peers[rank].process;
}

/* What the socket takes now; -1: nobody is there. */
static int flush(peer *p)
{
    while (p->first) {
        leaving *l = p->first;
        int head = l->done < sizeof l->bytes;
        const char *from =
            head ? (const char *)&l->bytes + l->done : l->message + (l->done - sizeof l->bytes);
        size_t left = head ? sizeof l->bytes - l->done : l->bytes + sizeof l->bytes - l->done;
        ssize_t sent = left ? send(p->fd, from, left, MSG_NOSIGNAL) : 0;
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        if (sent < 0) return -1;
        l->done += (size_t)sent;
        if (l->done < l->bytes + sizeof l->bytes) continue;
        p->first = l->next;
        free(l->message);
        free(l);
    }
    return 0;
}

static int send_message(void *unused, int to, void *message, size_t bytes)
{
    peer *p = &here.peers[to];
    leaving *l = malloc(sizeof *l);
    (void)unused;
    if (!l || p->fd < 0) {
        free(l), free(message);
        return -1;
    }
    *l = (leaving){.bytes = bytes, .message = message};
    if (!p->first) p->end = &p->first;
    *p->end = l;
    p->end = &l->next;
    return flush(p);
}

/* 1: a message is complete; 0: not yet; -1: nobody is there. */
static int read_from(peer *p)
{
    enum { UNIT = 64 };
    for (;;) {
        int head = p->done < sizeof p->bytes;
        if (!head && !p->message) p->message = aligned_alloc(UNIT, (p->bytes + UNIT) / UNIT * UNIT);
        char *to = head ? (char *)&p->bytes + p->done : p->message + (p->done - sizeof p->bytes);
        size_t left = head ? sizeof p->bytes - p->done : p->bytes + sizeof p->bytes - p->done;
        ssize_t got = recv(p->fd, to, left, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return 0;
        if (got <= 0) return -1;
        p->done += (size_t)got;
        if (!head && p->done == p->bytes + sizeof p->bytes) return 1;
    }
}

static int take(int rank, int *from, void **message, size_t *bytes)
{
    peer *p = &here.peers[rank];
    int got = read_from(p);
    *from = rank;
    if (got < 0) {
        close(p->fd);
        p->fd = -1;
        free(p->message);
    }
    if (got <= 0) return got;
    *message = p->message, *bytes = p->bytes;
    p->message = NULL, p->done = 0;
    return 1;
}

static int receive(void *unused, double seconds, int *from, void **message, size_t *bytes)
{
    static int turn;
    struct pollfd polled[LOCAL_RANKS + 1];
    uint64_t count;
    (void)unused;
    for (int i = 0; i < here.ranks; i++)
        polled[i] = (struct pollfd){.fd = here.peers[i].fd,
                                    .events = (short)(POLLIN | (here.peers[i].first ? POLLOUT : 0))};
    polled[here.ranks] = (struct pollfd){.fd = here.event, .events = POLLIN};
    if (poll(polled, (nfds_t)here.ranks + 1, (int)(seconds * 1000) + 1) <= 0) return 0;
    if (polled[here.ranks].revents && read(here.event, &count, sizeof count) < 0) return 0;
    for (int i = 0; i < here.ranks; i++)
        if (polled[i].revents & POLLOUT) flush(&here.peers[i]);
    for (int k = 0; k < here.ranks; k++) {
        int i = turn = (turn + 1) % here.ranks;
        int got = polled[i].revents & ~POLLOUT ? take(i, from, message, bytes) : 0;
        if (got) return got;
    }
    return 0;
}

static void wake(void *unused)
{
    uint64_t one = 1;
    (void)unused;
    if (write(here.event, &one, sizeof one) < 0) return;
}

static void close_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < here.ranks; i++) {
        peer *p = &here.peers[i];
        if (p->fd < 0) continue;
        fcntl(p->fd, F_SETFL, 0); /* what is left is waited for */
        flush(p);
        close(p->fd);
        free(p->message);
    }
    close(here.event);
    for (int i = 1; here.rank == 0 && i < here.ranks; i++) waitpid(here.peers[i].process, NULL, 0);
}

static void abort_all(void *unused, const char *why)
{
    (void)unused;
    if (why) fprintf(stderr, "dc3: %s\n", why);
    for (int i = 1; here.rank == 0 && i < here.ranks; i++) kill(here.peers[i].process, SIGKILL);
    for (int i = 1; here.rank == 0 && i < here.ranks; i++) waitpid(here.peers[i].process, NULL, 0);
    _exit(1);
}

int local_ranks_open(void *unused, dc3_transport *transport)
{
    (void)unused;
    *transport = (dc3_transport){.rank = here.rank,
                                 .ranks = here.ranks,
                                 .is_mesh = here.is_mesh,
                                 .send = send_message,
                                 .receive = receive,
                                 .wake = wake,
                                 .close = close_all,
                                 .abort = abort_all};
    return 0;
}
