/* The gradient of attention (Dao 2023, algorithm 2): with p = exp(scale * scores - lse) made again, dy that
 * of y and delta = sum over dim of dy * y, dv = p^T dy, dp = dy v^T, ds = p * (dp - delta), dq = scale * ds
 * k, dk = scale * ds^T q. A unit of work is one head of one row of keys, with all the queries that read it,
 * so that no two threads add to the same place. Queries stand in the lanes, CHUNK at a time, against BLOCK
 * keys; for dk and dv the dimensions stand in the lanes, in slices of CHUNK. Included by attention_*.c behind
 * attention_tiles.h. */
enum { BLOCK = 48 };

typedef struct gradient_work {
    element *key_rows, *value_rows;  /* all keys: [tokens_kv][words of dim] */
    element *key_words;              /* [words of tokens_kv][dim] */
    element *queries, *dy;           /* of a chunk: [words of dim][CHUNK] */
    element *query_words, *dy_words; /* [slices][words of CHUNK][CHUNK] */
    float *lse, *delta;              /* [CHUNK]; lse: times log2(e) */
    float *scores, *slopes;          /* [BLOCK][CHUNK]; slopes: dp */
    element *p, *ds, *ds_words;      /* [BLOCK][CHUNK]; ds_words: words along the keys */
    float *dq;                       /* [dim][CHUNK] */
    float *dk, *dv;                  /* [slices][tokens_kv][CHUNK] */
} gradient_work;

static int64_t slices_of(const dc3_attention_shape *s)
{
    return up(s->dim, CHUNK) / CHUNK;
}

static size_t gradient_work_size(const dc3_attention_shape *s, char *base, gradient_work *w)
{
    size_t at = 0;
    int64_t dim = up(s->dim, STEP), keys = up(s->tokens_kv, STEP), slices = slices_of(s);
#define PLACE(field, count)                                                                                  \
    do {                                                                                                     \
        w->field = base ? (void *)(base + at) : NULL;                                                        \
        at += (size_t)up((int64_t)((size_t)(count) * sizeof *w->field), 64);                                 \
    } while (0)
    PLACE(key_rows, keys * dim);
    PLACE(value_rows, keys * dim);
    PLACE(queries, dim * CHUNK);
    PLACE(dy, dim * CHUNK);
    PLACE(query_words, slices * CHUNK * CHUNK);
    PLACE(dy_words, slices * CHUNK * CHUNK);
    PLACE(lse, CHUNK);
    PLACE(delta, CHUNK);
    PLACE(scores, BLOCK * CHUNK);
    PLACE(slopes, BLOCK * CHUNK);
#if BF16
    PLACE(key_words, keys * s->dim);
    PLACE(p, BLOCK * CHUNK);
    PLACE(ds, BLOCK * CHUNK);
    PLACE(ds_words, BLOCK * CHUNK);
#else
    w->key_words = w->key_rows; /* a word is an element: the same either way, and in place */
    w->p = w->scores;
    w->ds = w->ds_words = w->slopes;
#endif
    PLACE(dq, (s->dim + LANES - 1) * CHUNK); /* turned by LANES rows */
    PLACE(dk, slices * keys * CHUNK);
    PLACE(dv, slices * keys * CHUNK);
#undef PLACE
    return at;
}

/* The first `count` of LANES values of x, the others zero. */
static inline vec get(const element *x, int64_t count)
{
#if BF16
    return v_load_bf16(x, v_span(count));
#else
    return v_load_span(x, v_span(count));
#endif
}

static float inner_product(const element *a, const element *b, int64_t dim)
{
    vec sum = v_zero();
    for (int64_t d = 0; d < dim; d += LANES) sum = v_mul_add(get(a + d, dim - d), get(b + d, dim - d), sum);
    return v_sum(sum);
}

/* Row j of LANES queries' values. */
static inline void put_row(element *row, vec x)
{
#if BF16
    _mm256_store_si256((__m256i *)(void *)row, (__m256i)_mm512_cvtneps_pbh(x));
#else
    v_store(row, x);
#endif
}

