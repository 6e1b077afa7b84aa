#include "calibrate/candidates.h"

#include <string.h>
#include "colour/combine.h"

static const double strengths[] = {1, 0.5};

int dc3_candidates_of(int pairs, dc3_candidate all[DC3_CANDIDATES])
{
    int count = 0;
    all[count++] = (dc3_candidate){{-1, -1}, 0};
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < 2 * pairs; i++) all[count++] = (dc3_candidate){{i, -1}, strengths[s]};
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < pairs * pairs; i++)
            all[count++] = (dc3_candidate){{i / pairs, pairs + i % pairs}, strengths[s]};
    return count;
}

int dc3_candidate_random(int pairs)
{
    return 1 + 4 * pairs;
}

void dc3_candidate_image(const dc3_candidate *c, dc3_combine mode, int size, const float *original,
                         const float *const *edits, uint64_t seed, uint64_t item, float *out)
{
    int64_t values = (int64_t)size * size * 3;
    float share = (float)c->strength;
    if (c->edits[0] < 0)
        memcpy(out, original, (size_t)values * sizeof *out);
    else if (c->edits[1] < 0)
        memcpy(out, edits[c->edits[0]], (size_t)values * sizeof *out);
    else
        dc3_combine_images(mode, size, (const float *const[]){edits[c->edits[0]], edits[c->edits[1]]}, seed,
                           item, out);
    for (int64_t i = 0; share < 1 && c->edits[0] >= 0 && i < values; i++)
        out[i] = original[i] + share * (out[i] - original[i]);
}
