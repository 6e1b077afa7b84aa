/* Names of classes that may be meant as one. */
#include <string.h>
#include "io/datasets/reader.h"

/* Without the form of Unicode, capitals, and spaces around it; NULL for what is no UTF-8. Free with g_free.
 */
static char *plain_form(const char *name)
{
    char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_ALL_COMPOSE);
    char *folded = composed ? g_utf8_casefold(composed, -1) : NULL;
    g_free(composed);
    return folded ? g_strstrip(folded) : NULL;
}

dc3_status dc3_dataset_note_alike(dc3_dataset *d)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *first = NULL, *like = NULL;
    long count = 0;
    for (size_t i = 0; i < d->class_count; i++) {
        char *form = plain_form(d->classes[i]);
        const char *before = form ? g_hash_table_lookup(seen, form) : NULL;
        if (before && !count++) first = before, like = d->classes[i];
        if (form && !before)
            g_hash_table_insert(seen, form, d->classes[i]);
        else
            g_free(form);
    }
    g_hash_table_destroy(seen);
    if (!count) return DC3_OK;
    return dc3_dataset_mention(d,
                               "%ld class name%s like another but for capitals, spaces or forms of Unicode "
                               "('%.80s' and '%.80s'); if they are one class, merge their folders",
                               count, count == 1 ? " is" : "s are", first, like);
}
