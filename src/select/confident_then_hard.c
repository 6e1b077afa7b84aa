/* Images that a teacher gets right, confident ones at few images per class and hard ones at many: the
 * probability-informed selection of CaO2 (Wang et al., ICCV 2025, arXiv 2506.22637). With the
 * probability p_y of an image's own class y, among the images with argmax_k p_k = y, its program takes those
 * of the largest p_y at 10 images per class and those of the smallest at 50; where too few are right, the
 * wrong ones follow by their confidence. Where ours departs: CaO2 chooses among images that a diffusion model
 * made, here they are real. Its choice turns around somewhere between 10 and 50, so that the smaller set is
 * no part of the larger; ours are the SURE most confident ones, and from there on the least confident, so
 * that the first k images of a class are the same for every number of images per class. The wrong ones follow
 * by p_y, the largest first, where the program takes the probability of whatever class it sees. Keys are
 * log(p_y / (1 - p_y)), which order as p_y does. O(m c + m log m). Ties go to the lowest row. */
#include "select/certainty.h"
#include "select/choose.h"

enum { SURE = 10 };

/* order [m]: the `right` right ones from the surest on, then the others from the surest on. */
static int64_t rank(const dc3_candidates *from, double *keys, int64_t *order, int64_t *scratch)
{
    int64_t right = 0, wrong = 0;
    for (int64_t i = 0; i < from->m; i++)
        keys[i] = -dc3_log_odds(from->c, from->logits + from->rows[i] * from->c, from->label);
    dc3_order_by(from->m, keys, scratch);
    for (int64_t i = 0; i < from->m; i++)
        if (dc3_is_correct(from->c, from->logits + from->rows[scratch[i]] * from->c, from->label))
            order[right++] = scratch[i];
    for (int64_t i = 0; i < from->m; i++)
        if (!dc3_is_correct(from->c, from->logits + from->rows[scratch[i]] * from->c, from->label))
            order[right + wrong++] = scratch[i];
    return right;
}

dc3_status dc3_choose_confident_then_hard(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    size_t m = (size_t)from->m;
    double *keys = dc3_meter_alloc(from->meter, m, sizeof *keys);
    int64_t *order = dc3_meter_alloc(from->meter, 2 * m, sizeof *order);
    dc3_status status = DC3_OK;
    if (!keys || !order)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the confidence of %lld rows", (long long)m);
    int64_t right = status == DC3_OK ? rank(from, keys, order, order + m) : 0;
    int64_t sure = right < SURE ? right : SURE;
    for (int64_t k = 0; status == DC3_OK && k < count; k++)
        picks[k] = order[k < sure || k >= right ? k : right - 1 - (k - sure)];
    dc3_meter_free(from->meter, keys);
    dc3_meter_free(from->meter, order);
    return status;
}
