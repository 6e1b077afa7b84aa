#include "lookalikes/near_hashes.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/pieces.h"

enum {
    WORDS = DC3_HASH_WORDS,
    PARTS = 16,
    VALUES = 1 << 16, /* of a part */
    BATCH = 1024,     /* hashes that are looked up before those of them that stand for themselves are added */
    QUERIES = 32      /* of a piece of work */
};

/* Hashes that stand for themselves, by each of their parts. */
typedef struct hash_index {
    const dc3_near_hashes *of;
    dc3_near_hash *found;
    uint32_t *heads; /* [PARTS, VALUES], the last hash with this part, + 1 */
    uint32_t *next;  /* [n, PARTS], the one before it, + 1 */
    uint16_t *flips; /* all values, those of few bits first: what a part may differ in */
    int ends[18];    /* ends[b]: how many of them have fewer than b bits */
    int forms;       /* of a hash: 2 with the mirrored one */
    int64_t from;    /* the first of the batch: those before it are in the index */
} hash_index;

static int part_of(const uint64_t *hash, int part)
{
    return (int)(hash[part / 4] >> part % 4 * 16 & 0xffff);
}

/* Bits in which they differ: sums of pairs, of fours and so on, side by side in a word, since not every
 * processor that this is built for counts bits. */
static int distance(const uint64_t *a, const uint64_t *b)
{
    const uint64_t ones = 0x5555555555555555u, twos = 0x3333333333333333u, fours = 0x0f0f0f0f0f0f0f0fu,
                   eights = 0x00ff00ff00ff00ffu, lanes = 0x0001000100010001u;
    uint64_t sums[WORDS], bytes = 0;
    for (int w = 0; w < WORDS; w++) {
        uint64_t x = a[w] ^ b[w];
        x -= x >> 1 & ones;
        sums[w] = (x & twos) + (x >> 2 & twos);
    }
    for (int w = 0; w < WORDS; w += 2) {
        uint64_t x = sums[w] + sums[w + 1];
        bytes += (x & fours) + (x >> 4 & fours);
    }
    return (int)(((bytes & eights) + (bytes >> 8 & eights)) * lanes >> 48);
}

/* Hash i comes before what was found so far, and differs from the query in so many bits. */
static void take(const hash_index *x, int32_t label, int64_t i, int bits, int form, dc3_near_hash *f)
{
    int own = x->of->labels[i] == label;
    int64_t *place = own ? &f->first : &f->other;
    int16_t *of_place = own ? &f->bits : &f->other_bits;
    if (*place >= 0 && (i > *place || (i == *place && bits >= *of_place))) return;
    *place = i, *of_place = (int16_t)bits;
    *(own ? &f->mirrored : &f->other_mirrored) = (int8_t)form;
}

/* Those in the index that are near to one form of a query. */
static void look_up(const hash_index *x, const uint64_t *query, int form, int32_t label, dc3_near_hash *f)
{
    /* If each of the first most % 16 + 1 parts differed in more than most / 16 bits, and each of the others
     * in as many or more, all of them together would in more than `most`. */
    const dc3_near_hashes *of = x->of;
    int radius = of->most / PARTS, wider = of->most % PARTS + 1;
    for (int p = 0; p < PARTS; p++) {
        int part = part_of(query, p), count = x->ends[p < wider ? radius + 1 : radius];
        for (int k = 0; k < count; k++) {
            uint32_t at = x->heads[p * VALUES + (part ^ x->flips[k])];
            while (at) {
                int64_t i = (int64_t)at - 1;
                at = x->next[i * PARTS + p];
                int bits = distance(query, of->hashes + i * WORDS);
                if (bits <= of->most) take(x, label, i, bits, form, f);
            }
        }
    }
}

static void query_of(const hash_index *x, int64_t i, int form, uint64_t query[WORDS])
{
    for (int w = 0; w < WORDS; w++) query[w] = x->of->hashes[i * WORDS + w] ^ (form ? x->of->mirror[w] : 0);
}

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    const hash_index *x = user;
    (void)worker, (void)result;
    int64_t begin = x->from + piece * QUERIES, end = begin + QUERIES;
    if (end > x->from + BATCH) end = x->from + BATCH;
    if (end > x->of->n) end = x->of->n;
    for (int64_t i = begin; i < end; i++) {
        dc3_near_hash *f = &x->found[i];
        *f = (dc3_near_hash){.first = -1, .other = -1};
        for (int form = 0; form < x->forms; form++) {
            uint64_t query[WORDS];
            query_of(x, i, form, query);
            look_up(x, query, form, x->of->labels[i], f);
        }
    }
    return DC3_OK;
}

