/* The rule of a budget in bytes.
 *
 * Students' accuracy grows with the logarithm of the number of images, and falls with the loss of what is
 * stored. With n images of each class the expected score is
 *
 *     s(n, ...) = gain ln n - loss(format) - loss(labels)      points of accuracy
 *
 * and of what fits the budget the offer with the largest s is taken. Where the data end (n cannot grow) that
 * is the one with the least loss that still holds all.
 *
 * Evidence: CIFAR-10 at 32 px, ConvNet-3, hard labels, 300 epochs of batch 25, last epoch, one seed (a
 * repetition differs by about a point); tested on held-out training images.
 *
 * gain: dc3-select, PNG, IPC 10 and 50: 37.4 and 51.7 %, 14.3 / ln 5 = 8.9.
 * loss(format): the same IPC 50 as WebP of quality 80, 30 and PNG: 51.1, 51.8 and 51.7 %: none is seen.
 * Equal bytes (tools/results/budgets.sh, random images; images and metadata.jsonl count), images and %:
 *
 *     bytes    seed  quality 10  20        30        50        80        PNG
 *     30,000   1     100: 29.2   90: 28.2  80: 29.3  70: 26.2  50: 23.8  none
 *     30,000   2     100: 28.1   90: 28.5  90: 28.4  70: 27.9  .         none
 *     100,000  1     360: 41.5   .         300: 41.4 .         .         .
 *
 * By the gain alone 10 would be 1.6 points ahead of 30 at 100,000, and 20 would be 1.0 at 30,000 with seed 1:
 * where they are not, it is their loss, to within a point. So 30 is taken at 32 px. 10 is not offered: larger
 * images, whose bytes differ more between qualities than those of 32 px, would come to it by a formula that
 * was measured elsewhere.
 *
 * loss(labels): of the same 200 views of 100 images (docs/soft-labels.md) a student learns 61.2 % from logits
 * of 16 bits and 61.5 % from 8: none is seen. From the 3 largest of 10 logits it learns 54.6 %, 6.6 points
 * less than all of them; they take 36 bytes of a view and all take 35, so they are not offered. Of more
 * classes nothing was measured, so few logits are the user's choice, or that of a search.
 *
 * Images stored smaller than students see them were not measured either: the rule keeps the size, a search
 * tries others.
 */
#include "budget/rule.h"

#include <math.h>

static const double gain = 8.9;

const dc3_coding dc3_budget_codings[DC3_OFFERS] = {
    {DC3_WEBP, 20, 0}, {DC3_WEBP, 30, 0}, {DC3_WEBP, 50, 0}, {DC3_WEBP, 80, 0}, {DC3_PNG, 0, 0},
};
/* Points that each of them loses. */
static const double losses[DC3_OFFERS] = {1.2, 0.2, 0.1, 0.05, 0};
static const double eight_bits = 0.05; /* of labels */

int dc3_budget_precisions(dc3_precision precisions[DC3_OFFER_PRECISIONS])
{
    precisions[0] = (dc3_precision){16, 0};
    precisions[1] = (dc3_precision){8, 0};
    return DC3_OFFER_PRECISIONS;
}

/* Between two of them in proportion to the quality; other formats count as the WebP of their quality. */
static double loss_of_coding(dc3_coding coding)
{
    enum { LAST = DC3_OFFERS - 2 }; /* with a quality */
    const dc3_coding *c = dc3_budget_codings;
    if (!coding.quality) return losses[DC3_OFFERS - 1];
    if (coding.quality <= c[0].quality) return losses[0];
    for (int i = 1; i <= LAST; i++)
        if (coding.quality <= c[i].quality) {
            double part = (double)(coding.quality - c[i - 1].quality) / (c[i].quality - c[i - 1].quality);
            return losses[i - 1] + part * (losses[i] - losses[i - 1]);
        }
    return losses[LAST];
}

static double loss_of_labels(dc3_precision labels)
{
    return labels.bits == 8 ? eight_bits : 0;
}

double dc3_budget_score(const dc3_offer *offer, double each)
{
    return gain * log(each) - loss_of_coding(offer->coding) - loss_of_labels(offer->labels);
}

dc3_status dc3_budget_choose(const dc3_offer *offers, int count, const dc3_purpose *p, int *which,
                             int64_t *images)
{
    double best = -INFINITY, least = INFINITY;
    *images = 0;
    for (int i = 0; i < count; i++) {
        double fit = fmax(0, floor((p->budget - p->once) / offers[i].bytes));
        int64_t n = fit < (double)p->most ? (int64_t)fit : p->most;
        least = fmin(least, p->once + offers[i].bytes * (double)p->classes);
        if (n < p->classes) continue;
        double score = dc3_budget_score(&offers[i], (double)n / (double)p->classes);
        if (score > best) best = score, *which = i, *images = n;
    }
    return *images ? DC3_OK : dc3_fail(DC3_ERR_ARGUMENT, "%.0f bytes", ceil(least));
}
