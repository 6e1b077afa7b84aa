/* Dataset Quantization (Zhou et al., ICCV 2023), without its pixel stage. The class D of m rows is cut into N
 * bins of m / N rows, one after the other: bin S_n grows greedily by the row x of what is left that maximises
 *     sum_{p in S_n so far} |f(p) - f(x)|^2  -  sum_{p in D, in no bin yet} |f(p) - f(x)|^2.
 * For features of unit length |f(p) - f(x)|^2 = 2 - 2 cos, and this is, up to a constant, the graph cut
 *     sum_{p in D less the bins before} s_px - 2 sum_{p in S_n} s_px,   s = 0.5 + 0.5 cos,
 * which the authors' program maximises (its submodular_function.py, GraphCut, lambda 1) and we do. Then rows
 * are drawn uniformly from every bin, the same number from each; what the division leaves goes, one row each,
 * to bins drawn at random (the program rounds a fraction instead, and so does not meet a given number of
 * rows). N is the option `bins`, 10 in the paper. Features are as for graph cut: gradients of a teacher, as
 * in the program, where there is one. O(m^2 d): N passes over the similarities of what is left, none held. */
#include "select/choose.h"

/* Where bin b begins: bins differ by one row at most. */
static int64_t start_of(int64_t m, int64_t count, int64_t b)
{
    return m * b / count;
}

/* Moves the rows of `left` [n] that were picked to bin b; returns how many remain. rows [n] goes with them.
 */
static int64_t take(int64_t n, int64_t picked, const int64_t *picks, int64_t b, int64_t *bins, int64_t *left,
                    int64_t *rows)
{
    int64_t remaining = 0;
    for (int64_t i = 0; i < picked; i++) bins[left[picks[i]]] = b;
    for (int64_t i = 0; i < n; i++) {
        if (bins[left[i]] >= 0) continue;
        rows[remaining] = rows[i];
        left[remaining++] = left[i];
    }
    return remaining;
}

dc3_status dc3_quantization_bins(const dc3_candidates *from, int64_t count, int64_t *bins)
{
    int64_t m = from->m, n = m;
    int64_t *left = dc3_meter_alloc(from->meter, 3 * (size_t)m, sizeof *left);
    if (!left) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows", (long long)m);
    int64_t *rows = left + m, *picks = rows + m;
    for (int64_t i = 0; i < m; i++) left[i] = i, rows[i] = from->rows[i], bins[i] = -1;
    dc3_candidates rest = *from;
    rest.rows = rows, rest.gains = NULL;
    dc3_status status = DC3_OK;
    for (int64_t b = 0; status == DC3_OK && b < count - 1; b++) {
        int64_t size = start_of(m, count, b + 1) - start_of(m, count, b);
        rest.m = n;
        rest.item = from->item * (uint64_t)count + (uint64_t)b;
        status = dc3_choose_graph_cut(&rest, size, picks);
        if (status == DC3_OK) n = take(n, size, picks, b, bins, left, rows);
    }
    for (int64_t i = 0; i < n; i++) bins[left[i]] = count - 1;
    dc3_meter_free(from->meter, left);
    return status;
}

/* How many rows each bin gives: shares [count] that differ by one, none above its bin's size. */
static void share_out(dc3_rng *rng, int64_t m, int64_t count, int64_t total, int64_t *order, int64_t *shares)
{
    int64_t rest = total % count;
    dc3_shuffle(rng, count, count, order);
    for (int64_t b = 0; b < count; b++) shares[b] = total / count;
    /* Larger bins have room for one more wherever the smaller ones have; a full bin is skipped. */
    for (int64_t i = 0; rest; i = (i + 1) % count) {
        int64_t b = order[i];
        if (shares[b] == start_of(m, count, b + 1) - start_of(m, count, b)) continue;
        shares[b]++;
        rest--;
    }
}

/* `share` random rows of bin b; returns how many. members, order: scratch [m]. */
static int64_t draw(dc3_rng *rng, int64_t m, const int64_t *bins, int64_t b, int64_t share, int64_t *members,
                    int64_t *order, int64_t *picks)
{
    int64_t size = 0;
    for (int64_t i = 0; i < m; i++)
        if (bins[i] == b) members[size++] = i;
    dc3_shuffle(rng, size, share, order);
    for (int64_t i = 0; i < share; i++) picks[i] = members[order[i]];
    return share;
}

dc3_status dc3_choose_dataset_quantization(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    int64_t m = from->m, n = from->options->bins < m ? from->options->bins : m, done = 0;
    int64_t *bins = dc3_meter_alloc(from->meter, 4 * (size_t)m, sizeof *bins);
    if (!bins) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows", (long long)m);
    int64_t *members = bins + m, *order = members + m, *shares = order + m;
    dc3_rng rng = dc3_rng_make(from->options->seed, DC3_RNG_QUANTIZATION, (uint64_t)from->label);
    dc3_status status = dc3_quantization_bins(from, n, bins);
    if (status == DC3_OK) {
        share_out(&rng, m, n, count, order, shares);
        for (int64_t b = 0; b < n; b++)
            done += draw(&rng, m, bins, b, shares[b], members, order, picks + done);
    }
    dc3_meter_free(from->meter, bins);
    return status;
}
