/* The last that ranks say: of rank 0 that the run ends, of another that it has ended. What would be said
 * after that reaches nobody, and a transport that waits until all has been received (MPI between machines)
 * would wait for ever. The transport here is slow with these messages, so that "it is there" is due right
 * after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "ranks/message.h"
#include "ranks/ranks.h"

enum { WAITS = 5 };

typedef struct wire {
    int rank, last;   /* of two ranks; the kind of message that is to be its last */
    int said, behind; /* whether that was sent, and how many were behind it */
    int calls;        /* of receive, since then */
} wire;

static int send(void *self, int to, void *message, size_t bytes)
{
    wire *w = self;
    int is_last = ((dc3_message *)message)->kind == w->last;
    (void)to, (void)bytes;
    free(message);
    w->behind += w->said;
    if (is_last) w->said = 1, usleep(400000);
    return 0;
}

/* Rank 1 hears at once that the run ends; rank 0 that the other has ended a while after it said so. */
static int receive(void *self, double seconds, int *from, void **message, size_t *bytes)
{
    wire *w = self;
    (void)seconds;
    usleep(20000);
    w->calls += w->rank || w->said;
    if (w->calls != (w->rank ? 1 : WAITS)) return 0;
    *message = dc3_message_make(w->rank ? DC3_MESSAGE_END : DC3_MESSAGE_BYE, 0, 0, 0);
    *from = !w->rank, *bytes = sizeof(dc3_message);
    return 1;
}

static void finish(void *self)
{
    (void)self;
}

static void give_up(void *self, const char *why)
{
    (void)self, (void)why;
    _exit(2);
}

static int open_wire(void *user, dc3_transport *t)
{
    wire *w = user;
    *t = (dc3_transport){.rank = w->rank,
                         .ranks = 2,
                         .self = w,
                         .send = send,
                         .receive = receive,
                         .close = finish,
                         .abort = give_up};
    return 0;
}

/* In a process of its own, of whose ranks there is one set: 0 where its last message was the last. */
static int end_as(wire w)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (dc3_ranks_begin(open_wire, &w, 1) != DC3_OK) _exit(3);
        dc3_ranks_end(DC3_OK);
        _exit(!w.said || w.behind);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void last_words(void **state)
{
    (void)state;
    assert_int_equal(end_as((wire){.rank = 0, .last = DC3_MESSAGE_END}), 0);
    assert_int_equal(end_as((wire){.rank = 1, .last = DC3_MESSAGE_BYE}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(last_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
