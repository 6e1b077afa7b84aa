/* What the subcommands share. */
#ifndef DC3_CLI_H
#define DC3_CLI_H

#include <glib.h>
#include <jansson.h>
#include <stddef.h>
#include "dc3/condense.h"
#include "dc3/edit_options.h"
#include "dc3/evaluate.h"
#include "dc3/search.h"

/* Exit statuses. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* ---- options (options.c) ---- */

/* How the value of an option is read, and the type of the field that it is stored in. */
typedef enum option_kind {
    OPTION_FLAG,   /* no value; int: 1 */
    OPTION_TEXT,   /* UTF-8; const char *, valid until the program ends */
    OPTION_WORD,   /* a word of dc3_option_names; its constant, an enum */
    OPTION_CODING, /* "webp:30"; format, quality and chroma of a dc3_condense_options */
    OPTION_PATH,   /* any bytes; the same */
    OPTION_MODEL,  /* a path, or a name of the Hugging Face Hub, which is looked up in its cache; the same */
    OPTION_PATHS,  /* the option may be repeated; const char **, NULL behind the last; g_free */
    OPTION_WHOLE,  /* int */
    OPTION_REAL,   /* double */
    OPTION_BYTES,  /* "5MB"; double */
    OPTION_SEED    /* uint64_t */
} option_kind;

/* Which numbers are taken; `high` below `low`: the library checks them. */
typedef struct option_range {
    double low, high;
    int above;        /* 1: not `low` itself */
    int either;       /* 1: `low` and `high` alone */
    const char *unit; /* of what, in a message */
} option_range;
#define ANY                                                                                                  \
    {                                                                                                        \
        0, -1, 0, 0, ""                                                                                      \
    }
#define WITHIN(low, high)                                                                                    \
    {                                                                                                        \
        low, high, 0, 0, ""                                                                                  \
    }
#define EITHER(low, high)                                                                                    \
    {                                                                                                        \
        low, high, 0, 1, ""                                                                                  \
    }
#define ABOVE_0(high)                                                                                        \
    {                                                                                                        \
        0, high, 1, 0, ""                                                                                    \
    }
/* What the bundled model knows, as its model_index.json lists it (tests/cli/test_words.sh). */
#define MINI_KNOWS                                                                                           \
    "dc3-mini knows sunny, golden hour, sepia, vivid colors, daylight, rainy, snowy, frozen lake, "          \
    "infrared, "                                                                                             \
    "underwater, natural colors (all words: dc3 info MODEL --json)"
#define FROM_1(unit)                                                                                         \
    {                                                                                                        \
        1, INT_MAX, 0, 0, unit                                                                               \
    }

typedef struct option {
    const char *name; /* without dashes; NULL behind the last of a table */
    char letter;      /* 0: none */
    option_kind kind;
    size_t offset; /* of its field in the values of the command */
    option_range range;
    const char *help;
    const char *value; /* as the help names it */
} option;

/* The values of the options that several commands have. The values of each command begin with them. */
typedef struct settings {
    dc3_condense_options options;
    dc3_evaluate_options student; /* its recipe alone */
    int json, quiet, search;      /* search: condense finds first how its budget is spent best */
    double search_images;
} settings;

/* Tables of options whose values are in `settings`: random choices and threads; how the result is printed; a
 * dataset; which of its images; that they have no classes; the VAE's features of it; a condensed set; the
 * editor; the method; the selection; the teacher; the teacher that the command trains; the backbone; adapters
 * of the editor; how many images over all classes; stored images; whether a file is replaced. */
extern const option compute_options[], result_options[], data_options[], choice_options[],
    unlabelled_options[], features_options[], set_options[], model_options[], method_options[],
    select_options[], teacher_options[], own_teacher_options[], backbone_options[], given_options[],
    adapter_options[], amount_options[], store_options[], force_options[];
/* A student's recipe: its name and how views are drawn; the rest of it. */
extern const option view_options[], recipe_options[];
/* Takes what was given of them over. */
void take_recipe(const settings *s, dc3_evaluate_options *to);
/* The settings of an edit, which the library's table has (dc3/edit_options.h), and those of them that images
 * are generated with. */
enum { EDITING_OPTIONS = 16 }; /* at most */
extern option editing_options[], sampling_options[];
void fill_editing_options(void);

/* The words that an option of a command takes, NULL behind the last; NULL: no certain ones. */
struct command;
const char *const *option_values(const struct command *c, const char *name);
/* 1 if an option takes several values, separated by commas. */
int takes_list(const option *o);

/* ---- commands (main.c) ---- */

typedef struct command {
    const char *name, *summary;
    const char *arguments;        /* as the usage line shows them */
    const char *examples;         /* lines of help */
    const option *const *options; /* tables, NULL behind the last */
    int (*run)(const struct command *command, int argc, char **argv);
} command;

/* Runs through the options of a command: `table` and `o` are declared here. */
#define EACH_OPTION(command, table, o)                                                                       \
    for (const option *const *table = (command)->options; *table; table++)                                   \
        for (const option *o = *table; o->name; o++)

/* The program itself, without `options` and `run`; its commands, NULL behind the last. */
extern const command program;
extern const command *const commands[];
extern const char exit_statuses[]; /* a sentence */

extern const command condense_command, bins_command, select_command, compensate_command, take_command,
    duplicates_command, edit_command, generate_command, contact_command, label_command, train_command,
    evaluate_command, compare_command, measure_command, status_command, info_command, report_command,
    finetune_command, pull_command;

