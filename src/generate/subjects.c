#include "generate/subjects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "generate/captions.h"
#include "generate/prompts.h"
#include "io/dataset.h"
#include "io/found.h"
#include "run_folder/stored_names.h"

enum { MOST = DC3_CLASS_LIMIT, PROMPT = 4000, FOLDER = 80, PROMPTS_LIMIT = 64 << 20 };

/* A list that is being made. */
typedef struct making {
    const dc3_generate_options *options;
    const dc3_generator *generator;
    dc3_generator_info info;
    dc3_subjects *s;
    int room;
} making;

static dc3_status no_memory(void)
{
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* A new one of this name; its folder is made from it where that is NULL. */
static dc3_status add(making *m, const char *name, const char *folder, int64_t label)
{
    dc3_subjects *s = m->s;
    char own[FOLDER];
    if (s->count == MOST) return dc3_fail(DC3_ERR_FORMAT, "more than %d classes or texts", MOST);
    if (s->count == m->room) {
        int room = m->room ? 2 * m->room : 16;
        dc3_subject *more = realloc(s->at, (size_t)room * sizeof *more);
        if (!more) return no_memory();
        s->at = more, m->room = room;
    }
    if (!folder) dc3_stored_stem(name, strlen(name), own, sizeof own);
    dc3_subject *one = &s->at[s->count];
    *one = (dc3_subject){.name = strdup(name), .folder = strdup(folder ? folder : own), .label = label};
    s->count++;
    return one->name && one->folder ? DC3_OK : no_memory();
}

/* A prompt, which becomes the subject's, to the last of them or to `one`. */
static dc3_status add_prompt(dc3_subject *one, char *prompt)
{
    char **more = prompt ? realloc(one->prompts, (size_t)(one->count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(prompt);
        return no_memory();
    }
    one->prompts = more;
    one->prompts[one->count++] = prompt;
    return DC3_OK;
}

static dc3_subject *last(const dc3_subjects *s)
{
    return &s->at[s->count - 1];
}

/* The one of this name, or NULL. */
static dc3_subject *find(const dc3_subjects *s, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->at[i].name, name) == 0) return &s->at[i];
    return NULL;
}

/* ---- texts ---- */

static dc3_status check_prompt(const char *origin, const char *prompt)
{
    size_t length = strlen(prompt);
    if (length < 1 || length > PROMPT)
        return dc3_fail(DC3_ERR_OPTION, "%s: expected a text of 1 to %d bytes, found %zu", origin, PROMPT,
                        length);
    if (strspn(prompt, " \t\r\n") == length)
        return dc3_fail(DC3_ERR_OPTION, "%s: expected a text, found blanks only", origin);
    if (dc3_text_is_utf8(prompt)) return DC3_OK;
    return dc3_fail(DC3_ERR_OPTION, "%s: expected text in UTF-8, found '%.60s'", origin, prompt);
}

/* The one of this name, or a new one. */
static dc3_status find_or_add(making *m, const char *name, dc3_subject **one)
{
    *one = find(m->s, name);
    if (*one) return DC3_OK;
    dc3_status status = add(m, name, NULL, -1);
    if (status == DC3_OK) *one = last(m->s);
    return status;
}

/* A line "TEXT" or "CLASS<tab>TEXT". */
static dc3_status add_line(making *m, char *line, int number)
{
    char *tab = strchr(line, '\t'), *text = tab ? tab + 1 : line, origin[400];
    dc3_subject *one;
    snprintf(origin, sizeof origin, "%.360s, line %d", m->options->prompts, number);
    if (tab) *tab = 0;
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n && (text[n - 1] == ' ' || text[n - 1] == '\t');) text[--n] = 0;
    DC3_TRY(check_prompt(origin, text));
    if (tab) DC3_TRY(check_prompt(origin, line));
    DC3_TRY(find_or_add(m, tab ? line : text, &one));
    if (!tab && one->count)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%.60s' stands there twice; expected different texts", origin,
                        text);
    return add_prompt(one, strdup(text));
}

