#include "io/datasets/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"

/* Marks the classes that stay. */
static dc3_status mark(const dc3_dataset *d, const char *setting, char *stays)
{
    const dc3_choice *c = d->choice;
    GHashTable *numbers = g_hash_table_new(g_str_hash, g_str_equal); /* + 1, by the names */
    dc3_status status = DC3_OK;
    memset(stays, c->without, d->class_count);
    for (size_t i = 0; i < d->class_count; i++)
        g_hash_table_insert(numbers, d->classes[i], GSIZE_TO_POINTER(i + 1));
    for (int i = 0; status == DC3_OK && i < c->count; i++) {
        gsize found = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, c->classes[i]));
        const char *near =
            found ? NULL : dc3_text_nearest(c->classes[i], (const char *const *)d->classes, d->class_count);
        if (found)
            stays[found - 1] = !c->without;
        else if (!d->test)
            status = dc3_fail_setting(setting, "'%.100s' is no %sclass of %s%s%.100s%s", c->classes[i],
                                      c->count == 1 ? "file, and no " : "", d->path,
                                      near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
    }
    g_hash_table_destroy(numbers);
    return status;
}

/* Those that are not marked go; `place` [classes] is room for the new numbers. */
static void leave(dc3_dataset *d, const char *stays, int *place)
{
    size_t classes = 0;
    int64_t size = 0;
    for (size_t i = 0; i < d->class_count; i++) {
        place[i] = (int)classes;
        if (stays[i])
            d->classes[classes++] = d->classes[i];
        else
            free(d->classes[i]);
    }
    for (int64_t i = 0; i < d->size; i++) {
        dc3_item item = d->items[i];
        if (!stays[item.label]) continue;
        item.label = place[item.label];
        d->items[size++] = item;
    }
    d->class_count = classes, d->size = size;
}

dc3_status dc3_dataset_filter(dc3_dataset *d)
{
    if (!d->choice || !d->choice->count || !d->size) return DC3_OK;
    const char *setting = d->choice->without ? "without_classes" : "classes";
    char *stays = malloc(d->class_count + 1);
    int *place = malloc((d->class_count + 1) * sizeof *place);
    size_t all = d->class_count;
    dc3_status status = stays && place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    if (status == DC3_OK) status = mark(d, setting, stays);
    if (status == DC3_OK) {
        leave(d, stays, place);
        d->filtered = 1;
        if (!d->size) status = dc3_fail_setting(setting, "%s: no image of any class is left", d->path);
    }
    if (status == DC3_OK && !d->test)
        status = dc3_dataset_mention(d, "%zu of %zu classes are taken", d->class_count, all);
    free(stays);
    free(place);
    return status;
}
