#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dc3/text.h"

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
static void catch_signals(void)
{
    enum { SIZE = 1 << 16 }; /* AVX-512's and AMX's registers are some 11 kB of a frame */
    static char memory[SIZE] __attribute__((aligned(64)));
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (sigaltstack(&stack, NULL) == 0) action.sa_flags |= SA_ONSTACK;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int caught_signal(void)
{
    return signal_number;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Bars on a terminal, a line each tenth elsewhere. */
static struct {
    char stage[32];
    double start, shown;
    int64_t first, done;
    int tenth, open; /* open: the bar's line has no end yet */
} bar;

/* How many so far, where nobody knows how many there will be; on a terminal in the place of the bar. */
static void count_up(const char *stage, int64_t done, double time, int terminal)
{
    const double often = 0.1, seldom = 10;
    if (time - (bar.shown > 0 ? bar.shown : bar.start) < (terminal ? often : seldom)) return;
    fprintf(stderr, terminal ? "\r%-14s %lld so far " : "%s: %lld so far\n", stage, (long long)done);
    bar.open = terminal;
    bar.shown = time;
}

/* The words with two NULLs behind them, so that rest[1] may be looked at where there is none. */
static char **copy_words(char **words)
{
    char **copy = g_new0(char *, g_strv_length(words) + 2);
    for (int i = 0; words[i]; i++) copy[i] = g_strdup(words[i]);
    return copy;
}

static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    (void)user;
    char left[DC3_NUMBER_TEXT];
    double time = now(), share = total > 0 ? (double)done / (double)total : total ? 0 : 1;
    int terminal = isatty(STDERR_FILENO);
    if (strcmp(bar.stage, stage) != 0 || done < bar.done) {
        snprintf(bar.stage, sizeof bar.stage, "%s", stage);
        bar.start = time;
        bar.first = done; /* a stage may begin in the middle: of an epoch, or of a run that continues */
        bar.shown = 0;
        bar.tenth = (int)(share * 10);
    }
    bar.done = done;
    if (total < 0) {
        count_up(stage, done, time, terminal);
        return;
    }
    double rate = done > bar.first ? (time - bar.start) / (double)(done - bar.first) : 0;
    dc3_duration_text(rate * (double)(total - done), left);
    if (terminal && (time - bar.shown > 0.1 || done == total)) {
        char cells[31];
        for (int i = 0; i < 30; i++) cells[i] = (double)i < share * 30 ? '#' : '.';
        cells[30] = 0;
        fprintf(stderr, "\r%-14s [%s] %lld/%lld  %s left   %s", stage, cells, (long long)done,
                (long long)total, left, done == total ? "\n" : "");
        bar.open = done != total;
        bar.shown = time;
    } else if (!terminal && (int)(share * 10) > bar.tenth && (time - bar.shown > 1 || done == total)) {
        bar.tenth = (int)(share * 10);
        bar.shown = time;
        fprintf(stderr, "%s: %lld of %lld, %s left\n", stage, (long long)done, (long long)total, left);
    }
}

/* A text that may hold names of files, which may hold anything: what a terminal would obey is shown. */
static void say(const char *before, const char *text)
{
    char *safe = dc3_text_printable(text);
    fprintf(stderr, "%s%s\n", before, safe ? safe : "out of memory");
    free(safe);
}

static void message(void *user, const char *text)
{
    (void)user;
    say(bar.open ? "\r\033[K" : "", text); /* over an unfinished bar, which comes again */
    bar.open = 0;
}

int usage_error(const command *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "dc3: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry: dc3 %s%s--help\n", c ? c->name : "", c ? " " : "");
    va_end(args);
    return EXIT_USAGE;
}

int one_word(const command *c, char **rest, const char *what, const char *which)
{
    if (rest[0] && !rest[1]) return EXIT_DONE;
    if (rest[0]) return usage_error(c, "expected one %s, found '%s' too", what, rest[1]);
    return usage_error(c, "which %s?", which);
}

int finish(dc3_status status, const char *kept)
{
    if (status == DC3_OK) return EXIT_DONE;
    if (status == DC3_ERR_CANCELLED && signal_number) {
        fprintf(stderr, "\ndc3: interrupted%s%s\n", kept ? "; " : "", kept ? kept : "");
        return 128 + signal_number;
    }
    say("dc3: ", dc3_error_text());
    return status == DC3_ERR_OPTION ? EXIT_USAGE : EXIT_FAILED;
}

/* The directory of the editor that comes with the program: where DC3_MODELS says, relative to the program,
 * where it was to be installed, or beside the sources it was built from. */
