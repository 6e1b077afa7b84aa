/* condense DATA MODEL OUT [STAGE]: condenses the dataset DATA to two images of each class in the folder OUT,
 * and says how far it is. Ctrl-C, or reaching STAGE ("compensation"), cancels it; the same command without
 * STAGE resumes.
 *
 *     cc condense.c $(pkg-config --cflags --libs dc3) -o condense && ./condense photos dc3-mini small */
#include <dc3/dc3.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* All zero: not set. */
static dc3_cancel stop;

static void interrupted(int number)
{
    (void)number;
    dc3_cancel_set(&stop); /* safe in a signal handler */
}

/* Called on this thread; user is what the listener says. */
static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const char *last = user;
    if (total > 0)
        printf("%s %" PRId64 " of %" PRId64 "\n", stage, done, total);
    else
        printf("%s %" PRId64 "\n", stage, done);
    if (last && strcmp(stage, last) == 0) dc3_cancel_set(&stop);
}

static void message(void *user, const char *text)
{
    (void)user;
    printf("%s\n", text);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) return fprintf(stderr, "usage: condense DATA MODEL OUT [STAGE]\n"), 2;
    signal(SIGINT, interrupted);

    dc3_condense_options options = dc3_condense_defaults();
    options.data = argv[1];
    options.editor = argv[2];
    options.out = argv[3];
    options.teacher = "none"; /* images are as similar as their VAE features: nothing has to be trained */
    options.select.ipc = 2;
    options.select.threads = 2;
    options.listener.progress = progress;
    options.listener.message = message;
    options.listener.user = argc > 4 ? argv[4] : NULL;
    options.listener.cancel = &stop;

    dc3_condense_report report;
    dc3_status status = dc3_condense(&options, &report);
    if (status == DC3_ERR_CANCELLED) {
        printf("cancelled; the same command resumes\n");
        return 3;
    }
    if (status != DC3_OK) return fprintf(stderr, "%s\n", dc3_error_text()), 1;
    printf("%" PRId64 " of %" PRId64 " images stored in %s/train\n", report.stored, report.images,
           options.out);
    return 0;
}
