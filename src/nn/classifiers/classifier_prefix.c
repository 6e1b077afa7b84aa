/* Where in a table of tensors a network stands: what its names begin with, and which layer is its last. */
#include <stdio.h>
#include <string.h>
#include "io/wrappers.h"
#include "nn/classifiers/classifier_names.h"

enum { LEVELS = 8, TRIES = 1000 };

static int has_all(const dc3_table *table, const char *prefix, const char *const *names)
{
    char text[DC3_NAME_SIZE];
    for (; *names; names++)
        if (!dc3_table_find(table, dc3_name(text, "%s%s", prefix, *names))) return 0;
    return 1;
}

static const dc3_naming *naming_below(const dc3_table *table, const char *prefix)
{
    const dc3_naming *n;
    for (int i = 0; (n = dc3_naming_at(i)); i++)
        if (has_all(table, prefix, n->marks)) return n;
    return NULL;
}

/* Length of the first part, with its dot, that all names below the prefix share; 0: there is none. */
static size_t common_part(const dc3_table *table, const char *prefix)
{
    size_t before = strlen(prefix), length = 0;
    const char *first = NULL;
    for (size_t i = 0; i < dc3_table_size(table); i++) {
        const char *name = dc3_table_name(table, i);
        if (strncmp(name, prefix, before) != 0) continue;
        if (!first) {
            const char *dot = strchr(name + before, '.');
            if (!dot) return 0;
            first = name;
            length = (size_t)(dot + 1 - name) - before;
        } else if (strncmp(name, first, before + length) != 0)
            return 0;
    }
    if (first && before + length < DC3_NAME_SIZE / 2) return length;
    return 0;
}

static const char *name_below(const dc3_table *table, const char *prefix)
{
    for (size_t i = 0; i < dc3_table_size(table); i++)
        if (strncmp(dc3_table_name(table, i), prefix, strlen(prefix)) == 0) return dc3_table_name(table, i);
    return NULL;
}

/* The first part, with its dot, that most names below the prefix have; its length, 0 for none. */
static size_t most_part(const dc3_table *table, const char *prefix, const char **name, int *tries)
{
    enum { NAMES = 4096, COST = TRIES / 10 }; /* the names of each part are counted anew */
    size_t before = strlen(prefix), size = dc3_table_size(table), most = 0, length = 0;
    *tries -= COST;
    for (size_t i = 0; size <= NAMES && *tries > 0 && i < size; i++) {
        const char *first = dc3_table_name(table, i);
        const char *dot = strncmp(first, prefix, before) == 0 ? strchr(first + before, '.') : NULL;
        if (!dot) continue;
        size_t count = 0, part = (size_t)(dot + 1 - first);
        for (size_t k = i; k < size; k++) count += strncmp(dc3_table_name(table, k), first, part) == 0;
        if (count > most && part < DC3_NAME_SIZE / 2) most = count, length = part - before, *name = first;
    }
    return length;
}

static const dc3_naming *search(const dc3_table *table, char *prefix, int level, int *tries)
{
    const dc3_naming *found = naming_below(table, prefix);
    size_t before = strlen(prefix);
    const char *word, *example = name_below(table, prefix);
    if (found || level == LEVELS || --*tries < 0 || !example) return found;
    size_t common = common_part(table, prefix);
    if (common) {
        memcpy(prefix + before, example + before, common);
        prefix[before + common] = 0;
        return search(table, prefix, level + 1, tries);
    }
    for (int i = 0; !found && before < DC3_NAME_SIZE / 2 && (word = dc3_wrapper_at(i)); i++) {
        snprintf(prefix + before, DC3_NAME_SIZE - before, "%s.", word);
        if (name_below(table, prefix)) found = search(table, prefix, level + 1, tries);
        if (!found) prefix[before] = 0;
    }
    if (found || !(common = most_part(table, prefix, &example, tries))) return found;
    memcpy(prefix + before, example + before, common);
    prefix[before + common] = 0;
    found = search(table, prefix, level + 1, tries);
    if (!found) prefix[before] = 0;
    return found;
}

const dc3_naming *dc3_find_naming(const dc3_table *table, char *prefix)
{
    int tries = TRIES;
    *prefix = 0;
    const dc3_naming *found = search(table, prefix, 0, &tries);
    if (!found) *prefix = 0;
    return found;
}

static int is_inner(const dc3_classifier_kind *kind, const char *layer)
{
    for (const char *const *inner = kind->inner; inner && *inner; inner++)
        if (strcmp(*inner, layer) == 0) return 1;
    return 0;
}