static dc3_status add_prompts(making *m)
{
    const char *path = m->options->prompts;
    char *text, *rest, *line;
    size_t size;
    dc3_status status = dc3_file_read(path, PROMPTS_LIMIT, &text, &size);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("prompts"));
    status = dc3_check_found(path, "a prompt on each line", text, size);
    if (status == DC3_OK && memchr(text, 0, size))
        status = dc3_fail_found(path, "a prompt on each line", text, size);
    rest = text;
    for (int number = 1; status == DC3_OK && rest;) {
        const char *end = rest + strcspn(rest, "\r\n");
        int next = number + (*end == '\n' || (*end == '\r' && end[1] != '\n'));
        line = strsep(&rest, "\r\n");
        line += strspn(line, " ");
        if (*line && *line != '#') status = add_line(m, line, number);
        number = next;
    }
    free(text);
    if (status == DC3_OK && !m->s->count)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a prompt on each line, found none", path);
    return status;
}

/* ---- classes ---- */

/* A class that the user calls `name`. */
static dc3_status add_class(making *m, const char *name, const char *folder)
{
    int64_t label = -1;
    char own[FOLDER];
    if (m->info.classes) {
        DC3_TRY(dc3_generator_class(m->generator, name, &label));
        for (int i = 0; i < m->s->count; i++)
            if (m->s->at[i].label == label)
                return dc3_fail_setting("classes", "'%.60s' and '%.60s' are the same class %lld of %s",
                                        m->s->at[i].name, name, (long long)label, m->info.name);
        if (!folder) name = dc3_generator_class_name(m->generator, label, own, sizeof own);
    }
    return add(m, name, folder, label);
}

static dc3_status add_dataset(making *m)
{
    dc3_dataset *d;
    char **folders = NULL;
    const dc3_data_choice choice = {.split = m->options->split,
                                    .without_classes = m->options->without_classes};
    DC3_TRY(dc3_dataset_open_given(m->options->classes, &choice, NULL, NULL, &d));
    dc3_status status = dc3_class_folders(d, &folders);
    for (int i = 0; status == DC3_OK && i < dc3_dataset_classes(d); i++)
        status = add_class(m, dc3_dataset_class_name(d, i), folders[i]);
    dc3_class_folders_free(d, folders);
    dc3_dataset_close(&d);
    return status;
}

static dc3_status add_list(making *m)
{
    char *copy = strdup(m->options->classes), *rest = copy, *word;
    dc3_status status = copy ? DC3_OK : no_memory();
    while (status == DC3_OK && (word = strsep(&rest, ","))) {
        word += strspn(word, " ");
        for (size_t n = strlen(word); n && word[n - 1] == ' ';) word[--n] = 0;
        if (!m->info.classes && find(m->s, word))
            status =
                dc3_fail_setting("classes", "'%.60s' stands there twice; expected different classes", word);
        else if (*word)
            status = add_class(m, word, NULL);
    }
    free(copy);
    if (status == DC3_OK && !m->s->count)
        status = dc3_fail_setting("classes", "expected a dataset or names of classes, found none");
    return status;
}

static dc3_status add_all(making *m)
{
    char name[FOLDER];
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < m->info.classes; i++)
        status = add(m, dc3_generator_class_name(m->generator, i, name, sizeof name), NULL, i);
    return status;
}

/* A prompt for each. */
static dc3_status add_captions(dc3_subjects *s, const dc3_captions *captions)
{
    const char **names = malloc((size_t)(s->count + 1) * sizeof *names);
    dc3_status status = names ? DC3_OK : no_memory();
    int known = !captions->names;
    for (int i = 0; names && i < s->count; i++) names[i] = s->at[i].name;
    for (int i = 0; names && !known && i < s->count; i++)
        known = dc3_captions_name(captions, names[i], names, s->count);
    if (names && !known)
        status = dc3_fail_setting("names",
                                  "expected lines of a class and its name, found none of these classes "
                                  "('%.60s', ..)",
                                  names[0]);
    for (int i = 0; status == DC3_OK && i < s->count; i++)
        status = add_prompt(&s->at[i], dc3_caption(captions, names[i], names, s->count));
    free(names);
    return status;
}