/* ---- several processes (ranks/: one of its files stands for each program) ---- */

/* Before anything else: joins the ranks of this run, if there are others; what ranks other than the first say
 * of their work goes nowhere. 0 with the error told. */
int join_ranks(void);
/* At the end, with the exit status of the command; returns that of the process. */
int leave_ranks(int status);

/* ---- options of a command (options.c) ---- */

/* 1 if a table is among the command's. */
int has_options(const command *c, const option *table);
/* The option of a word such as "--ipc" or "--ipc=3", and of a letter; NULL: there is none. */
const option *long_option(const command *c, const char *word);
const option *short_option(const command *c, char letter);

/* ---- values (read_value.c) ---- */

/* Reads the text of an option that was written as `name` ("--ipc", "-n") into its field. 0 with a GError of
 * G_OPTION_ERROR whose message is for the user. Texts are interned, so that nobody owns them. */
int read_value(const option *o, const char *name, const char *text, void *field, GError **error);
/* The same of bytes with a unit, of decimal steps or of binary ones, in capitals or not: "500kB",
 * "5 MiB", "20kb". */
int read_bytes(const char *name, const char *text, double *value, GError **error);

/* ---- command lines that are not understood (explain.c) ---- */

/* Prints what GLib or read_value found wrong, and the option that may be meant; returns EXIT_USAGE. */
int explain(const command *c, char **argv, const GError *error);

/* ---- the command line (parse.c) ---- */

/* Reads argv into `values`, a struct that begins with `settings`: fills those with their defaults first; the
 * rest of it holds the caller's. EXIT_DONE to continue with *rest (the words that are no options, two NULLs
 * behind them, owned by the caller: g_strfreev); other values are the exit status. `--help` prints and ends
 * the program. Signals are caught from here on. */
int parse(const command *c, int argc, char **argv, void *values, char ***rest);
/* 1 if the option was there on the command line that was read. */
int is_given(const command *c, const char *name);
/* EXIT_DONE if `rest` is one word; else a usage error: "expected one WHAT" of more, "which WHICH?" of none.
 */
int one_word(const command *c, char **rest, const char *what, const char *which);

/* ---- names of settings (setting_names.c) ---- */

/* From here on the library's texts speak of options: "--top-k" for top_k. */
void name_settings(void);

/* ---- how many images (stages.c) ---- */

/* EXIT_DONE unless both --ipc and what takes its place are there. */
int check_amount(const command *c);

/* ---- signals (signals.c) ---- */

/* From here on SIGINT and SIGTERM cancel the calls of the library that are given this. */
const dc3_cancel *catch_signals(void);
/* The signal that interrupted the program, or 0. */
int caught_signal(void);

/* ---- progress (progress_bar.c) ---- */

/* Bars and messages on standard error. */
extern const dc3_listener progress_listener;
/* The same where what is counted is bytes. */
extern const dc3_listener bytes_listener;

/* ---- names of the Hugging Face Hub (hub_names.c) ---- */

/* The path of a name hf:OWNER/NAME, interned, and anything else as it is. EXIT_DONE, or what to exit with
 * after the message. */
int find_model(const char *text, const char **path);
/* The same for the options of the command that are models, in its values; a name of several, A,B, is one
 * each. */
int find_models(const command *c, void *values);

/* ---- the editor and the backbone (own_editor.c) ---- */

/* The directory of an editor that was given: of NULL and of "dc3-mini", unless the current directory has
 * something of that name, the one that comes with the program. */
const char *editor_of(const char *given);

/* Where no backbone was given: the one that was fetched for the program, if it is there, as a default. */
void choose_backbone(dc3_condense_options *options);

/* ---- printing (print.c) ---- */

/* Prints "dc3: text" and the way to help; returns EXIT_USAGE. */
int usage_error(const command *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A line on standard error of a text that may hold names of files, which may hold anything: what a terminal
 * would obey is shown. */
void print_note(const char *before, const char *text);
/* The exit status of a library call; prints its error. `remains` tells what is left after an interruption and
 * how to continue, or NULL. */
int finish(dc3_status status, const char *remains);
/* A JSON string of bytes that may not be UTF-8 (dc3_text_utf8). */
json_t *json_text(const char *bytes);
/* What the word behind a number of things ends with: "" of one, else "s". */
const char *plural(int64_t count);
/* Prints a JSON document, which it releases, and a line feed. */
void print_json(json_t *document);
/* What a checkpoint of a training or a labelling holds, for the caller to release: "file", "of" (steps or
 * labels), "done", "total" (0: not known). NULL: nothing is there that can be read. */
json_t *saved_in(const char *checkpoint);
/* The same as a line; nothing of NULL. */
void print_saved(const json_t *saved);
void print_json_line(json_t *document);
/* Where a single result went: as text, or {"out": path}. */
void print_result(const settings *s, const char *path);
/* "estimate: about 3 h", or {"estimate_seconds": 10800}. */
void print_estimate(const settings *s, double seconds);
/* The report of a run, as text to standard output or as JSON. */
void print_report(const settings *s, const dc3_condense_report *report, const char *out);

/* ---- manual pages and completions (man.c, completion.c) ---- */

/* The manual page of a command or the program, in roff; the completion of "bash" or "zsh", 0 for others. */
void print_manual(const command *c);
int print_completion(const char *shell);

#endif
