#include "budget/cost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/ustar.h"

enum {
    SHARD_NAME = 17, /* "train-000000.tar/", which stands before names in labels */
    SEPARATOR = 1,   /* behind each text of a list */
    LABELS = 2048    /* the header of nine tensors, about 900, and the settings, about 400 with a teacher */
};

double dc3_cost_image(const dc3_cost *c, double bytes)
{
    return c->tar ? dc3_ustar_takes(bytes) : bytes;
}

/* Bytes of a text in JSON. */
static double text_bytes(const json_t *text)
{
    char *dump = json_dumps(text, JSON_ENCODE_ANY);
    double bytes = dump ? (double)strlen(dump) : 0;
    free(dump);
    return bytes;
}

double dc3_cost_rest(const dc3_cost *c, double line, int label, const char *name)
{
    char digits[16];
    double bytes = line + 1;
    if (c->tar) bytes = dc3_ustar_takes(line) + dc3_ustar_takes(snprintf(digits, sizeof digits, "%d", label));
    if (!(c->labels > 0)) return bytes;
    json_t *text = dc3_json_text(name);
    bytes += c->labels + text_bytes(text) + SEPARATOR + (c->tar ? SHARD_NAME : 0);
    json_decref(text);
    return bytes;
}

double dc3_cost_once(const dc3_cost *c, double budget)
{
    /* Of two tars after each other the first and what begins the second are more than a tar holds. */
    double tars = c->tar ? 1 + floor(2 * budget / c->shard) : 0;
    return tars * DC3_USTAR_END + (c->labels > 0 ? c->names : 0);
}

double dc3_cost_names(const json_t *classes)
{
    double bytes = LABELS;
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)(uintptr_t)classes, i, name) bytes += text_bytes(name) + SEPARATOR;
    return bytes;
}
