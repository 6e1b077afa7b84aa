/* Which part of a checkpoint is the state dict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/pth/pth_private.h"
#include "io/wrappers.h"

enum {
    PLACES = 512,
    ENTRIES = 1 << 20,        /* that are looked at to find the state dict */
    MODULE_ENTRIES = 1 << 18, /* of one network's modules: many names may lead to the same one */
    LEVELS = 32,
    PATH = 96
};

/* A value that may hold tensors, and the keys that lead to it, with dots between. */
typedef struct place {
    const dc3_pickle_value *value;
    char path[PATH];
    int rank; /* of the best of its keys; PLACES: none is known */
    int64_t tensors;
} place;

typedef struct search {
    place places[PLACES];
    int count;
    size_t left; /* entries that may still be looked at */
} search;

/* A TorchScript module: its tensors and modules are its attributes. */
static int is_script(const dc3_pickle_value *value)
{
    static const char prefix[] = "__torch__.";
    const dc3_pickle_value *module = value->of ? value->of->of : NULL;
    return module && module->size >= sizeof prefix - 1 &&
           memcmp(module->text, prefix, sizeof prefix - 1) == 0;
}

/* The parts of an object that is a network saved as a whole, or NULL. */
static const dc3_pickle_value *module_part(const dc3_pickle_value *value, const char *part)
{
    if (value->kind != DC3_PICKLE_OTHER || !value->of || !value->state) return NULL;
    const dc3_pickle_value *found = is_script(value) ? value->state : dc3_pickle_find(value->state, part);
    return found && found->kind == DC3_PICKLE_DICT ? found : NULL;
}

/* Takes the entries of a dict, or of nothing, from those that are left; 1 if they were enough. */
static int spend(const dc3_pickle_value *dict, size_t *left)
{
    size_t entries = dict ? dict->size / 2 + 1 : 1;
    if (entries > *left) return *left = 0;
    *left -= entries;
    return 1;
}

int dc3_pth_is_rows(const dc3_pickle_value *value)
{
    return dc3_pickle_find(value, "embeddings") && dc3_pickle_find(value, "labels");
}

static dc3_status visit_dict(const dc3_pickle_value *dict, const char *prefix, dc3_pth_visitor *visit,
                             void *user)
{
    char name[DC3_PTH_NAME];
    size_t before = strlen(prefix);
    int lists = dict && !*prefix && dc3_pth_is_rows(dict);
    for (size_t i = 0; dict && i < dict->size; i += 2) {
        const dc3_pickle_value *key = dict->items[i], *value = dict->items[i + 1];
        if (key->kind != DC3_PICKLE_TEXT ||
            (value->kind != DC3_PICKLE_TENSOR && value->kind != DC3_PICKLE_ODD &&
             !(lists && value->kind == DC3_PICKLE_LIST)))
            continue;
        memcpy(name, prefix, before);
        int exact = dc3_pickle_string(key, name + before, sizeof name - before);
        DC3_TRY(visit(user, name, exact, value));
    }
    return DC3_OK;
}

/* The part, if enough are left for its entries. */
static const dc3_pickle_value *afford(const dc3_pickle_value *module, const char *part, size_t *left)
{
    const dc3_pickle_value *found = module_part(module, part);
    return found && spend(found, left) ? found : NULL;
}

/* As PyTorch's Module.state_dict; *left: entries that may be looked at. */
static dc3_status visit_module(const dc3_pickle_value *module, char *prefix, int level, size_t *left,
                               dc3_pth_visitor *visit, void *user)
{
    size_t before = strlen(prefix);
    if (level == LEVELS || !spend(module->state, left)) return DC3_OK;
    DC3_TRY(visit_dict(afford(module, "_parameters", left), prefix, visit, user));
    if (!is_script(module)) DC3_TRY(visit_dict(afford(module, "_buffers", left), prefix, visit, user));
    const dc3_pickle_value *children = afford(module, "_modules", left);
    for (size_t i = 0; children && *left && i < children->size; i += 2) {
        const dc3_pickle_value *key = children->items[i];
        size_t room = DC3_PTH_NAME / 2 - before;
        if (key->kind != DC3_PICKLE_TEXT || key->size + 2 > room) continue;
        dc3_pickle_string(key, prefix + before, room);
        strcat(prefix, ".");
        DC3_TRY(visit_module(children->items[i + 1], prefix, level + 1, left, visit, user));
        prefix[before] = 0;
    }
    return DC3_OK;
}

static dc3_status visit_within(const dc3_pickle_value *value, size_t *left, dc3_pth_visitor *visit,
                               void *user)
{
    char prefix[DC3_PTH_NAME] = "";
    return value->kind == DC3_PICKLE_DICT ? visit_dict(value, "", visit, user)
                                          : visit_module(value, prefix, 0, left, visit, user);
}

dc3_status dc3_pth_visit(const dc3_pickle_value *value, dc3_pth_visitor *visit, void *user)
{
    size_t left = MODULE_ENTRIES;
    return visit_within(value, &left, visit, user);
}

static dc3_status count_one(void *user, const char *name, int exact, const dc3_pickle_value *value)
{
    (void)name;
    *(int64_t *)user += exact && value->kind == DC3_PICKLE_TENSOR;
    return DC3_OK;
}

