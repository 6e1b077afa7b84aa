/* bench_dispatch [f32|bf16] [--rounds N] [--threads N] [--only NETWORK]: of each convolution, linear layer
 * and attention of dispatch_shapes.h (of the networks whose names begin with NETWORK) and of its gradients,
 * the time of every candidate on this machine, in turn, on random operands: medians of N rounds (7) and in
 * brackets the best, and which of them the rules (src/kernels/rules.c) choose. In the end the shapes where
 * that is more than 10 % slower than the best, and those where it is slower in bf16 than what the rules
 * choose in f32. */
#include <omp.h>
#include "dispatch_shapes.h"
#include "dispatch_work.h"

enum { MOST_ROUNDS = 99 };
static const char *const names[CANDIDATES] = {"oneDNN", "Winograd", "direct", "tiles", "vectors", "f32"};
static const char *const pass_names[] = {"forward", "data gradient", "weight gradient"};

static int chosen_by_rule(work *w)
{
    if (w->kind == DC3_WORK_ATTENTION) {
        int takes[DC3_WAYS] = {[DC3_WAY_VECTORS] = 1, [DC3_WAY_TILES] = w->b->type == DC3_BF16};
        dc3_case c = {w->b->tier, w->kind, w->b->type, (dc3_conv_pass)w->pass,
                      .shape.attention = &w->attention};
        return (int)dc3_rule(&c, takes);
    }
    call_dense(w, &w->b->by_rule, 0);
    return (int)dc3_dense_taken(&w->b->by_rule);
}

static void add_to(list *l, const work *w, const char *what, double ratio, const char *than)
{
    l->count++;
    fprintf(l->to, "%-66s %-15s %s takes %.2f times as long as %s\n", w->name, pass_names[w->pass], what,
            ratio, than);
}

/* A line of the table, and those of the lists. */
static void measure_pass(work *w)
{
    static double times[CANDIDATES][MOST_ROUNDS];
    bench *b = w->b;
    int is[CANDIDATES], chosen = chosen_by_rule(w), best = chosen;
    double seconds[CANDIDATES];
    for (int c = 0; c < CANDIDATES; c++) is[c] = call(w, c); /* makes primitives and packs weights */
    for (int i = 0; i < b->rounds; i++)
        for (int c = 0; c < CANDIDATES; c++) {
            if (!is[c]) continue;
            double start = now();
            call(w, c);
            times[c][i] = now() - start;
        }
    printf("%-66s %-15s", w->name, pass_names[w->pass]);
    for (int c = 0; c < CANDIDATES; c++) {
        if (!is[c]) continue;
        seconds[c] = median(times[c], b->rounds);
        printf("  %s%s %.3f (%.3f) ms", names[c], c == chosen ? "*" : "", 1e3 * seconds[c],
               1e3 * times[c][0]);
    }
    printf("\n");
    fflush(stdout);
    b->shapes++;
    for (int c = 0; c < DC3_WAYS; c++)
        if (is[c] && seconds[c] < seconds[best]) best = c;
    if (seconds[chosen] > 1.1 * seconds[best])
        add_to(&b->slow, w, names[chosen], seconds[chosen] / seconds[best], names[best]);
    if (is[IN_F32] && seconds[chosen] > seconds[IN_F32])
        add_to(&b->slower_than_f32, w, names[chosen], seconds[chosen] / seconds[IN_F32], "f32");
}

/* x, dy and y of so many values, a weight of rows by columns. */
static void measure_passes(work *w, int passes, int64_t in, int64_t out, int64_t rows, int64_t columns)
{
    for (int f32 = 0; f32 < (w->b->type == DC3_F32 ? 1 : 2); f32++) {
        dc3_dtype type = f32 ? DC3_F32 : w->b->type;
        w->x[f32] = random_values(type, in);
        w->dy[f32] = random_values(type, out);
        w->y[f32] = reserve(in > out ? in : out);
    }
    w->dw = reserve(rows * columns);
    float *weights = random_values(DC3_F32, rows * columns);
    w->weight =
        (dc3_weight){.parts = 1, .part = {dc3_view(weights, DC3_F32, 4, (int64_t[]){rows, columns, 1, 1})}};
    for (w->pass = 0; w->pass < passes; w->pass++) measure_pass(w);
    dc3_weight_release(&w->weight);
    for (int i = 0; i < 2; i++) free(w->x[i]), free(w->dy[i]), free(w->y[i]);
    free(w->dw), free(weights);
}

static void measure_conv(bench *b, const conv_case *c)
{
    int64_t pad = c->stride == c->kernel ? 0 : c->kernel / 2;
    dc3_conv_shape s = {.n = c->n,
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
                        .type = b->type};
    work w = {.b = b, .kind = DC3_WORK_CONV, .conv = {s, s}};
    w.conv[1].type = DC3_F32;
    snprintf(w.name, sizeof w.name, "%s: %dx%d%s, %d to %d channels, %d of %dx%d", c->network, (int)c->kernel,
             (int)c->kernel, c->stride > 1 ? " by a stride" : "", (int)c->ci, (int)c->co, (int)c->n,
             (int)c->side, (int)c->side);
    measure_passes(&w, c->trained ? 3 : 1, c->n * c->side * c->side * c->ci,
                   c->n * dc3_conv_out_height(&s) * dc3_conv_out_width(&s) * c->co, c->co,
                   dc3_conv_columns(&s));
}

