/* What the subcommands share. */
#ifndef DC3_CLI_H
#define DC3_CLI_H

#include <glib.h>
#include <jansson.h>
#include <limits.h>
#include "dc3/condense.h"

/* Exit statuses; EXIT_DESCRIBED never leaves the program. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DESCRIBED = 3 };

typedef struct command {
    const char *name, *summary;
    const char *arguments; /* as the usage line shows them */
    const char *examples;  /* lines of help */
    int (*run)(const struct command *command, int argc, char **argv);
} command;

/* The program itself, without `run`; its commands, the last one without a name. */
extern const command program, commands[];
extern const char exit_statuses[]; /* a sentence */

int run_condense(const command *c, int argc, char **argv);
int run_bins(const command *c, int argc, char **argv);
int run_select(const command *c, int argc, char **argv);
int run_compensate(const command *c, int argc, char **argv);
int run_edit(const command *c, int argc, char **argv);
int run_contact(const command *c, int argc, char **argv);
int run_train(const command *c, int argc, char **argv);
int run_evaluate(const command *c, int argc, char **argv);
int run_compare(const command *c, int argc, char **argv);
int run_label(const command *c, int argc, char **argv);
int run_info(const command *c, int argc, char **argv);
int run_measure(const command *c, int argc, char **argv);
int run_status(const command *c, int argc, char **argv);
int run_report(const command *c, int argc, char **argv);

/* Values of the options that several commands have. */
typedef struct settings {
    dc3_condense_options options;
    char *objective, *maximizer, *gradient, *seed;
    int json, quiet;
} settings;

enum { OPTIONS_MODEL = 1, OPTIONS_SELECT = 2, OPTIONS_STORE = 4, OPTIONS_TEACHER = 8, OPTIONS_METHOD = 16 };
/* Random choices and threads; a dataset; the VAE's features of it; a stored set. */
enum { OPTIONS_COMPUTE = 32, OPTIONS_DATA = 64, OPTIONS_FEATURES = 128, OPTIONS_SET = 256 };

/* Parses argv with the option groups given and `own` ones of the command. EXIT_DONE to go on with *rest (the
 * words that are no options, two NULLs behind them, owned by the caller: g_strfreev); other values are the
 * exit status. `--help` prints and gives -1. */
int parse(const command *c, int argc, char **argv, int groups, const GOptionEntry *own, settings *s,
          char ***rest);
/* Numbers whose default is 0 hold this while options are read, so that a given 0 is told apart. */
enum { NOT_GIVEN = INT_MIN };
/* Puts 0 where nothing was given; else a usage error unless the value lies in low..high. */
int whole_number(const command *c, const char *name, int *value, int low, int high);
/* The same for a real number above 0 and at most `high`. */
int positive_number(const command *c, const char *name, double *value, double high);
/* Prints "dc3: text" and the way to help; returns EXIT_USAGE. */
int usage_error(const command *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* EXIT_DONE if `rest` is one word; else a usage error: "expected one WHAT" of more, "which WHICH?" of none.
 */
int one_word(const command *c, char **rest, const char *what, const char *which);
/* The exit status of a library call; prints its error. `kept` tells what is left after an interruption and
 * how to continue, or NULL. */
int finish(dc3_status status, const char *kept);
/* The editor that comes with the program, unless one is given. */
void use_own_editor(settings *s);
/* A JSON string of bytes that may not be UTF-8 (dc3_text_utf8). */
json_t *json_text(const char *bytes);
/* Prints a JSON document, which it releases, and a line feed. */
void print_json(json_t *document);
/* Where a single result went: as text, or {"out": path}. */
void print_result(const settings *s, const char *path);
/* The report of a run, as text to standard output or as JSON. */
void print_report(const settings *s, const dc3_condense_report *report, const char *out);
/* What is printed from the commands' options instead of running them: a manual page, a completion. */
typedef void describer(const command *c, const GOptionEntry *const *groups, int count, int methods);
/* Calls describe with the option groups of `c` (NULL among them: left out), each up to an entry without a
 * name; `methods`: the command takes dc3_method_name. */
void describe_options(const command *c, describer *describe);
/* The words that an option of a command takes, NULL behind the last; NULL: no certain ones. */
const char *const *option_values(const command *c, const char *option);
/* 1 if an option takes several values, separated by commas. */
int takes_list(const GOptionEntry *entry);
/* The manual page of a command or the program, in roff; the completion of "bash" or "zsh", 0 for others. */
void print_manual(const command *c);
int print_completion(const char *shell);

/* The signal that interrupted the program, or 0. */
int caught_signal(void);

#endif
