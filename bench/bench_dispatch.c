/* bench_dispatch [f32|bf16 [ROUNDS]]: of each convolution, linear layer and attention of dispatch_shapes.h
 * and of its gradients, the time of every candidate on this machine, in turn, medians of ROUNDS (7), and
 * which of them the rules (src/kernels/rules.c) choose. In the end the shapes where that is more than 10 %
 * slower than the best. */
#include <omp.h>
#include "bench.h"
#include "dispatch_shapes.h"
#include "kernels/cpu_convolutions.h"

enum { MOST_ROUNDS = 99, TILES_BELOW = 2 };
static const char *const way_names[DC3_WAYS] = {"oneDNN", "Winograd", "direct", "tiles"};
static const char *const pass_names[] = {"forward", "data gradient", "weight gradient"};

typedef struct bench {
    dc3_dtype type;
    int rounds, shapes, slow;
    dc3_dense by[DC3_WAYS], by_rule;
    char *report; /* lines of what is slow */
    size_t report_size;
    FILE *to_report;
} bench;

/* What is measured: of one pass the operands, large enough for its shape. */
typedef struct operands {
    void *x, *dy, *y;
    float *dw;
    dc3_weight weight;
} operands;

typedef struct shape {
    int linear;
    dc3_conv_shape conv;
    dc3_linear_shape product;
} shape;