static const char *own_editor(void)
{
    static char path[PATH_MAX + 16];
    char near[PATH_MAX + 32] = "";
    ssize_t length = readlink("/proc/self/exe", near, PATH_MAX - 1);
    near[length > 0 ? length : 0] = 0;
    char *slash = strrchr(near, '/');
    if (slash) strcpy(slash, "/../share/dc3/models");
    const char *places[] = {getenv("DC3_MODELS"), slash ? near : NULL, DC3_INSTALL_MODELS, DC3_SOURCE_MODELS};
    for (int i = 0; i < 4; i++) {
        if (!places[i]) continue;
        snprintf(path, sizeof path, "%.*s/dc3-mini", PATH_MAX, places[i]);
        char index[PATH_MAX + 48];
        snprintf(index, sizeof index, "%s/model_index.json", path);
        if (access(index, R_OK) == 0) return path;
    }
    return "dc3-mini";
}

void use_own_editor(settings *s)
{
    if (!s->options.editor) s->options.editor = own_editor();
}

/* An unknown option as GLib's error names it, "Unknown option --ipx=3", and the command's nearest; NULL:
 * none. */
static const char *nearest(const char *message, const GOptionEntry *const *groups, int count)
{
    const char *word = strrchr(message, ' ');
    if (!word) return NULL;
    char *name = g_strdup(word + 1 + strspn(word + 1, "-"));
    name[strcspn(name, "=")] = 0;
    GPtrArray *names = g_ptr_array_new();
    for (int g = 0; g < count; g++)
        for (const GOptionEntry *e = groups[g]; e && e->long_name; e++)
            g_ptr_array_add(names, (gpointer)(uintptr_t)e->long_name);
    const char *best = dc3_text_nearest(name, (const char *const *)names->pdata, names->len);
    g_ptr_array_free(names, TRUE);
    g_free(name);
    return best;
}

/* GLib's "Cannot parse integer value 'ten' for --ipc" in our words, for the caller to free; NULL: not that.
 */
static char *number_error(const char *text)
{
    int real = g_str_has_prefix(text, "Cannot parse double value ");
    const char *open = strstr(text, "\xe2\x80\x9c"), *close = strstr(text, "\xe2\x80\x9d"),
               *option = strrchr(text, ' ');
    if (!(real || g_str_has_prefix(text, "Cannot parse integer value ")) || !open || !close || !option)
        return NULL;
    return g_strdup_printf("%s: expected a %snumber, found '%.*s'", option + 1, real ? "" : "whole ",
                           (int)(close - open - 3), open + 3);
}

static int choose(const command *c, const char *what, const char *text, int *out)
{
    const char *const *names = option_values(c, what);
    if (!text) return 1;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return 1;
        }
    fprintf(stderr, "dc3: --%s: expected one of", what);
    for (int i = 0; names[i]; i++) fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    char hint[DC3_HINT_SIZE];
    fprintf(stderr, "; found '%s'%s\n", text,
            dc3_hint(text, names, g_strv_length((char **)(uintptr_t)names), hint));
    return 0;
}

int whole_number(const command *c, const char *name, int *value, int low, int high)
{
    int given = *value;
    if (given == NOT_GIVEN) *value = 0;
    if (given == NOT_GIVEN || (given >= low && given <= high)) return EXIT_DONE;
    return usage_error(c, "--%s: expected %d %s %d, found %d", name, low, high == low + 1 ? "or" : "to", high,
                       given);
}

int positive_number(const command *c, const char *name, double *value, double high)
{
    double given = *value;
    if (given == NOT_GIVEN) *value = 0;
    if (given == NOT_GIVEN || (given > 0 && given <= high)) return EXIT_DONE;
    return usage_error(c, "--%s: expected more than 0 and at most %g, found %g", name, high, given);
}

