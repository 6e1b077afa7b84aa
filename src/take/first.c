#include "take/first.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "budget/spread.h"
#include "io/dataset.h"

/* An image by its place in the order of its class. */
typedef struct place {
    int64_t line, label, repeat, rank, bin;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->repeat != y->repeat) return x->repeat < y->repeat ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->bin != y->bin) return x->bin < y->bin ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int compare_lines(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static place place_of(const json_t *line, int64_t number)
{
    const json_t *patch = json_array_get(json_object_get(line, "patches"), 0), *chosen = patch ? patch : line;
    return (place){number, json_integer_value(json_object_get(line, "label")),
                   json_integer_value(json_object_get(line, "repeat")),
                   json_integer_value(json_object_get(chosen, "rank")),
                   json_integer_value(json_object_get(chosen, "bin"))};
}

/* Counts a crop of an image of the class in `seen`, which says of each image how many there were before:
 * *before. */
static dc3_status count_crop(json_t *seen, int64_t label, const json_t *patch, int64_t *before)
{
    const char *source = json_string_value(json_object_get(patch, "source"));
    char *key = NULL;
    if (asprintf(&key, "%lld %s", (long long)label, source ? source : "") < 0)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *before = json_integer_value(json_object_get(seen, key));
    int failed = json_object_set_new(seen, key, json_integer(*before + 1));
    free(key);
    return failed ? dc3_fail(DC3_ERR_MEMORY, "out of memory") : DC3_OK;
}

/* Lines of crops do not say that they are repeats: one is where the image of its first crop has crops in
 * lines before. */
static dc3_status find_repeats(const json_t *lines, place *places)
{
    json_t *line, *patch, *seen = json_object();
    size_t i, k;
    dc3_status status = seen ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_array_foreach(lines, i, line)
    {
        json_array_foreach(json_object_get(line, "patches"), k, patch)
        {
            int64_t before = 0;
            if (status == DC3_OK) status = count_crop(seen, places[i].label, patch, &before);
            if (!k) places[i].repeat = before;
        }
    }
    json_decref(seen);
    return status;
}

/* Sorts the places of all lines, and counts those of each class; the caller frees *have. */
static dc3_status sort(const char *train, const json_t *lines, place *places, int64_t *classes,
                       int64_t **have)
{
    int64_t n = (int64_t)json_array_size(lines);
    *classes = 0;
    for (int64_t i = 0; i < n; i++) {
        const json_t *line = json_array_get(lines, (size_t)i);
        places[i] = place_of(line, i);
        if (!json_is_integer(json_object_get(line, "label")) || places[i].label < 0 ||
            places[i].label >= DC3_CLASS_LIMIT)
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: expected a label from 0 to %d in each line of the images, found none in "
                            "that of image %lld",
                            train, DC3_CLASS_LIMIT - 1, (long long)i + 1);
        if (places[i].label >= *classes) *classes = places[i].label + 1;
    }
    DC3_TRY(find_repeats(lines, places));
    *have = calloc((size_t)*classes + 1, sizeof **have);
    if (!*have) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < n; i++) (*have)[places[i].label]++;
    qsort(places, (size_t)n, sizeof *places, compare_places);
    return DC3_OK;
}

/* How many each class gives; `have` becomes that. */
static dc3_status share(int64_t n, int64_t ipc, int64_t total, dc3_first *first, int64_t *have)
{
    int64_t most = 0, *give = calloc((size_t)first->classes + 1, sizeof *give);
    if (!give) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t c = 0; c < first->classes; c++) most = have[c] > most ? have[c] : most;
    dc3_status status = DC3_OK;
    if (total && (total > n || total < first->classes))
        status = dc3_fail_setting("total",
                                  "expected from one image of each class, %lld, to all of the run, %lld; "
                                  "found %lld",
                                  (long long)first->classes, (long long)n, (long long)total);
    else if (!total && ipc > most)
        status = dc3_fail_setting("ipc",
                                  "expected at most what the run has of a class, %lld, found %lld; a run of "
                                  "its own chooses more",
                                  (long long)most, (long long)ipc);
    else if (total)
        first->most = dc3_spread(total, (int)first->classes, have, give);
    else
        for (int64_t c = 0; c < first->classes; c++) give[c] = have[c] < ipc ? have[c] : ipc;
    if (!total) first->most = ipc;
    memcpy(have, give, (size_t)first->classes * sizeof *have);
    free(give);
    return status;
}

dc3_status dc3_first_of(const char *train, const json_t *lines, int64_t ipc, int64_t total, dc3_first *first)
{
    int64_t n = (int64_t)json_array_size(lines), *left = NULL;
    place *places = malloc(((size_t)n + 1) * sizeof *places);
    *first = (dc3_first){.lines = malloc(((size_t)n + 1) * sizeof *first->lines)};
    dc3_status status = places && first->lines ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && !n) status = dc3_fail(DC3_ERR_FORMAT, "%s: expected images, found none", train);
    if (status == DC3_OK) status = sort(train, lines, places, &first->classes, &left);
    if (status == DC3_OK) status = share(n, ipc, total, first, left);
    for (int64_t i = 0; status == DC3_OK && i < n; i++)
        if (left[places[i].label] > 0) {
            left[places[i].label]--;
            first->lines[first->count++] = places[i].line;
        }
    if (status == DC3_OK) qsort(first->lines, (size_t)first->count, sizeof *first->lines, compare_lines);
    free(places);
    free(left);
    if (status != DC3_OK) dc3_first_free(first);
    return status;
}

void dc3_first_free(dc3_first *first)
{
    free(first->lines);
    *first = (dc3_first){0};
}

int dc3_is_nested(const json_t *settings)
{
    static const char *const orders[] = {"bps", "cao2", "herding", "k-center", "nested", "random"};
    const char *selection = json_string_value(json_object_get(settings, "selection")),
               *method = json_string_value(json_object_get(settings, "method")),
               *maximizer = json_string_value(json_object_get(settings, "maximizer")),
               *by = selection ? selection : method;
    int paper = !selection || strcmp(selection, "paper") == 0; /* earlier versions left it out */
    int whole = (method && strcmp(method, "graph-cut") == 0) ||
                (paper && json_integer_value(json_object_get(settings, "bins")) == 1);
    if (whole && maximizer && strcmp(maximizer, "stochastic") != 0) return 1; /* in one bin */
    for (size_t i = 0; by && i < sizeof orders / sizeof *orders; i++)
        if (strcmp(by, orders[i]) == 0) return 1;
    return 0;
}
