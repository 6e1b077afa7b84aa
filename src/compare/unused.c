/* Settings that may concern none of a comparison's methods and labels: compare.json has null for them then,
 * until a call in the same folder has use for one, and a call that has none leaves what is there. */
#include <string.h>
#include "compare/comparing.h"
#include "methods/methods.h"
#include "methods/selection.h"

/* 1 if a call has use for the setting, whatever it says of it. */
typedef int is_used(const dc3_comparing *c);

static int uses_teacher(const dc3_comparing *c)
{
    return c->trains || c->options->condense.teacher != NULL;
}

static int uses_backbone(const dc3_comparing *c)
{
    return c->trains || dc3_comparing_has_features(c->options);
}

static int uses_features(const dc3_comparing *c)
{
    dc3_condense_options given = c->options->condense;
    int uses = 0;
    given.features = "";
    for (int i = 0; c->options->methods[i]; i++)
        uses |= dc3_method_takes_features(&given, c->options->methods[i]);
    return uses;
}

static int uses_selection(const dc3_comparing *c)
{
    int uses = 0;
    for (int i = 0; c->options->methods[i]; i++)
        uses |= dc3_method_takes_selection(dc3_method_called(c->options->methods[i]));
    return uses;
}

static int uses_compensation(const dc3_comparing *c)
{
    int uses = 0;
    for (int i = 0; c->options->methods[i]; i++)
        uses |= dc3_method_called(c->options->methods[i]) == &dc3_methods[DC3_METHOD_DC3];
    return uses;
}

static int uses_near_duplicates(const dc3_comparing *c)
{
    int uses = 0;
    for (int i = 0; c->options->methods[i]; i++) uses |= dc3_method_has_all_features(c->options->methods[i]);
    return uses;
}

static const struct {
    const char *key;
    is_used *uses;
} settings_of[] = {{"teacher", uses_teacher},           {"backbone", uses_backbone},
                   {"features", uses_features},         {"selection", uses_selection},
                   {"compensation", uses_compensation}, {"near_duplicates", uses_near_duplicates}};
enum { COUNT = sizeof settings_of / sizeof *settings_of };

void dc3_comparing_mark_unused(const dc3_comparing *c, json_t *settings)
{
    for (int i = 0; i < COUNT; i++)
        if (!settings_of[i].uses(c)) json_object_set_new(settings, settings_of[i].key, json_null());
}

static int is_null(const json_t *settings, const char *key)
{
    return json_is_null(json_object_get(settings, key));
}

/* Students are of the size of a teacher that was given, also with hard labels: it must be given again. */
static int is_given_teacher(const json_t *settings, const char *key)
{
    const char *name = json_string_value(json_object_get(settings, key));
    return name && strcmp(key, "teacher") == 0 && !dc3_goes_without(name);
}

int dc3_comparing_is_unused(const json_t *was, const json_t *is, const char *key)
{
    for (int i = 0; i < COUNT; i++)
        if (strcmp(key, settings_of[i].key) == 0)
            return is_null(was, key) || (is_null(is, key) && !is_given_teacher(was, key));
    return 0;
}

void dc3_comparing_adopt_unused(json_t *was, const json_t *is)
{
    for (int i = 0; i < COUNT; i++) {
        const char *key = settings_of[i].key;
        json_t *now = json_object_get(is, key);
        if (!is_null(was, key)) continue;
        if (now)
            json_object_set(was, key, now);
        else
            json_object_del(was, key); /* it is as usual */
    }
}