/* p and ds of LANES queries, from number `query` on, and `count` keys, from `key` on; `v`: which vector. */
static inline __attribute__((always_inline)) void slopes(const gradient_work *w, int v, int64_t count,
                                                         float scale, int masked, int64_t query, int64_t key)
{
    const vec c = v_set(scale), lse = v_load(w->lse + v * LANES), delta = v_load(w->delta + v * LANES);
    const vec_int lane = v_numbers((int)query);
    for (int64_t j = 0; j < count; j += STEP) {
        vec ds[2];
        for (int i = 0; i < STEP; i++) {
            ds[i] = v_zero();
            if (j + i == count) continue;
            int64_t at = (j + i) * CHUNK + v * LANES;
            vec p = exp2_of(v_mul_sub(v_load(w->scores + at), c, lse));
            if (masked) p = v_where(v_at_least(lane, (int)(key + j + i)), p);
            ds[i] = v_mul(p, v_sub(v_load(w->slopes + at), delta));
            put_row(w->p + at, p);
            put_row(w->ds + at, ds[i]);
        }
#if BF16
        put_p(w->ds_words + v * LANES * STEP, j, ds[0], ds[1]);
#endif
    }
}

/* One block of keys against the chunk of `many` queries whose first is number `query`. */
static void gradient_block(const dc3_attention_shape *s, const gradient_work *w, int64_t query, int64_t many,
                           int64_t key, int64_t count)
{
    int64_t words = up(s->dim, STEP) / STEP, rows = up(many, STEP) / STEP;
    int vectors = (int)(up(many, LANES) / LANES);
    product(count, vectors, words, w->key_rows + key * words * STEP, words, 1, w->queries, w->scores, 0);
    product(count, vectors, words, w->value_rows + key * words * STEP, words, 1, w->dy, w->slopes, 0);
    for (int v = 0; v < vectors; v++) {
        int64_t first = query + v * LANES;
        if (s->causal && key + count > first)
            slopes(w, v, count, s->scale * 1.44269504f, 1, first, key);
        else
            slopes(w, v, count, s->scale * 1.44269504f, 0, 0, 0);
    }
    product(s->dim, vectors, up(count, STEP) / STEP, w->key_words + key * s->dim, 1, s->dim, w->ds_words,
            w->dq, 1);
    for (int64_t b = 0; b < slices_of(s); b++) {
        int64_t wide = s->dim - b * CHUNK < CHUNK ? s->dim - b * CHUNK : CHUNK;
        int columns = (int)(up(wide, LANES) / LANES);
        int64_t at = (b * up(s->tokens_kv, STEP) + key) * CHUNK;
        product(count, columns, rows, w->p, CHUNK / STEP, 1, w->dy_words + b * CHUNK * CHUNK, w->dv + at, 1);
        product(count, columns, rows, w->ds, CHUNK / STEP, 1, w->query_words + b * CHUNK * CHUNK, w->dk + at,
                1);
    }
}

/* Rows [count, dim] in both layouts; missing rows are zero. */
static void pack_chunk(const dc3_attention_shape *s, const element *x, int64_t stride, int64_t count,
                       element *columns, element *words)
{
    pack_queries(x, stride, count, s->dim, columns);
    if (count < CHUNK) memset(words, 0, (size_t)(slices_of(s) * CHUNK * CHUNK) * sizeof *words);
    for (int64_t b = 0; b < slices_of(s); b++)
        pack_values(x + b * CHUNK, stride, count, s->dim - b * CHUNK < CHUNK ? s->dim - b * CHUNK : CHUNK,
                    CHUNK, words + b * CHUNK * CHUNK);
}

/* dq^T times scale to rows of dq. */
static void finish_queries(const dc3_attention_shape *s, const gradient_work *w, int64_t rows, element *dq)
{
    float turned[LANES][LANES] __attribute__((aligned(64)));
    for (int64_t i = 0; i < rows; i += LANES) {
        int64_t many = rows - i < LANES ? rows - i : LANES;
        for (int64_t d = 0; d < s->dim; d += LANES) {
            int64_t wide = s->dim - d < LANES ? s->dim - d : LANES;
            v_transpose(w->dq + d * CHUNK + i, CHUNK * 4, turned, LANES * 4);
            for (int64_t r = 0; r < many; r++)
                put(dq + (i + r) * s->stride_q + d, wide, v_mul(v_load(turned[r]), v_set(s->scale)));
        }
    }
}

