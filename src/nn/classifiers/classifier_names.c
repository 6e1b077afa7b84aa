#include "nn/classifiers/classifier_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the table of a file to the one that a network is taken from. */
typedef struct taking {
    const dc3_table *from;
    const dc3_naming *naming;
    const char *prefix, *head; /* head: the last layer's name in `from`, empty if there is none */
    dc3_table *to;
    size_t taken;
} taking;

/* The family's name of a file's tensor, in text or a part of `name`; NULL: it is not of the network. */
static const char *own_name(const taking *t, const char *name, char *text)
{
    size_t head = strlen(t->head), before = strlen(t->prefix);
    if (head && strncmp(name, t->head, head) == 0 && name[head] == '.')
        return dc3_name(text, "%s%s", t->naming->kind->head, name + head);
    if (strncmp(name, t->prefix, before) != 0 || strlen(name) >= DC3_NAME_SIZE / 2) return NULL;
    name += before;
    return t->naming->map ? t->naming->map(t->from, t->prefix, name, text) : name;
}

/* timm has VGG's hidden layers as convolutions over all of the map; a last layer may be one of 1x1. */
static dc3_tensor flattened(dc3_tensor t, const char *name, const char *head)
{
    size_t length = strlen(head);
    int is_head = strncmp(name, head, length) == 0 && strcmp(name + length, ".weight") == 0 && t.ndim == 4 &&
                  t.shape[2] == 1 && t.shape[3] == 1;
    if (t.ndim != 4 || (strncmp(name, "classifier.", strlen("classifier.")) != 0 && !is_head)) return t;
    return dc3_view(t.data, t.dtype, 2, (int64_t[]){t.shape[0], t.shape[1] * t.shape[2] * t.shape[3]});
}

/* A last layer whose weight is [in, out], as its bias shows, is turned. */
static dc3_status add(taking *t, const char *name, dc3_tensor x)
{
    char bias[DC3_NAME_SIZE];
    size_t head = strlen(t->naming->kind->head);
    const dc3_tensor *b = dc3_table_find(t->from, dc3_name(bias, "%s.bias", t->head));
    int is_weight = strncmp(name, t->naming->kind->head, head) == 0 && strcmp(name + head, ".weight") == 0;
    if (is_weight && x.ndim == 2 && b && b->ndim == 1 && x.shape[0] != b->shape[0] && x.shape[0] > 0 &&
        x.shape[1] == b->shape[0] && x.shape[1] > 0)
        return dc3_add_turned(t->to, name, x);
    return dc3_table_add(t->to, name, x);
}

static dc3_status add_all(taking *t)
{
    char text[DC3_NAME_SIZE];
    const char *name, *what;
    for (size_t i = 0; i < dc3_table_size(t->from); i++) {
        const char *file_name = dc3_table_name(t->from, i);
        if (!(name = own_name(t, file_name, text))) continue;
        t->taken += strncmp(file_name, t->prefix, strlen(t->prefix)) == 0;
        DC3_TRY(add(t, name, flattened(*dc3_table_at(t->from, i), name, t->naming->kind->head)));
    }
    for (size_t i = 0; (name = dc3_table_odd_at(t->from, i, &what)); i++)
        if ((name = own_name(t, name, text))) DC3_TRY(dc3_table_add_odd(t->to, name, what));
    for (size_t i = 0; (what = dc3_table_text_at(t->from, i, &name)); i++)
        DC3_TRY(dc3_table_set_text(t->to, name, what));
    if (*dc3_table_notes(t->from)) DC3_TRY(dc3_table_note(t->to, "%s", dc3_table_notes(t->from)));
    return DC3_OK;
}

static dc3_status note_all(const taking *t)
{
    size_t count = dc3_table_size(t->from);
    if (*t->prefix && t->taken == count)
        DC3_TRY(dc3_table_note(t->to, "all %zu names begin with '%s'", count, t->prefix));
    else if (*t->prefix)
        DC3_TRY(
            dc3_table_note(t->to, "the %zu of %zu names that begin with '%s'", t->taken, count, t->prefix));
    if (t->naming->program) DC3_TRY(dc3_table_note(t->to, "named as in %s", t->naming->program));
    const char *head = t->head;
    if (strncmp(head, t->prefix, strlen(t->prefix)) == 0) head += strlen(t->prefix);
    if (*head && strcmp(head, t->naming->kind->head) != 0)
        DC3_TRY(dc3_table_note(t->to, "the last layer is '%s'", head));
    return DC3_OK;
}

