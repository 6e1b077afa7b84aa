#include "several.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"

static int people = STDERR_FILENO; /* a descriptor that they read */

void say_why(const char *why)
{
    if (why) dprintf(people, "dc3: %s\n", why);
}

/* Seconds of DC3_SILENCE, by default three minutes; 0 with the error told. */
static double silence(void)
{
    const char *text = getenv("DC3_SILENCE");
    char *end = NULL;
    double seconds = text ? g_ascii_strtod(text, &end) : 180;
    if (seconds >= 1 && seconds <= 86400 && (!text || !*end)) return seconds;
    fprintf(stderr, "dc3: DC3_SILENCE: expected 1 to 86400 seconds, found '%s'\n", text);
    return 0;
}

static int left;

/* --help ends the process inside of GLib. */
static void leave_at_exit(void)
{
    if (!left) leave_ranks(EXIT_DONE);
}

int join_by(dc3_transport_open opener, void *user)
{
    double seconds = silence();
    if (seconds == 0) return 0;
    if (dc3_ranks_begin(opener, user, seconds) != DC3_OK) {
        print_note("dc3: ", dc3_error_text());
        return 0;
    }
    atexit(leave_at_exit);
    if (dc3_ranks_rank() == 0) return 1;
    int nowhere = open("/dev/null", O_WRONLY);
    people = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (nowhere < 0 || people < 0) return 1; /* then it is only said twice */
    dup2(nowhere, STDOUT_FILENO), dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    return 1;
}

int leave_ranks(int status)
{
    left = 1;
    int told = dc3_ranks_rank() == 0; /* the others' failures are rank 0's to tell */
    dc3_ranks_end(status == EXIT_DONE ? DC3_OK : DC3_ERR_ARGUMENT);
    return told ? status : EXIT_DONE;
}