/* Sums [slices][tokens_kv][CHUNK] times `scale` to rows. */
static void finish_keys(const dc3_attention_shape *s, const float *sums, int64_t stride, float scale,
                        element *out)
{
    for (int64_t j = 0; j < s->tokens_kv; j++)
        for (int64_t d = 0; d < s->dim; d += LANES) {
            const float *from = sums + (d / CHUNK * up(s->tokens_kv, STEP) + j) * CHUNK + d % CHUNK;
            put(out + j * stride + d, s->dim - d < LANES ? s->dim - d : LANES,
                v_mul(v_load(from), v_set(scale)));
        }
}

/* The chunk of queries from number `first` of row n, head h. */
static void gradient_chunk(const dc3_attention_shape *s, const dc3_attention_gradient *g, int64_t n,
                           int64_t h, int64_t first, const gradient_work *w)
{
    int64_t many = s->tokens_q - first < CHUNK ? s->tokens_q - first : CHUNK;
    int64_t at_q = (n * s->tokens_q + first) * s->stride_q + h * s->dim;
    int64_t at_y = (n * s->tokens_q + first) * s->stride_y + h * s->dim;
    const element *y = (const element *)g->y + at_y, *dy = (const element *)g->dy + at_y;
    const float *lse = g->lse + (n * s->heads + h) * s->tokens_q + first;
    pack_chunk(s, (const element *)g->q + at_q, s->stride_q, many, w->queries, w->query_words);
    pack_chunk(s, dy, s->stride_y, many, w->dy, w->dy_words);
    for (int64_t i = 0; i < CHUNK; i++) {
        w->lse[i] = i < many ? lse[i] * 1.44269504f : 0;
        w->delta[i] = i < many ? inner_product(y + i * s->stride_y, dy + i * s->stride_y, s->dim) : 0;
    }
    memset(w->dq, 0, (size_t)(s->dim * CHUNK) * sizeof *w->dq);
    int64_t last = s->causal && first + many < s->tokens_kv ? first + many : s->tokens_kv;
    for (int64_t key = 0; key < last; key += BLOCK)
        gradient_block(s, w, first, many, key, last - key < BLOCK ? last - key : BLOCK);
    finish_queries(s, w, many, (element *)g->dq + at_q);
}

/* One head h of row nk of the keys. */
static void gradient_unit(const dc3_attention_shape *s, const dc3_attention_gradient *g, int64_t nk,
                          int64_t h, const gradient_work *w)
{
    int64_t at_k = nk * s->tokens_kv * s->stride_k + h * s->dim, slices = slices_of(s);
    int64_t at_v = nk * s->tokens_kv * s->stride_v + h * s->dim;
    size_t sums = (size_t)(slices * up(s->tokens_kv, STEP) * CHUNK) * sizeof *w->dk;
    size_t chunk = (size_t)(slices * CHUNK * CHUNK) * sizeof *w->dy_words;
    pack_keys((const element *)g->k + at_k, s->stride_k, s->tokens_kv, s->dim, w->key_rows);
    pack_keys((const element *)g->v + at_v, s->stride_v, s->tokens_kv, s->dim, w->value_rows);
#if BF16
    pack_values((const element *)g->k + at_k, s->stride_k, s->tokens_kv, s->dim, s->dim, w->key_words);
#endif
    memset(w->dk, 0, sums);
    memset(w->dv, 0, sums);
    memset(w->query_words, 0, chunk);
    memset(w->dy_words, 0, chunk);
    for (int64_t n = nk; n < s->n; n += s->n_kv)
        for (int64_t first = 0; first < s->tokens_q; first += CHUNK) gradient_chunk(s, g, n, h, first, w);
    finish_keys(s, w->dk, s->stride_k, s->scale, (element *)g->dk + at_k);
    finish_keys(s, w->dv, s->stride_v, 1, (element *)g->dv + at_v);
}

size_t GRADIENT_SCRATCH(const dc3_attention_shape *s, int threads)
{
    gradient_work w;
    return gradient_work_size(s, NULL, &w) * (size_t)threads + 64;
}

void GRADIENT(const dc3_attention_shape *s, const dc3_attention_gradient *g, void *scratch)
{
    gradient_work probe;
    size_t size = gradient_work_size(s, NULL, &probe);
#pragma omp parallel for schedule(dynamic)
    for (int64_t u = 0; u < s->n_kv * s->heads; u++) {
        gradient_work w;
        gradient_work_size(s, (char *)scratch + (size_t)omp_get_thread_num() * size, &w);
        gradient_unit(s, g, u / s->heads, u % s->heads, &w);
    }
}
