/* dc3: dataset condensation with colour compensation. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "dc3/ranks.h"
#include "dc3/text.h"

const command program = {"dc3",
                         "a few images of each class that train almost as well as all of them",
                         "COMMAND [OPTIONS]",
                         "  dc3 condense photos/train -o photos-ipc10 --ipc 10     10 images per class into "
                         "photos-ipc10/train/\n  dc3 condense photos/train -o x --ipc 10 --dry-run      how "
                         "long that will take\n  dc3 edit street.jpg --prompt 'golden hour' -o evening.png",
                         NULL,
                         NULL};
const char exit_statuses[] = "0 done, 1 failed, 2 wrong use, 130 or 143 interrupted.";

const command *const commands[] = {
    &condense_command,   &bins_command,    &select_command,   &compensate_command, &take_command,
    &duplicates_command, &edit_command,    &contact_command,  &label_command,      &train_command,
    &evaluate_command,   &compare_command, &finetune_command, &generate_command,   &measure_command,
    &status_command,     &info_command,    &report_command,   &pull_command,       NULL};

/* Those that several ranks work on. */
static const command *const shared[] = {&condense_command,   &bins_command,    &select_command,
                                        &compensate_command, &label_command,   &train_command,
                                        &evaluate_command,   &compare_command, &finetune_command,
                                        &generate_command,   &measure_command, NULL};

static void help(FILE *to)
{
    fprintf(to, "%s %s: %s\n\nUsage: %s %s\n\n", program.name, dc3_version(), program.summary, program.name,
            program.arguments);
    for (const command *const *c = commands; *c; c++) fprintf(to, "  %-11s %s\n", (*c)->name, (*c)->summary);
    fprintf(to, "\nExamples:\n%s\n\ndc3 COMMAND --help describes each. Exit status: %s\n", program.examples,
            exit_statuses);
}

static const command *find(const char *name)
{
    for (const command *const *c = commands; *c; c++)
        if (strcmp(name, (*c)->name) == 0) return *c;
    return strcmp(name, program.name) == 0 ? &program : NULL;
}

/* What the installation and the tests ask for, not people. */
static int generate(int argc, char **argv)
{
    const char *what = argv[1], *of = argc == 3 ? argv[2] : NULL;
    const command *c = of ? find(of) : NULL;
    if (strcmp(what, "--commands") == 0 && argc == 2) {
        for (const command *const *each = commands; *each; each++) printf("%s\n", (*each)->name);
        return EXIT_DONE;
    }
    if (strcmp(what, "--man") == 0 && c) {
        print_manual(c);
        return EXIT_DONE;
    }
    if (strcmp(what, "--completion") == 0 && of && print_completion(of)) return EXIT_DONE;
    fprintf(stderr,
            "dc3: expected dc3 COMMAND, --help, --version, --man COMMAND or --completion bash|zsh; "
            "found '%s%s%s'\nTry: dc3 --help\n",
            what, of ? " " : "", of ? of : "");
    return EXIT_USAGE;
}

static int unknown(const char *name)
{
    enum { MOST = 64 };
    const char *names[MOST];
    char hint[DC3_HINT_SIZE];
    size_t n = 0;
    for (const command *const *c = commands; *c && n < MOST; c++) names[n++] = (*c)->name;
    fprintf(stderr, "dc3: there is no command '%s'%s\nTry: dc3 --help\n", name,
            dc3_hint(name, names, n, hint));
    return EXIT_USAGE;
}

/* EXIT_DONE, or several ranks were begun for a command that one does alone. */
static int check_ranks(const command *c)
{
    char names[200] = "";
    for (const command *const *each = shared; *each; each++) {
        if (*each == c) return EXIT_DONE;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", (*each)->name);
    }
    if (dc3_ranks_count() == 1) return EXIT_DONE;
    fprintf(stderr, "dc3: %s works with one rank, found %d; of several ranks take: %s\n", c->name,
            dc3_ranks_count(), names);
    return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    int helps = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
    if (argc < 2 || (helps && argc == 2)) {
        help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        printf("dc3 %s\n", dc3_version());
        return EXIT_DONE;
    }
    if (*word == '-' && !helps) return generate(argc, argv);
    const char *name = helps ? argv[2] : word;
    const command *c = find(name);
    if (!c || !c->run) return unknown(name);
    if (helps) return c->run(c, 2, (char *[]){argv[2], (char[]){"--help"}, NULL});
    if (check_ranks(c) != EXIT_DONE) return EXIT_USAGE;
    return c->run(c, argc - 1, argv + 1);
}

/* With less address space OpenBLAS cannot start its threads, and waits for them for ever. */
static void check_limit(void)
{
    const rlim_t least = (rlim_t)1 << 30;
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY || space.rlim_cur >= least)
        return;
    fprintf(stderr, "dc3: the limit of address space (ulimit -v) is %.0f MB; expected %.0f MB or more\n",
            (double)space.rlim_cur * 1e-6, (double)least * 1e-6);
    _exit(EXIT_FAILED);
}

/* Descriptors that were closed before the start are opened so that they still fail: else the next file that
 * is opened, such as the lock of a run, would be what messages are written to. */
static void fill_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest that is free: fd */
}

/* Blocks of 8 MiB and more go back to the system when they are freed. By default glibc raises this threshold
 * to 32 MiB once such blocks come and go, as those of decoded images do, and its heap then keeps several
 * times what an image takes. */
static void return_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
}

int main(int argc, char **argv)
{
    return_memory();
    fill_descriptors();
    check_limit();
    /* Text is UTF-8 whatever the environment says; numbers keep their points. */
    setlocale(LC_CTYPE, "C.UTF-8");
    name_settings();
    fill_editing_options();
    if (!join_ranks()) return EXIT_FAILED;
    int status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return leave_ranks(status);
    fprintf(stderr, "dc3: cannot write to the standard output: %s\n", strerror(errno));
    return leave_ranks(status == EXIT_DONE ? EXIT_FAILED : status);
}