/* The whole numbers: prepares them, or puts the default 0 where none was given and checks the others. */
static int whole_numbers(const command *c, settings *s, int prepare)
{
    dc3_condense_options *o = &s->options;
    const struct {
        const char *name;
        int *value, low, high;
    } all[] = {{"threads", &o->select.threads, 1, 1024},
               {"steps", &o->steps, 1, 1000},
               {"size", &o->size, 8, 4096},
               {"factor", &o->factor, 1, 2},
               {"feature-size", &o->feature_size, 1, 4096},
               {"teacher-size", &o->teacher_size, 1, 1024}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (prepare)
            *all[i].value = NOT_GIVEN;
        else if (whole_number(c, all[i].name, all[i].value, all[i].low, all[i].high) != EXIT_DONE)
            return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The same for guidance, whose default is -1. */
static int real_numbers(const command *c, settings *s, int prepare)
{
    dc3_condense_options *o = &s->options;
    double *values[] = {&o->guidance, &o->image_guidance};
    for (int i = 0; i < 2; i++) {
        double value = *values[i];
        if (prepare)
            *values[i] = NOT_GIVEN;
        else if (value == NOT_GIVEN)
            *values[i] = -1;
        else if (!(value >= 0 && value <= 100))
            return usage_error(c, "--%s: expected 0 to 100, found %g", i ? "image-guidance" : "guidance",
                               value);
    }
    return EXIT_DONE;
}

/* Options that mean nothing without --teacher. */
static int check_teacher(const command *c, const settings *s)
{
    const dc3_condense_options *o = &s->options;
    if (o->teacher || !(o->arch || o->teacher_size || s->gradient)) return EXIT_DONE;
    return usage_error(c, "--%s: needs --teacher",
                       o->arch       ? "arch"
                       : s->gradient ? "gradient"
                                     : "teacher-size");
}

static int read_values(const command *c, settings *s)
{
    if (whole_numbers(c, s, 0) != EXIT_DONE || real_numbers(c, s, 0) != EXIT_DONE ||
        check_teacher(c, s) != EXIT_DONE)
        return EXIT_USAGE;
    int objective = 0, maximizer = 0, gradient = 0;
    if (!choose(c, "objective", s->objective, &objective)) return EXIT_USAGE;
    if (!choose(c, "maximizer", s->maximizer, &maximizer)) return EXIT_USAGE;
    if (!choose(c, "gradient", s->gradient, &gradient)) return EXIT_USAGE;
    s->options.select.objective = (dc3_objective)objective;
    s->options.select.maximizer = (dc3_maximizer)maximizer;
    s->options.select.gradient = (dc3_gradient)gradient;
    if (s->seed) {
        errno = 0;
        s->options.select.seed = strtoull(s->seed, NULL, 10);
        if (!*s->seed || s->seed[strspn(s->seed, "0123456789")] || errno)
            return usage_error(c, "--seed: expected a number from 0 to %llu, found '%s'",
                               (unsigned long long)UINT64_MAX, s->seed);
    }
    if (s->options.select.ipc < 1)
        return usage_error(c, "--ipc: expected 1 or more images per class, found %d", s->options.select.ipc);
    if (s->options.select.bins < 1)
        return usage_error(c, "--bins: expected 1 or more, found %d", s->options.select.bins);
    if (s->options.select.threads == 0) s->options.select.threads = (int)g_get_num_processors();
    s->options.select.strict = s->options.strict;
    if (!s->quiet) s->options.listener = (dc3_listener){.progress = progress, .message = message};
    s->options.listener.cancel = s->options.select.cancel = &interrupted;
    catch_signals();
    return EXIT_DONE;
}

/* The methods, a line each, where a command has them; else "". */
static char *methods_text(int wanted)
{
    GString *text = g_string_new(wanted ? "Methods:\n" : NULL);
    for (int i = 0; wanted && dc3_method_name(i); i++)
        g_string_append_printf(text, "  %-11s %s\n", dc3_method_name(i), dc3_method_summary(i));
    if (wanted) g_string_append(text, "\n");
    return g_string_free(text, FALSE);
}

/* Instead of parsing; NULL: none. */
static describer *describing;

void describe_options(const command *c, describer *describe)
{
    char *words[] = {(char *)(uintptr_t)c->name, NULL};
    describing = describe;
    if (c->run) c->run(c, 1, words);
    describing = NULL;
}

int parse(const command *c, int argc, char **argv, int groups, const GOptionEntry *own, settings *s,
          char ***rest)
{
    dc3_condense_options *o = &s->options;
    memset(s, 0, sizeof *s);
    *o = dc3_condense_defaults();
    whole_numbers(c, s, 1);
    real_numbers(c, s, 1);
    GOptionEntry compute[] = {
        {"threads", 0, 0, G_OPTION_ARG_INT, &o->select.threads, "Threads (default: the processor's cores)",
         "N"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &s->seed, "Seed of all random choices (default 0)", "N"},
        {0}};
    GOptionEntry result[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &s->json, "Print the result as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &s->quiet, "No progress and no notes on standard error", NULL},
        {0}};
    GOptionEntry model[] = {{"editor", 0, 0, G_OPTION_ARG_FILENAME, &o->editor,
                             "Model in the diffusers layout (default: dc3-mini)", "DIR"},
                            {"dtype", 0, 0, G_OPTION_ARG_STRING, &o->dtype,
                             "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
                            {"fit", 0, 0, G_OPTION_ARG_STRING, &o->fit,
                             "Pictures that are not square: crop, squash, pad (default crop)", "HOW"},
                            {0}};
    GOptionEntry features[] = {{"feature-size", 0, 0, G_OPTION_ARG_INT, &o->feature_size,
                                "Pixels at which pictures are encoded (default: suits them)", "N"},
                               {"cache", 0, 0, G_OPTION_ARG_FILENAME, &o->cache,
                                "Folder that keeps features, for other runs on the same data", "DIR"},
                               {0}};
    GOptionEntry data[] = {
        {"strict", 0, 0, G_OPTION_ARG_NONE, &o->strict,
         "End at the first picture or class that is not as it should be", NULL},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &o->dry_run, "Print the estimate and stop", NULL},
        {0}};
    GOptionEntry select[] = {
        {"ipc", 'n', 0, G_OPTION_ARG_INT, &o->select.ipc, "Images per class (default 10)", "N"},
        {"bins", 0, 0, G_OPTION_ARG_INT, &o->select.bins,
         "Clusters a class, at most ipc; bins of dq (default 10)", "K"},
        {"objective", 0, 0, G_OPTION_ARG_STRING, &s->objective,
         "graph-cut, facility-location, log-determinant (default graph-cut)", "F"},
        {"maximizer", 0, 0, G_OPTION_ARG_STRING, &s->maximizer,
         "naive, lazy, stochastic, approximate-lazy (default naive)", "M"},
        {0}};
    GOptionEntry method[] = {
        {"method", 'm', 0, G_OPTION_ARG_STRING, &o->method, "How to condense; see below (default dc3)",
         "NAME"},
        {"factor", 0, 0, G_OPTION_ARG_INT, &o->factor,
         "Of rded: patches across a stored picture, 1 or 2 (default: 1 up to 64 pixels as in its scripts for "
         "CIFAR and Tiny-ImageNet, else 2)",
         "N"},
        {0}};
    GOptionEntry teacher[] = {
        {"teacher", 0, 0, G_OPTION_ARG_FILENAME, &o->teacher,
         "Classifier (.safetensors or .pth, trained on the dataset's classes) whose gradients or features "
         "measure similarity; none: the VAE's features do (default: of condense, one is trained; else none)",
         "FILE"},
        {"arch", 0, 0, G_OPTION_ARG_STRING, &o->arch,
         "Refuse a teacher that is not this: resnet18, resnet50, convnet3, ... (default: as its tensors say)",
         "NAME"},
        {"teacher-size", 0, 0, G_OPTION_ARG_INT, &o->teacher_size,
         "Pixels at which the teacher sees pictures (default: suits both, at most 224)", "N"},
        {"gradient", 0, 0, G_OPTION_ARG_STRING, &s->gradient,
         "Of the teacher's loss: plain, double-softmax (default plain)", "KIND"},
        {0}};
    GOptionEntry store[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o->out, "Where the result goes", "PATH"},
        {"size", 0, 0, G_OPTION_ARG_INT, &o->size,
         "Pixels of the stored pictures (default: suits the dataset, at most 256)", "N"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &o->format,
         "png, webp (both lossless), jpeg (4:4:4) (default png)", "F"},
        {"detail", 0, 0, G_OPTION_ARG_STRING, &o->detail,
         "keep: only the change of colour; edit: the edit itself (default: the model's)", "HOW"},
        {"steps", 0, 0, G_OPTION_ARG_INT, &o->steps, "Steps of the sampler (default: the model's)", "N"},
        {"sampler", 0, 0, G_OPTION_ARG_STRING, &o->sampler,
         "euler-ancestral, euler, ddim, dpmpp-2m (default: the model's)", "NAME"},
        {"guidance", 0, 0, G_OPTION_ARG_DOUBLE, &o->guidance, "Text guidance (default: the model's)", "X"},
        {"image-guidance", 0, 0, G_OPTION_ARG_DOUBLE, &o->image_guidance,
         "Image guidance (default: the model's)", "X"},
        {0}};
    GOptionEntry set[] = {
        {"combine", 0, 0, G_OPTION_ARG_STRING, &o->combine,
         "gradient, random, grid, fourfold (default gradient)", "MODE"},
        {"prompts", 0, 0, G_OPTION_ARG_FILENAME, &o->prompts, "File with lines 'warm: TEXT' and 'cold: TEXT'",
         "FILE"},
        {"fresh", 0, 0, G_OPTION_ARG_NONE, &o->fresh, "Start over in the folder of an earlier run", NULL},
        {0}};
    const GOptionEntry *all[] = {groups & OPTIONS_COMPUTE ? compute : NULL,
                                 result,
                                 groups & OPTIONS_DATA ? data : NULL,
                                 groups & OPTIONS_FEATURES ? features : NULL,
                                 groups & OPTIONS_SET ? set : NULL,
                                 groups & OPTIONS_MODEL ? model : NULL,
                                 groups & OPTIONS_METHOD ? method : NULL,
                                 groups & OPTIONS_SELECT ? select : NULL,
                                 groups & OPTIONS_TEACHER ? teacher : NULL,
                                 groups & OPTIONS_STORE ? store : NULL,
                                 own};
    enum { GROUPS = sizeof all / sizeof *all };
    if (describing) {
        describing(c, all, GROUPS, groups & OPTIONS_METHOD);
        return EXIT_DESCRIBED;
    }
    GOptionContext *context = g_option_context_new(c->arguments);
    char *summary = g_strdup_printf("%s", c->summary), *methods = methods_text(groups & OPTIONS_METHOD),
         *examples = g_strdup_printf("%sExamples:\n%s", methods, c->examples);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, examples);
    for (int i = 0; i < GROUPS; i++)
        if (all[i]) g_option_context_add_main_entries(context, all[i], NULL);
    char **words = g_new0(char *, (gsize)argc + 1), *name = g_strdup_printf("dc3 %s", c->name);
    words[0] = name;
    for (int i = 1; i < argc; i++) words[i] = g_strdup(argv[i]);
    g_set_prgname(name);
    GError *error = NULL;
    int status = EXIT_DONE;
    if (!g_option_context_parse_strv(context, &words, &error)) {
        const char *near = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                               ? nearest(error->message, all, GROUPS)
                               : NULL;
        char *number = number_error(error->message);
        int broken = 0;
        for (int i = 1; i < argc; i++)
            if (!broken && !dc3_text_is_utf8(argv[i])) broken = i;
        char *word = broken ? dc3_text_utf8(argv[broken]) : NULL;
        if (error->domain == G_CONVERT_ERROR)
            status = usage_error(c, "expected text in UTF-8, found '%s'", word ? word : "");
        else
            status = usage_error(c, near ? "%s; did you mean --%s?" : "%s", number ? number : error->message,
                                 near);
        g_free(number);
        g_error_free(error);
        free(word);
    } else
        status = read_values(c, s);
    g_option_context_free(context);
    g_free(summary);
    g_free(examples);
    g_free(methods);
    *rest = status == EXIT_DONE ? copy_words(words + 1) : NULL;
    g_strfreev(words);
    return status;
}

