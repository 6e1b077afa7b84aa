#include "diffusion/edit_options.h"

#include <stdio.h>
#include <string.h>
#include "diffusion/sampler.h"
#include "io/json.h"

typedef struct row {
    dc3_edit_option option;
    size_t in_settings; /* offset in dc3_edit_settings, where a real number is a float */
    const char *const *words;
} row;

#define FIELDS(field) offsetof(dc3_condense_options, field), offsetof(dc3_image_edit_options, field)

#define GENERATES(field) offsetof(dc3_generate_options, field)

#define HELP_OF(constant, class, word) word ", "

static const row rows[] = {{{"steps", DC3_EDIT_WHOLE, 1, 1000, 0, FIELDS(steps),
                             "Steps of the sampler (default: the model's)", "N", GENERATES(steps)},
                            offsetof(dc3_edit_settings, steps),
                            NULL},
                           {{"sampler", DC3_EDIT_WORD, 0, 0, DC3_SAMPLER_DEFAULT, FIELDS(sampler),
                             DC3_SAMPLERS(HELP_OF) "default: the model's", "NAME", GENERATES(sampler)},
                            offsetof(dc3_edit_settings, sampler),
                            dc3_sampler_names},
                           {{"guidance", DC3_EDIT_REAL, 0, 100, -1, FIELDS(guidance),
                             "Text guidance (default: the model's)", "X", GENERATES(guidance)},
                            offsetof(dc3_edit_settings, guidance),
                            NULL},
                           {{"image_guidance", DC3_EDIT_REAL, 0, 100, -1, FIELDS(image_guidance),
                             "Image guidance (default: the model's)", "X", 0},
                            offsetof(dc3_edit_settings, image_guidance),
                            NULL}};
enum { ROWS = sizeof rows / sizeof *rows };

const dc3_edit_option *dc3_edit_option_at(int i)
{
    return i >= 0 && i < ROWS ? &rows[i].option : NULL;
}

/* ---- fields ---- */

static double get(const row *r, const void *field)
{
    return r->option.kind == DC3_EDIT_REAL ? *(const double *)field : *(const int *)field;
}

static double get_setting(const row *r, const dc3_edit_settings *s)
{
    const void *field = (const char *)s + r->in_settings;
    return r->option.kind == DC3_EDIT_REAL ? (double)*(const float *)field : *(const int *)field;
}

static void set_setting(const row *r, double value, dc3_edit_settings *s)
{
    void *field = (char *)s + r->in_settings;
    if (r->option.kind == DC3_EDIT_REAL)
        *(float *)field = (float)value;
    else
        *(int *)field = (int)value;
}

_Static_assert(sizeof(dc3_sampler_kind) == sizeof(int), "words are stored as int");

static int count_words(const row *r)
{
    int count = 0;
    while (r->words[count]) count++;
    return count;
}

static dc3_status check(const row *r, double value)
{
    const dc3_edit_option *o = &r->option;
    if (o->kind == DC3_EDIT_WORD) {
        if (value == o->unset || (value >= 0 && value < count_words(r))) return DC3_OK;
        return dc3_fail_setting(o->name, "expected a constant from -1 to %d, found %g", count_words(r) - 1,
                                value);
    }
    if (value >= o->least && value <= o->most) return DC3_OK;
    return dc3_fail_setting(o->name, "expected %g to %g, found %g", o->least, o->most, value);
}

/* ---- options ---- */

/* Which options they are fields of. */
typedef enum owner { OF_CONDENSE, OF_EDIT, OF_GENERATE } owner;

/* Where an option is in them; 0: they have none. */
static size_t place_in(const row *r, owner of)
{
    return of == OF_CONDENSE ? r->option.in_condense
           : of == OF_EDIT   ? r->option.in_edit
                             : r->option.in_generate;
}

static void unset(void *options, owner of)
{
    for (const row *r = rows; r < rows + ROWS; r++) {
        void *field = (char *)options + place_in(r, of);
        if (field == options) continue;
        if (r->option.kind == DC3_EDIT_REAL)
            *(double *)field = r->option.unset;
        else
            *(int *)field = (int)r->option.unset;
    }
}