static void measure_linear(bench *b, const linear_case *c)
{
    dc3_linear_shape s = {.rows = c->rows, .ci = c->ci, .co = c->co, .type = b->type};
    work w = {.b = b, .kind = DC3_WORK_LINEAR, .linear = {s, s}};
    w.linear[1].type = DC3_F32;
    snprintf(w.name, sizeof w.name, "%s: linear, %d to %d, %d rows", c->network, (int)c->ci, (int)c->co,
             (int)c->rows);
    measure_passes(&w, c->trained ? 3 : 1, c->rows * c->ci, c->rows * c->co, c->co, c->ci);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t scratch_of(const bench *b, const dc3_attention_shape *s)
{
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        dc3_dtype type = i ? DC3_F32 : b->type;
        size = larger(size, b->vectors->attention_scratch(type, s, b->threads));
        size = larger(size, b->vectors->attention_gradient_scratch(type, s, b->threads));
    }
    if (b->tiles)
        size =
            larger(size, larger(b->tiles->scratch(s, b->threads), b->tiles->gradient_scratch(s, b->threads)));
    return size;
}

/* Its gradient stands as the pass of the data. */
static void measure_attention(bench *b, const attention_case *c)
{
    int64_t width = c->heads * c->dim, queries = c->n * c->queries * width, keys = c->n * c->keys * width;
    work w = {.b = b,
              .kind = DC3_WORK_ATTENTION,
              .attention = {.n = c->n,
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
              .lse = reserve(c->n * c->heads * c->queries)};
    w.scratch = reserve((int64_t)scratch_of(b, &w.attention) / 4 + 16);
    snprintf(w.name, sizeof w.name, "%s: attention, %d heads of %d, %d to %d tokens, %d rows", c->network,
             (int)c->heads, (int)c->dim, (int)c->queries, (int)c->keys, (int)c->n);
    measure_passes(&w, c->trained ? 2 : 1, queries + keys, queries, 1, 1);
    free(w.lse), free(w.scratch);
}

static int wanted(const bench *b, const char *network)
{
    return !b->only || strncmp(network, b->only, strlen(b->only)) == 0;
}

static void measure_all(bench *b)
{
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++)
        if (wanted(b, convs[i].network)) measure_conv(b, &convs[i]);
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        if (wanted(b, linears[i].network)) measure_linear(b, &linears[i]);
    for (size_t i = 0; i < sizeof attentions / sizeof *attentions; i++)
        if (wanted(b, attentions[i].network)) measure_attention(b, &attentions[i]);
}

static void open_all(bench *b)
{
    must(dc3_kernels_check());
    must(dc3_dense_onednn(&b->by_rule));
    b->tier = dc3_cpu_convolutions_best().tier;
    b->tiles = dc3_cpu_has_amx() ? dc3_cpu_convolutions_best().attention_tiles : NULL;
    for (int w = 0; w < DC3_WAYS; w++)
        if (w != DC3_WAY_VECTORS && (w != DC3_WAY_TILES || dc3_cpu_has_amx()))
            must(dc3_dense_by((dc3_way)w, &b->by[w]));
    printf("%s, tier %s, %d threads, medians of %d, in brackets the best; *: by the rules\n",
           dc3_dtype_name(b->type), dc3_kernels_best()->name, b->threads, b->rounds);
    if (b->tier == DC3_TIER_AMX && setenv("DC3_KERNELS", "avx512", 1) != 0) exit(1);
    b->vectors = dc3_kernels_best();
    b->slow.to = open_memstream(&b->slow.text, &b->slow.size);
    b->slower_than_f32.to = open_memstream(&b->slower_than_f32.text, &b->slower_than_f32.size);
    if (!b->slow.to || !b->slower_than_f32.to) exit(1);
}

static void print_list(list *l, int shapes, const char *what)
{
    fclose(l->to);
    printf("\n%d of %d %s%s\n%s", l->count, shapes, what, l->count ? ":" : "", l->text);
    free(l->text);
}

static void warn_of_load(void)
{
    double load;
    if (getloadavg(&load, 1) == 1 && load > 0.5)
        printf("warning: the load average is %.2f: this machine is not quiet\n", load);
}

int main(int argc, char **argv)
{
    bench b = {.type = DC3_BF16, .rounds = 7, .threads = omp_get_max_threads()};
    for (int i = 1; i < argc; i++) {
        int more = i + 1 < argc;
        if (strcmp(argv[i], "f32") == 0) b.type = DC3_F32;
        if (strcmp(argv[i], "--rounds") == 0 && more) b.rounds = atoi(argv[++i]);
        if (strcmp(argv[i], "--threads") == 0 && more) b.threads = atoi(argv[++i]);
        if (strcmp(argv[i], "--only") == 0 && more) b.only = argv[++i];
    }
    b.rounds = b.rounds < 1 ? 1 : b.rounds > MOST_ROUNDS ? MOST_ROUNDS : b.rounds;
    if (b.threads < 1) b.threads = 1;
    if (b.type == DC3_BF16 && !dc3_cpu_has_bf16()) {
        printf("bf16: not on this processor\n");
        return 0;
    }
    omp_set_num_threads(b.threads);
    warn_of_load();
    open_all(&b);
    measure_all(&b);
    print_list(&b.slow, b.shapes, "more than 10 % slower than the best candidate");
    if (b.type == DC3_BF16) print_list(&b.slower_than_f32, b.shapes, "slower in bf16 than in f32");
    warn_of_load();
    b.by_rule.close(b.by_rule.self);
    for (int w = 0; w < DC3_WAYS; w++)
        if (b.by[w].self) b.by[w].close(b.by[w].self);
    return 0;
}