/* Of a network, of which no more is looked at than when it is read. */
static void count_tensors(search *s, place *p)
{
    size_t left = s->left < MODULE_ENTRIES ? s->left : MODULE_ENTRIES, before = left;
    visit_within(p->value, &left, count_one, &p->tensors);
    s->left -= before - left;
}

/* Adds a value if it can hold tensors and was not met before. */
static void meet(search *s, const dc3_pickle_value *value, const place *above, const char *key)
{
    int container =
        value->kind == DC3_PICKLE_DICT || value->kind == DC3_PICKLE_LIST || value->kind == DC3_PICKLE_TUPLE;
    if (s->count == PLACES) return;
    if (!container && value->kind != DC3_PICKLE_OTHER) return;
    if (!container && (!spend(value->state, &s->left) || !module_part(value, "_parameters"))) return;
    for (int i = 0; i < s->count; i++)
        if (s->places[i].value == value) return;
    place *p = &s->places[s->count++];
    int rank = dc3_wrapper_rank(key, strlen(key));
    *p = (place){.value = value, .rank = above && above->rank < PLACES ? above->rank : PLACES};
    if (rank >= 0 && rank < p->rank) p->rank = rank;
    if (above) snprintf(p->path, sizeof p->path, "%.46s%s%.46s", above->path, *above->path ? "." : "", key);
    if (value->kind == DC3_PICKLE_DICT)
        p->tensors = value->number;
    else if (value->kind == DC3_PICKLE_OTHER)
        count_tensors(s, p);
}

/* The values of a dict, a list or a tuple. */
static void look_into(search *s, const place *holder)
{
    const dc3_pickle_value *v = holder->value;
    int dict = v->kind == DC3_PICKLE_DICT;
    if (v->kind == DC3_PICKLE_OTHER) return;
    for (size_t i = 0; i + (size_t)dict < v->size && s->left; i += dict ? 2 : 1, s->left -= s->left > 0) {
        char key[64];
        if (dict && v->items[i]->kind == DC3_PICKLE_TEXT)
            dc3_pickle_string(v->items[i], key, sizeof key);
        else
            snprintf(key, sizeof key, "[%zu]", dict ? i / 2 : i);
        meet(s, v->items[i + (size_t)dict], holder, key);
    }
}

/* Best by rank among those with at least half as many tensors as the largest; NULL if two are alike, which
 * *rival then is. */
static const place *best_of(const search *s, int *rivals, const place **rival)
{
    const place *best = NULL;
    int64_t most = 0;
    *rivals = 0;
    *rival = NULL;
    for (int i = 0; i < s->count; i++)
        if (s->places[i].tensors > most) most = s->places[i].tensors;
    for (int i = 0; most && i < s->count; i++) {
        const place *p = &s->places[i];
        if (p->tensors < most - most / 2) continue;
        ++*rivals;
        if (!best || p->rank < best->rank)
            best = p, *rival = NULL;
        else if (p->rank == best->rank)
            *rival = p;
    }
    return best;
}

static dc3_status note_first_odd(void *user, const char *name, int exact, const dc3_pickle_value *value)
{
    char what[128], *text = user;
    if (!*text && exact)
        snprintf(text, 256, "; '%.100s' is %s", name, dc3_pickle_describe(value, what, sizeof what));
    return DC3_OK;
}

static dc3_status nothing_found(const dc3_pth_file *file, const dc3_pickle_value *root)
{
    char what[320], odd[256] = "";
    if (root->kind != DC3_PICKLE_DICT)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a dict of tensors, found %s, of which nothing is executed; save only the "
            "weights: torch.save(model.state_dict(), FILE)",
            file->origin, dc3_pickle_describe(root, what, sizeof what));
    dc3_pth_visit(root, note_first_odd, odd);
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected a dict of tensors, or one under a key such as 'state_dict' or 'model', found "
        "a dict without%s",
        file->origin, odd);
}

static const char *path_of(const place *p)
{
    return *p->path ? p->path : "(the outer one)";
}

static dc3_status choose(const dc3_pth_file *file, search *s, const dc3_pickle_value *root,
                         const dc3_pickle_value **found)
{
    const place *rival;
    int rivals;
    meet(s, root, NULL, "");
    for (int i = 0; i < s->count; i++) look_into(s, &s->places[i]);
    const place *best = best_of(s, &rivals, &rival);
    if (!best && dc3_pth_is_rows(root)) return *found = root, DC3_OK;
    if (!best) return nothing_found(file, root);
    if (rival)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected one dict of tensors, found %d ('%s', '%s'); save the one that you mean alone: "
            "torch.save(checkpoint[KEY], FILE)",
            file->origin, rivals, path_of(best), path_of(rival));
    *found = best->value;
    if (rivals > 1)
        return dc3_table_note(file->table, "of %d dicts of tensors '%s' was taken", rivals, path_of(best));
    if (best->value->kind == DC3_PICKLE_OTHER)
        return dc3_table_note(file->table, "a network saved as a whole, of which the tensors were taken");
    return *best->path ? dc3_table_note(file->table, "tensors under '%s'", best->path) : DC3_OK;
}

dc3_status dc3_pth_choose(const dc3_pth_file *file, const dc3_pickle_value *root,
                          const dc3_pickle_value **found)
{
    search *s = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", file->origin);
    s->left = ENTRIES;
    dc3_status status = choose(file, s, root, found);
    free(s);
    return status;
}
