#include "metrics/feature_sample.h"

#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

struct dc3_feature_sample {
    int64_t d, most, count, room;
    uint64_t seen;
    dc3_rng rng;
    float *rows; /* [room, d] */
};

dc3_status dc3_feature_sample_open(int64_t d, int64_t most, uint64_t seed, dc3_feature_sample **sample)
{
    dc3_feature_sample *s = *sample = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *s = (dc3_feature_sample){.d = d, .most = most, .rng = dc3_rng_make(seed, DC3_RNG_MEASURE, 0)};
    return DC3_OK;
}

void dc3_feature_sample_close(dc3_feature_sample **sample)
{
    if (*sample) free((*sample)->rows);
    free(*sample);
    *sample = NULL;
}

static dc3_status more_room(dc3_feature_sample *s)
{
    int64_t room = s->room ? 2 * s->room : 64;
    if (room > s->most) room = s->most;
    float *rows = realloc(s->rows, (size_t)room * (size_t)s->d * sizeof *rows);
    if (!rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows of features", (long long)room);
    s->rows = rows;
    s->room = room;
    return DC3_OK;
}

dc3_status dc3_feature_sample_add(dc3_feature_sample *s, const float *x)
{
    int64_t at = s->count < s->most ? s->count : (int64_t)dc3_rng_below(&s->rng, s->seen + 1);
    s->seen++;
    if (at >= s->most) return DC3_OK;
    if (at == s->room) DC3_TRY(more_room(s));
    memcpy(s->rows + at * s->d, x, (size_t)s->d * sizeof *x);
    if (at == s->count) s->count++;
    return DC3_OK;
}

int64_t dc3_feature_sample_count(const dc3_feature_sample *s)
{
    return s->count;
}

int64_t dc3_feature_sample_size(const dc3_feature_sample *s)
{
    return s->d;
}

const float *dc3_feature_sample_rows(const dc3_feature_sample *s)
{
    return s->rows;
}
