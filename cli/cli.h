/* What the subcommands share. */
#ifndef DC3_CLI_H
#define DC3_CLI_H

#include <glib.h>
#include <jansson.h>
#include "dc3/condense.h"

/* Exit statuses. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef struct command {
    const char *name, *summary;
    const char *arguments; /* as the usage line shows them */
    const char *examples;  /* lines of help */
    int (*run)(const struct command *command, int argc, char **argv);
} command;

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
int run_measure(const command *c, int argc, char **argv);

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
 * words that are no options, NULL-terminated, owned by the caller: g_strfreev); other values are the exit
 * status. `--help` prints and gives -1. */
int parse(const command *c, int argc, char **argv, int groups, const GOptionEntry *own, settings *s,
          char ***rest);
/* Prints "dc3: text" and the way to help; returns EXIT_USAGE. */
int usage_error(const command *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
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
/* The signal that interrupted the program, or 0. */
int caught_signal(void);

#endif