json_t *json_text(const char *bytes)
{
    char *safe = dc3_text_utf8(bytes);
    json_t *text = json_string(safe);
    free(safe);
    return text ? text : json_null();
}

void print_json(json_t *document)
{
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    printf("%s\n", text ? text : "null");
    free(text);
    json_decref(document);
}

void print_result(const settings *s, const char *path)
{
    json_t *document = s->json ? json_object() : NULL;
    if (!s->json) {
        printf("result: %s\n", path);
        return;
    }
    json_object_set_new(document, "out", json_text(path));
    print_json(document);
}

void print_report(const settings *s, const dc3_condense_report *r, const char *out)
{
    if (s->options.dry_run) {
        if (s->json) printf("{\"estimate_seconds\": %.1f}\n", r->estimate_seconds);
        return;
    }
    if (s->json) {
        json_t *o = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "out", json_text(out),
                              "images", (json_int_t)r->images, "classes", (json_int_t)r->classes, "stored",
                              (json_int_t)r->stored, "edits", (json_int_t)r->edits, "repeated",
                              (json_int_t)r->repeated, "skipped", (json_int_t)r->skipped, "peak_megabytes",
                              r->peak_bytes * 1e-6, "estimate_seconds", r->estimate_seconds);
        json_t *stages = json_object();
        for (int i = 0; i < DC3_STAGES; i++)
            if (r->stage[i]) json_object_set_new(stages, r->stage[i], json_real(r->seconds[i]));
        json_object_set_new(o, "seconds", stages);
        print_json(o);
        return;
    }
    for (int i = 0; i < DC3_STAGES; i++)
        if (r->stage[i]) printf("%-20s %8.1f s\n", r->stage[i], r->seconds[i]);
    if (r->stage[2])
        printf("%lld images stored, %lld edits made, ", (long long)r->stored, (long long)r->edits);
    else if (r->stored)
        printf("%lld of %lld images selected, ", (long long)r->stored, (long long)r->readable);
    printf("%lld pictures skipped, peak memory %.0f MB\n", (long long)r->skipped, r->peak_bytes * 1e-6);
    printf("result: %s\n", out);
}