/* Compares a hash with those of its batch before it that stand for themselves, which the index lacks. */
static void look_in_batch(const hash_index *x, int64_t i, const int64_t *leaders, int count)
{
    dc3_near_hash *f = &x->found[i], in_batch = {.first = -1, .other = -1};
    for (int form = 0; form < x->forms; form++) {
        uint64_t query[WORDS];
        query_of(x, i, form, query);
        for (int k = 0; k < count; k++) {
            int bits = distance(query, x->of->hashes + leaders[k] * WORDS);
            if (bits <= x->of->most) take(x, x->of->labels[i], leaders[k], bits, form, &in_batch);
        }
    }
    if (f->first < 0) f->first = in_batch.first, f->bits = in_batch.bits, f->mirrored = in_batch.mirrored;
    if (f->other < 0)
        f->other = in_batch.other, f->other_bits = in_batch.other_bits,
        f->other_mirrored = in_batch.other_mirrored;
}

static void add(const hash_index *x, int64_t i)
{
    for (int p = 0; p < PARTS; p++) {
        uint32_t *head = &x->heads[p * VALUES + part_of(x->of->hashes + i * WORDS, p)];
        x->next[i * PARTS + p] = *head;
        *head = (uint32_t)i + 1;
    }
}

/* One after the other, once all of the batch were looked up in the index. */
static void settle(const hash_index *x)
{
    int64_t leaders[BATCH], end = x->from + BATCH < x->of->n ? x->from + BATCH : x->of->n;
    int count = 0;
    for (int64_t i = x->from; i < end; i++) {
        if (x->found[i].first < 0 || x->found[i].other < 0) look_in_batch(x, i, leaders, count);
        if (x->found[i].first >= 0) continue;
        x->found[i].first = i;
        leaders[count++] = i;
    }
    for (int k = 0; k < count; k++) add(x, leaders[k]);
}

/* By their numbers of bits. */
static void sort_flips(hash_index *x)
{
    int at = 0;
    for (int bits = 0; bits <= 16; bits++) {
        x->ends[bits] = at;
        for (int value = 0; value < VALUES; value++)
            if (__builtin_popcount((unsigned)value) == bits) x->flips[at++] = (uint16_t)value;
    }
    x->ends[17] = at;
}

static dc3_status find(hash_index *x)
{
    const dc3_near_hashes *of = x->of;
    sort_flips(x);
    for (int w = 0; w < WORDS; w++)
        if (of->mirror[w]) x->forms = 2;
    for (; x->from < of->n; x->from += BATCH) {
        int64_t left = of->n - x->from, count = left < BATCH ? left : BATCH;
        dc3_pieces pieces = {
            .count = (count + QUERIES - 1) / QUERIES, .workers = of->threads, .user = x, .work = work};
        DC3_TRY(dc3_pieces_run(&pieces));
        settle(x);
        if (of->progress) of->progress(of->user, x->from + count);
    }
    return DC3_OK;
}

dc3_status dc3_near_hashes_find(const dc3_near_hashes *of, dc3_near_hash *found)
{
    hash_index x = {.of = of, .found = found, .forms = 1};
    size_t heads = (size_t)PARTS * VALUES * sizeof *x.heads;
    if (of->n >= UINT32_MAX)
        return dc3_fail(DC3_ERR_ARGUMENT, "expected fewer than %u images to compare, found %lld", UINT32_MAX,
                        (long long)of->n);
    x.heads = dc3_alloc(heads);
    x.next = dc3_alloc((size_t)(of->n + 1) * PARTS * sizeof *x.next);
    x.flips = malloc(VALUES * sizeof *x.flips);
    dc3_status status = DC3_OK;
    if (x.heads && x.next && x.flips)
        memset(x.heads, 0, heads), status = find(&x);
    else
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %lld images", (long long)of->n);
    free(x.heads), free(x.next), free(x.flips);
    return status;
}