/* Layers called prefix + base or below it: how many, and the first two. */
static int layers_below(const dc3_table *table, const dc3_classifier_kind *kind, const char *prefix,
                        const char *base, char layers[2][DC3_NAME_SIZE])
{
    static const char end[] = ".weight";
    char start[DC3_NAME_SIZE];
    int count = 0;
    size_t length = strlen(dc3_name(start, "%s%s.", prefix, base));
    for (size_t i = 0; i < dc3_table_size(table); i++) {
        const char *name = dc3_table_name(table, i);
        size_t size = strlen(name);
        if (strncmp(name, start, length) != 0 || size >= DC3_NAME_SIZE || size < sizeof end ||
            strcmp(name + size - (sizeof end - 1), end) != 0 || dc3_table_at(table, i)->ndim < 2)
            continue;
        char layer[DC3_NAME_SIZE];
        snprintf(layer, sizeof layer, "%.*s", (int)(size - (sizeof end - 1)), name);
        if (is_inner(kind, layer + strlen(prefix))) continue;
        if (count < 2) memcpy(layers[count], layer, sizeof layer);
        count++;
    }
    return count;
}

/* Of a network "0." in a Sequential "around" the name of the module behind it, "1"; "" for others. */
static const char *next_number(const char *prefix, const char *around, char next[16])
{
    int number, used = 0;
    size_t before = strlen(around);
    *next = 0;
    if (strncmp(prefix, around, before) == 0 && sscanf(prefix + before, "%3d.%n", &number, &used) == 1 &&
        used && !prefix[before + (size_t)used])
        snprintf(next, 16, "%d", number + 1);
    return *next ? next : " "; /* what no name is */
}

/* "fc" of "fc.weight" and "a.b" of "a.b.weight" into layer; 0 for other names, and for those with more dots.
 */
static int layer_beside(const char *name, char layer[DC3_NAME_SIZE])
{
    enum { MOST_DOTS = 2 };
    const char *last = strrchr(name, '.');
    int dots = 0;
    for (const char *at = name; *at; at++) dots += *at == '.';
    if (dots > MOST_DOTS || !last || strcmp(last, ".weight") != 0) return 0;
    snprintf(layer, DC3_NAME_SIZE, "%.*s", (int)(last - name), name);
    return 1;
}

void dc3_say_other_heads(const dc3_table *table, const dc3_classifier_kind *kind, const char *prefix,
                         char *text, size_t size)
{
    enum { MOST = 3 };
    char layer[DC3_NAME_SIZE];
    size_t used = 0, before = strlen(prefix);
    int count = 0;
    *text = 0;
    for (size_t i = 0; i < dc3_table_size(table) && count < MOST && used < size; i++) {
        const char *name = dc3_table_name(table, i);
        const dc3_tensor *t = dc3_table_at(table, i);
        int inside = strncmp(name, prefix, before) == 0;
        if (t->ndim != 2 || !layer_beside(name + (inside ? before : 0), layer)) continue;
        if (is_inner(kind, layer)) continue;
        used += (size_t)snprintf(text + used, size - used, "%s'%.60s' [%lld, %lld]", count++ ? ", " : "",
                                 layer, (long long)t->shape[0], (long long)t->shape[1]);
    }
}

void dc3_find_head(const dc3_table *table, const dc3_classifier_kind *kind, const char *prefix, char *head,
                   char *several)
{
    static const char *const usual[] = {"fc",       "head",        "heads",    "classifier",
                                        "linear",   "last_linear", "output",   "logits",
                                        "cls_head", "dense",       "fc_layer", "output_layer",
                                        "out",      "final",       "final_fc", "classification_head",
                                        "_fc"};
    enum { USUAL = sizeof usual / sizeof *usual };
    char around[DC3_NAME_SIZE], layers[2][DC3_NAME_SIZE], next[16];
    char own[DC3_NAME_SIZE]; /* "classifier" of "classifier.1": more than one layer may stand below it */
    *head = *several = 0;
    snprintf(own, sizeof own, "%.*s", (int)strcspn(kind->head, "."), kind->head);
    dc3_name(around, "%s", prefix);
    for (;;) {
        for (int i = -1; i <= USUAL; i++) {
            const char *base = i < 0 ? own : i < USUAL ? usual[i] : next_number(prefix, around, next);
            if (strncmp(prefix, around, strlen(around)) == 0 &&
                strncmp(prefix + strlen(around), base, strlen(base)) == 0 &&
                prefix[strlen(around) + strlen(base)] == '.')
                continue; /* the network itself is called so */
            int count = layers_below(table, kind, around, base, layers);
            if (count == 1) memcpy(head, layers[0], DC3_NAME_SIZE);
            if (count == 1) return;
            if (count > 1 && !*several)
                snprintf(several, DC3_NAME_SIZE, "'%.100s' and '%.100s'", layers[0], layers[1]);
        }
        size_t length = strlen(around);
        if (!length || *several) return;
        around[length - 1] = 0; /* one level up */
        char *dot = strrchr(around, '.');
        around[dot ? dot + 1 - around : 0] = 0;
    }
}
