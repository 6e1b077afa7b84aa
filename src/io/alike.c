#include "io/alike.h"

#include <glib.h>
#include <stdlib.h>
#include "base/rng.h"

enum {
    GRID = 3,
    STEP = 8,
    TOLERANCE = 4
}; /* levels: of the mean colours by which views are grouped; of a cell */

typedef struct entry {
    int64_t item;
    guint next; /* of the same group, + 1 */
    uint8_t sketch[DC3_SKETCH];
} entry;

struct dc3_alike {
    GArray *entries;
    GHashTable *groups[2]; /* of views that were not reduced and that were: their last entries, + 1 */
};

static void sketch(const dc3_image *image, uint8_t cells[DC3_SKETCH])
{
    for (int cell = 0; cell < GRID * GRID; cell++) {
        int64_t sum[3] = {0}, count = 0;
        int left = cell % GRID * image->width / GRID, right = (cell % GRID + 1) * image->width / GRID;
        for (int y = cell / GRID * image->height / GRID; y < (cell / GRID + 1) * image->height / GRID; y++)
            for (int x = left; x < right; x++, count++) {
                const uint8_t *rgb = image->pixels + ((int64_t)y * image->width + x) * 3;
                for (int c = 0; c < 3; c++) sum[c] += rgb[c];
            }
        for (int c = 0; c < 3; c++) cells[cell * 3 + c] = (uint8_t)(count ? sum[c] / count : 0);
    }
}

dc3_appearance dc3_appearance_of(const dc3_image *image, int reduced)
{
    size_t bytes = (size_t)image->width * (size_t)image->height * 3;
    dc3_appearance view = {.hash = dc3_hash64(image->pixels, bytes), .reduced = reduced};
    sketch(image, view.sketch);
    return view;
}

dc3_alike *dc3_alike_new(void)
{
    dc3_alike *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->entries = g_array_new(FALSE, FALSE, sizeof(entry));
    for (int k = 0; k < 2; k++) a->groups[k] = g_hash_table_new(g_direct_hash, g_direct_equal);
    return a;
}

void dc3_alike_close(dc3_alike **alike)
{
    dc3_alike *a = *alike;
    if (!a) return;
    g_array_free(a->entries, TRUE);
    for (int k = 0; k < 2; k++) g_hash_table_destroy(a->groups[k]);
    free(a);
    *alike = NULL;
}

/* Which group a view is in: its mean colour, in steps. */
static void group_of(const dc3_appearance *view, int group[3])
{
    for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int cell = 0; cell < GRID * GRID; cell++) sum += view->sketch[cell * 3 + c];
        group[c] = sum / (GRID * GRID) / STEP;
    }
}

static gpointer key_of(int r, int g, int b)
{
    return GSIZE_TO_POINTER(((gsize)(r + 1) << 12 | (gsize)(g + 1) << 6) | (gsize)(b + 1));
}

void dc3_alike_add(dc3_alike *a, const dc3_appearance *view, int64_t item)
{
    int group[3];
    group_of(view, group);
    GHashTable *table = a->groups[view->reduced != 0];
    gpointer key = key_of(group[0], group[1], group[2]);
    entry e = {.item = item, .next = GPOINTER_TO_UINT(g_hash_table_lookup(table, key))};
    for (int i = 0; i < DC3_SKETCH; i++) e.sketch[i] = view->sketch[i];
    g_array_append_val(a->entries, e);
    g_hash_table_insert(table, key, GUINT_TO_POINTER(a->entries->len));
}

static int is_near(const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < DC3_SKETCH; i++)
        if (abs(a[i] - b[i]) > TOLERANCE) return 0;
    return 1;
}

int64_t dc3_alike_find(const dc3_alike *a, const dc3_appearance *view,
                       int (*is_same)(const void *user, int64_t item), const void *user)
{
    int64_t first = -1;
    int group[3];
    GHashTable *table = a->groups[!view->reduced];
    group_of(view, group);
    for (int k = 0; g_hash_table_size(table) && k < 27; k++) { /* it, and those beside it */
        gpointer key = key_of(group[0] + k % 3 - 1, group[1] + k / 3 % 3 - 1, group[2] + k / 9 - 1);
        guint at = GPOINTER_TO_UINT(g_hash_table_lookup(table, key));
        while (at) {
            const entry *e = &g_array_index(a->entries, entry, at - 1);
            if ((first < 0 || e->item < first) && is_near(e->sketch, view->sketch) && is_same(user, e->item))
                first = e->item;
            at = e->next;
        }
    }
    return first;
}
