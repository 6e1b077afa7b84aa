/* Interruption by SIGINT and SIGTERM. */
#include "cli.h"

#include <signal.h>

static volatile sig_atomic_t signal_number;
static dc3_cancel interrupted; /* of every call */

static void on_signal(int number)
{
    signal_number = number;
    dc3_cancel_set(&interrupted); /* NOLINT(bugprone-signal-handler): it only sets a flag */
}

/* On a stack of its own: below AVX-512 oneDNN's products run with the stack pointer in a buffer on the heap,
 * where the frame of a handler would overwrite what lies before it. The main thread is the one that the
 * kernel prefers, and the one that calls this. */
const dc3_cancel *catch_signals(void)
{
    enum { SIZE = 1 << 16 }; /* AVX-512's and AMX's registers are some 11 kB of a frame */
    static char memory[SIZE] __attribute__((aligned(64)));
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (sigaltstack(&stack, NULL) == 0) action.sa_flags |= SA_ONSTACK;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &interrupted;
}

int caught_signal(void)
{
    return signal_number;
}