static dc3_status fill(taking *t)
{
    DC3_TRY(add_all(t));
    DC3_TRY(note_all(t));
    if (*t->head) DC3_TRY(dc3_add_zero_bias(t->to, t->naming->kind->head));
    return dc3_join_parts(t->to);
}

static void close_table(void *thing)
{
    dc3_table *table = thing;
    dc3_table_close(&table);
}

/* What to say of a last layer that is not there. */
static void say_missing(const dc3_table *table, const char *prefix, const dc3_classifier_kind *kind,
                        const char *several, char *text, size_t size)
{
    char weight[DC3_NAME_SIZE];
    char others[240];
    const char *name, *what;
    dc3_say_other_heads(table, kind, prefix, others, sizeof others);
    dc3_name(weight, "%s%s.weight", prefix, kind->head);
    for (size_t i = 0; (name = dc3_table_odd_at(table, i, &what)); i++)
        if (strcmp(name, weight) == 0) break;
    if (name)
        snprintf(text, size, "'%s': '%.100s' is %.100s", kind->head, name, what);
    else if (*several)
        snprintf(text, size, "'%s': one linear layer is read, found %s", kind->head, several);
    else
        snprintf(text, size,
                 "'%s', its last layer (fc, head, classifier, linear, ... were looked for too)%s%s%s%s",
                 kind->head, *others ? "; if it is " : "", others, *others ? ", rename that to " : "",
                 *others ? kind->head : "");
}

/* Parts that PyTorch puts around modules inside a network, wherever they stand in the name; into text.
 * Returns whether there were any. */
static int without_wrappers(const char *name, char *text)
{
    static const char *const parts[] = {"_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module.",
                                        "_forward_module."};
    int found = 0;
    dc3_name(text, "%s", name);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (char *at; (at = strstr(text, parts[i])); found = 1)
            memmove(at, at + strlen(parts[i]), strlen(at + strlen(parts[i])) + 1);
    return found;
}

/* Replaces the table by one without such parts, if there are any. */
static dc3_status unwrap(dc3_table **table)
{
    char text[DC3_NAME_SIZE];
    size_t found = 0, size = dc3_table_size(*table);
    dc3_table *made = dc3_table_new(dc3_table_origin(*table));
    dc3_status status = made ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == DC3_OK && i < size; i++) {
        found += (size_t)without_wrappers(dc3_table_name(*table, i), text);
        status = dc3_table_add(made, text, *dc3_table_at(*table, i));
    }
    if (status == DC3_OK && found)
        status = dc3_table_note(made, "%s%s%zu of %zu names go through a wrapper such as '_orig_mod'",
                                dc3_table_notes(*table), *dc3_table_notes(*table) ? "; " : "", found, size);
    if (status == DC3_OK && found) status = dc3_table_own(made, *table, close_table);
    if (status == DC3_OK && found)
        *table = made;
    else
        dc3_table_close(&made);
    return status == DC3_ERR_FORMAT ? DC3_OK : status; /* two names in one: the table stays as it is */
}

dc3_status dc3_classifier_take_names(dc3_table **table, dc3_classifier_names *names)
{
    char prefix[DC3_NAME_SIZE], head[DC3_NAME_SIZE], several[DC3_NAME_SIZE];
    const dc3_naming *naming = dc3_find_naming(*table, prefix);
    *names = (dc3_classifier_names){0};
    if (dc3_has_factors(*table)) {
        DC3_TRY(dc3_multiply_factors(*table));
        naming = dc3_find_naming(*table, prefix);
    }
    if (!naming) {
        DC3_TRY(unwrap(table));
        naming = dc3_find_naming(*table, prefix);
    }
    if (!naming) return DC3_OK;
    names->kind = naming->kind;
    names->only = naming->only;
    names->eps = naming->eps;
    if (!naming->kind) names->relative = naming->program;
    if (!naming->kind) return DC3_OK;
    dc3_find_head(*table, naming->kind, prefix, head, several);
    if (!*head) say_missing(*table, prefix, naming->kind, several, names->missing, sizeof names->missing);
    taking t = {.from = *table, .naming = naming, .prefix = prefix, .head = head};
    t.to = dc3_table_new(dc3_table_origin(*table));
    if (!t.to) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = fill(&t);
    if (status == DC3_OK) status = dc3_table_own(t.to, *table, close_table);
    if (status == DC3_OK)
        *table = t.to;
    else
        dc3_table_close(&t.to);
    return status;
}