void dc3_condense_options_unset(dc3_condense_options *options)
{
    unset(options, OF_CONDENSE);
}

void dc3_image_edit_options_unset(dc3_image_edit_options *options)
{
    unset(options, OF_EDIT);
}

void dc3_generate_options_unset(dc3_generate_options *options)
{
    unset(options, OF_GENERATE);
}

static dc3_status take(const void *options, owner of, dc3_edit_settings *s)
{
    for (const row *r = rows; r < rows + ROWS; r++) {
        size_t at = place_in(r, of);
        double value = at ? get(r, (const char *)options + at) : r->option.unset;
        if (value == r->option.unset) continue;
        DC3_TRY(check(r, value));
        set_setting(r, value, s);
    }
    return DC3_OK;
}

dc3_status dc3_edit_settings_of_condense(const dc3_condense_options *options, dc3_edit_settings *settings)
{
    return take(options, OF_CONDENSE, settings);
}

dc3_status dc3_edit_settings_of_image(const dc3_image_edit_options *options, dc3_edit_settings *settings)
{
    return take(options, OF_EDIT, settings);
}

dc3_status dc3_edit_settings_of_generate(const dc3_generate_options *options, dc3_edit_settings *settings)
{
    return take(options, OF_GENERATE, settings);
}

dc3_status dc3_edit_settings_check(const dc3_edit_settings *settings)
{
    for (const row *r = rows; r < rows + ROWS; r++) DC3_TRY(check(r, get_setting(r, settings)));
    return DC3_OK;
}

/* ---- JSON ---- */

static json_t *word_of(const row *r, int value)
{
    return value < 0 ? json_null() : json_string(r->words[value]);
}

void dc3_edit_settings_write(const dc3_edit_settings *settings, json_t *to)
{
    for (const row *r = rows; r < rows + ROWS; r++) {
        double value = get_setting(r, settings);
        json_object_set_new(to, r->option.name,
                            r->option.kind == DC3_EDIT_WORD   ? word_of(r, (int)value)
                            : r->option.kind == DC3_EDIT_REAL ? json_real(value)
                                                              : json_integer((json_int_t)value));
    }
}

static dc3_status read_word(const row *r, const json_t *from, const char *file, dc3_edit_settings *s)
{
    const char *word;
    char list[400] = "";
    int now = (int)get_setting(r, s); /* -1: none that dc3 has */
    DC3_TRY(dc3_json_string(from, file, r->option.name, now < 0 ? "" : r->words[now], &word));
    if (now < 0 && !*word) return DC3_OK;
    for (int i = 0, count = count_words(r); i < count; i++) {
        if (strcmp(r->words[i], word) == 0) {
            set_setting(r, i, s);
            return DC3_OK;
        }
        size_t end = strlen(list);
        snprintf(list + end, sizeof list - end, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", r->words[i]);
    }
    return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' is '%.40s'; expected %s", file, r->option.name, word, list);
}

static dc3_status read_number(const row *r, const json_t *from, const char *file, dc3_edit_settings *s)
{
    const dc3_edit_option *o = &r->option;
    double usual = get_setting(r, s), real = usual;
    int64_t whole = (int64_t)usual;
    if (o->kind == DC3_EDIT_REAL)
        DC3_TRY(dc3_json_real(from, file, o->name, usual, o->least, o->most, &real));
    else
        DC3_TRY(dc3_json_int(from, file, o->name, whole, (int64_t)o->least, (int64_t)o->most, &whole));
    set_setting(r, o->kind == DC3_EDIT_REAL ? real : (double)whole, s);
    return DC3_OK;
}

dc3_status dc3_edit_settings_read(const json_t *from, const char *file, dc3_edit_settings *settings)
{
    for (const row *r = rows; r < rows + ROWS; r++)
        DC3_TRY(r->option.kind == DC3_EDIT_WORD ? read_word(r, from, file, settings)
                                                : read_number(r, from, file, settings));
    return DC3_OK;
}