static void *zeros(int64_t count)
{
    void *x = calloc((size_t)count + 16, sizeof(float));
    if (x) return x;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

static void call(dc3_dense *d, const shape *s, int pass, operands *o)
{
    if (s->linear && pass == DC3_PASS_FORWARD)
        must(d->linear(d->self, &s->product, o->x, &o->weight, NULL, NULL, o->y));
    else if (s->linear && pass == DC3_PASS_DATA)
        must(d->linear_backward_data(d->self, &s->product, o->dy, &o->weight, o->x));
    else if (s->linear)
        must(d->linear_backward_weight(d->self, &s->product, o->x, o->dy, o->dw));
    else if (pass == DC3_PASS_FORWARD)
        must(d->conv2d(d->self, &s->conv, o->x, &o->weight, NULL, NULL, o->y));
    else if (pass == DC3_PASS_DATA)
        must(d->conv2d_backward_data(d->self, &s->conv, o->dy, &o->weight, o->x));
    else
        must(d->conv2d_backward_weight(d->self, &s->conv, o->x, o->dy, o->dw));
}

/* A line of the table, and one of the report where the choice is slow. seconds 0: no candidate. */
static void conclude(bench *b, const char *name, int pass, const double *seconds, const char *const *names,
                     int count, int chosen)
{
    int best = chosen;
    printf("%-66s %-15s", name, pass_names[pass]);
    for (int i = 0; i < count; i++) {
        if (seconds[i] <= 0) continue;
        printf("  %s%s %.3f ms", names[i], i == chosen ? "*" : "", 1e3 * seconds[i]);
        if (seconds[i] < seconds[best]) best = i;
    }
    printf("\n");
    fflush(stdout);
    b->shapes++;
    if (seconds[chosen] <= 1.1 * seconds[best]) return;
    b->slow++;
    fprintf(b->to_report, "%-66s %-15s %s takes %.2f times as long as %s\n", name, pass_names[pass],
            names[chosen], seconds[chosen] / seconds[best], names[best]);
}

static void measure_dense(bench *b, const char *name, const shape *s, int pass, operands *o)
{
    static double times[DC3_WAYS][MOST_ROUNDS];
    double seconds[DC3_WAYS] = {0};
    int is[DC3_WAYS] = {0};
    call(&b->by_rule, s, pass, o);
    dc3_way chosen = dc3_dense_taken(&b->by_rule);
    for (int w = 0; w < DC3_WAYS; w++) { /* makes primitives and packs weights */
        if (!b->by[w].self) continue;
        call(&b->by[w], s, pass, o);
        is[w] = dc3_dense_taken(&b->by[w]) == (dc3_way)w;
    }
    for (int i = 0; i < b->rounds; i++)
        for (int w = 0; w < DC3_WAYS; w++) {
            if (!is[w]) continue;
            double start = now();
            call(&b->by[w], s, pass, o);
            times[w][i] = now() - start;
        }
    for (int w = 0; w < DC3_WAYS; w++)
        if (is[w]) seconds[w] = median(times[w], b->rounds);
    conclude(b, name, pass, seconds, way_names, DC3_WAYS, (int)chosen);
}

static void measure_shape(bench *b, const char *name, int trained, const shape *s, int64_t in, int64_t out,
                          int64_t rows, int64_t columns)
{
    operands o = {.x = zeros(in), .dy = zeros(out), .y = zeros(out), .dw = zeros(rows * columns)};
    float *w = zeros(rows * columns);
    o.weight = (dc3_weight){.parts = 1, .part = {dc3_view(w, DC3_F32, 4, (int64_t[]){rows, columns, 1, 1})}};
    for (int pass = 0; pass < (trained ? 3 : 1); pass++) measure_dense(b, name, s, pass, &o);
    dc3_weight_release(&o.weight);
    free(o.x), free(o.dy), free(o.y), free(o.dw), free(w);
}

static void measure_conv(bench *b, const conv_case *c)
{
    char name[100];
    int64_t pad = c->stride == c->kernel ? 0 : c->kernel / 2;
    shape s = {.conv = {.n = c->n,
                        .h = c->side,
                        .w = c->side,
                        .ci = c->ci,
                        .co = c->co,
                        .kh = c->kernel,
                        .kw = c->kernel,
                        .stride = c->stride,
                        .groups = c->groups,
                        .pad_top = pad,
                        .pad_left = pad,
                        .pad_bottom = pad,
                        .pad_right = pad,
                        .type = b->type}};
    int64_t out = c->n * dc3_conv_out_height(&s.conv) * dc3_conv_out_width(&s.conv) * c->co;
    snprintf(name, sizeof name, "%s: %dx%d%s, %d to %d channels, %d of %dx%d", c->network, (int)c->kernel,
             (int)c->kernel, c->stride > 1 ? " by a stride" : "", (int)c->ci, (int)c->co, (int)c->n,
             (int)c->side, (int)c->side);
    measure_shape(b, name, c->trained, &s, c->n * c->side * c->side * c->ci, out, c->co,
                  dc3_conv_columns(&s.conv));
}

static void measure_linear(bench *b, const linear_case *c)
{
    char name[100];
    shape s = {.linear = 1, .product = {.rows = c->rows, .ci = c->ci, .co = c->co, .type = b->type}};
    snprintf(name, sizeof name, "%s: linear, %d to %d, %d rows", c->network, (int)c->ci, (int)c->co,
             (int)c->rows);
    measure_shape(b, name, c->trained, &s, c->rows * c->ci, c->rows * c->co, c->co, c->ci);
}

/* What attention and its gradient read and write: rows of zeros. */
typedef struct rows {
    dc3_attention_shape s;
    void *q, *kv, *y, *dq, *dkv;
    float *lse;
} rows;

static double attention_seconds(const dc3_kernels *k, dc3_dtype type, int pass, const rows *r)
{
    int threads = omp_get_max_threads(), forward = pass == DC3_PASS_FORWARD;
    size_t size = forward ? k->attention_scratch(type, &r->s, threads)
                          : k->attention_gradient_scratch(type, &r->s, threads);
    dc3_attention_gradient g = {r->q, r->kv, r->kv, r->y, r->y, r->lse, r->dq, r->dkv, r->dkv};
    void *scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    memset(scratch, 0, size);
    double start = now();
    if (forward)
        k->attention(type, &r->s, r->q, r->kv, r->kv, r->y, NULL, scratch);
    else
        k->attention_gradient(type, &r->s, &g, scratch);
    double seconds = now() - start;
    free(scratch);
    return seconds;
}

/* The tier's attention and that of the tier below; its gradient stands as the pass of the data. */
static void measure_attention(bench *b, const attention_case *c, const dc3_kernels *const tables[TILES_BELOW])
{
    static double times[TILES_BELOW][MOST_ROUNDS];
    double seconds[TILES_BELOW];
    const char *names[TILES_BELOW];
    char name[100];
    int64_t width = c->heads * c->dim, queries = c->n * c->queries * width, keys = c->n * c->keys * width;
    rows r = {.s = {.n = c->n,
                    .n_kv = c->n,
                    .heads = c->heads,
                    .dim = c->dim,
                    .tokens_q = c->queries,
                    .tokens_kv = c->keys,
                    .stride_q = width,
                    .stride_k = width,
                    .stride_v = width,
                    .stride_y = width,
                    .scale = 0.15f},
              .q = zeros(queries),
              .kv = zeros(keys),
              .y = zeros(queries),
              .dq = zeros(queries),
              .dkv = zeros(keys),
              .lse = zeros(c->n * c->heads * c->queries)};
    snprintf(name, sizeof name, "%s: attention, %d heads of %d, %d to %d tokens, %d rows", c->network,
             (int)c->heads, (int)c->dim, (int)c->queries, (int)c->keys, (int)c->n);
    for (int pass = 0; pass < (c->trained ? 2 : 1); pass++) {
        for (int i = -1; i < b->rounds; i++)
            for (int t = 0; t < TILES_BELOW; t++) {
                double time = attention_seconds(tables[t], b->type, pass, &r);
                if (i >= 0) times[t][i] = time;
            }
        for (int t = 0; t < TILES_BELOW; t++)
            seconds[t] = median(times[t], b->rounds), names[t] = tables[t]->name;
        conclude(b, name, pass, seconds, names, TILES_BELOW, 0);
    }
    free(r.q), free(r.kv), free(r.y), free(r.dq), free(r.dkv), free(r.lse);
}

static void measure_attentions(bench *b)
{
    const dc3_kernels *tables[TILES_BELOW] = {dc3_kernels_best(), NULL};
    if (setenv("DC3_KERNELS", "avx512", 1) != 0) return;
    tables[1] = dc3_kernels_best();
    for (size_t i = 0; i < sizeof attentions / sizeof *attentions; i++)
        measure_attention(b, &attentions[i], tables);
}

int main(int argc, char **argv)
{
    bench b = {.type = argc > 1 && strcmp(argv[1], "f32") == 0 ? DC3_F32 : DC3_BF16,
               .rounds = argc > 2 ? atoi(argv[2]) : 7};
    b.rounds = b.rounds < 1 ? 1 : b.rounds > MOST_ROUNDS ? MOST_ROUNDS : b.rounds;
    if (b.type == DC3_BF16 && !dc3_cpu_has_bf16()) {
        printf("bf16: not on this processor\n");
        return 0;
    }
    must(dc3_kernels_check());
    must(dc3_dense_onednn(&b.by_rule));
    for (int w = 0; w < DC3_WAYS; w++)
        if (w != DC3_WAY_TILES || dc3_cpu_has_amx()) must(dc3_dense_by((dc3_way)w, &b.by[w]));
    b.to_report = open_memstream(&b.report, &b.report_size);
    if (!b.to_report) return 1;
    printf("%s, tier %s, %d threads, medians of %d; *: by the rules\n", dc3_dtype_name(b.type),
           dc3_kernels_best()->name, omp_get_max_threads(), b.rounds);
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++) measure_conv(&b, &convs[i]);
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++) measure_linear(&b, &linears[i]);
    if (b.type == DC3_BF16 && strncmp(dc3_kernels_best()->name, "AMX", 3) == 0) measure_attentions(&b);
    fclose(b.to_report);
    printf("\n%d of %d more than 10 %% slower than the best candidate%s\n%s", b.slow, b.shapes,
           b.slow ? ":" : "", b.report);
    free(b.report);
    b.by_rule.close(b.by_rule.self);
    for (int w = 0; w < DC3_WAYS; w++)
        if (b.by[w].self) b.by[w].close(b.by[w].self);
    return 0;
}