static dc3_status add_classes(making *m)
{
    const char *given = m->options->classes;
    dc3_captions captions;
    int is_all = m->info.classes && strcmp(given, "all") == 0;
    int is_path = !is_all && (strchr(given, '/') || dc3_path_what(given) != DC3_PATH_MISSING);
    if (!is_path && (m->options->split || m->options->without_classes))
        return dc3_fail_setting(m->options->split ? "split" : "without_classes",
                                "expected a dataset as %s, found '%.100s'", dc3_setting("classes"), given);
    if (is_all) return add_all(m);
    dc3_status status = dc3_captions_open(m->options->caption_template, m->options->names, &captions);
    if (status == DC3_OK) status = is_path ? add_dataset(m) : add_list(m);
    if (status == DC3_OK && !m->info.classes) status = add_captions(m->s, &captions);
    dc3_captions_close(&captions);
    return status;
}

/* ---- the whole ---- */

static int by_folder(const void *a, const void *b)
{
    return strcmp(((const dc3_subject *)a)->folder, ((const dc3_subject *)b)->folder);
}

/* Sorts them by their folders; where two are the same all begin with a number. */
static dc3_status sort(dc3_subjects *s)
{
    int same = 0, digits = snprintf(NULL, 0, "%d", s->count);
    qsort(s->at, (size_t)s->count, sizeof *s->at, by_folder);
    for (int i = 1; i < s->count; i++) same |= strcmp(s->at[i - 1].folder, s->at[i].folder) == 0;
    for (int i = 0; same && i < s->count; i++) {
        char *numbered = NULL;
        if (asprintf(&numbered, "%0*d-%s", digits, i, s->at[i].folder) < 0) return no_memory();
        free(s->at[i].folder);
        s->at[i].folder = numbered;
    }
    return DC3_OK;
}

/* The options must suit each other and the model. */
static dc3_status check_options(const making *m)
{
    const dc3_generate_options *o = m->options;
    if (!!o->prompt + !!o->prompts + !!o->classes != 1)
        return dc3_fail_about("prompt", "expected one of %s, %s and %s, found %s", dc3_setting("prompt"),
                              dc3_setting("prompts"), dc3_setting("classes"),
                              o->prompt || o->prompts || o->classes ? "several" : "none");
    if (m->info.classes && !o->classes)
        return dc3_fail_about("classes", "%s is a model of classes, which takes no texts; %s says of which",
                              m->info.name, dc3_setting("classes"));
    const char *captions = o->caption_template ? "caption_template" : o->names ? "names" : NULL;
    const char *texts = captions ? captions : o->negative ? "negative" : NULL;
    if (m->info.classes && texts)
        return dc3_fail_setting(texts, "%s is a model of classes, which takes no texts", m->info.name);
    if (captions && !o->classes)
        return dc3_fail_setting(captions, "means nothing without %s", dc3_setting("classes"));
    return o->negative && *o->negative ? check_prompt(dc3_setting("negative"), o->negative) : DC3_OK;
}

dc3_status dc3_subjects_open(const dc3_generate_options *options, const dc3_generator *generator,
                             dc3_subjects *s)
{
    making m = {
        .options = options, .generator = generator, .info = dc3_generator_describe(generator), .s = s};
    *s = (dc3_subjects){.count = 0};
    DC3_TRY(check_options(&m));
    if (options->prompt) {
        DC3_TRY(check_prompt(dc3_setting("prompt"), options->prompt));
        DC3_TRY(add(&m, options->prompt, NULL, -1));
        DC3_TRY(add_prompt(last(s), strdup(options->prompt)));
    }
    if (options->prompts) DC3_TRY(add_prompts(&m));
    if (options->classes) DC3_TRY(add_classes(&m));
    DC3_TRY(sort(s));
    return dc3_prompts_look(dc3_generator_pipeline(generator), s);
}

void dc3_subjects_close(dc3_subjects *s)
{
    for (int i = 0; i < s->count; i++) {
        for (int k = 0; k < s->at[i].count; k++) free(s->at[i].prompts[k]);
        free(s->at[i].prompts);
        free(s->at[i].name);
        free(s->at[i].folder);
    }
    free(s->at);
    *s = (dc3_subjects){.count = 0};
}

const char *dc3_subject_prompt(const dc3_subject *subject, int64_t number)
{
    return subject->count ? subject->prompts[number % subject->count] : NULL;
}
