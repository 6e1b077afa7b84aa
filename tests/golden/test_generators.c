/* Generators against diffusers and transformers (tools/golden/generators.py, which says what is computed):
 * diffusion transformers, text-to-image U-Nets and a text encoder, forward and backward to every parameter
 * and input. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include "support/golden_nets.h"
#include "support/skips.h"
#include <stdio.h>
#include "io/safetensors.h"
#include "io/weights.h"
#include "nn/clip_text.h"
#include "nn/dit.h"
#include "nn/unet_2d_condition.h"
#include "ops/tape.h"

/* Single precision through some ten layers; bf16 keeps 8 bits a layer. */
static const double limit = 1e-4, bf16_limit = 6e-2;

static int open_files(void **state)
{
    (void)state;
    return open_golden_nets("generators");
}

static const dc3_tensor *wanted(const char *net, const char *what, const char *parameter)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s%s", net, what, parameter);
    const dc3_tensor *t = dc3_table_find(golden, name);
    if (!t) fail_msg("no tensor %s", name);
    return t;
}

/* |x| of f32 values. */
static double norm(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static double compare(const char *net, const char *what, const char *parameter, dc3_tensor found, double most)
{
    const dc3_tensor *t = wanted(net, what, parameter);
    /* A softmax does not see the bias of its keys: only rounding is left of its gradient. */
    if (norm(t->data, dc3_count(t)) < 1e-12) {
        float *values = host_values(found);
        if (!(norm(values, dc3_count(t)) < most * 1e-2))
            fail_msg("%s.%s%s should be zero", net, what, parameter);
        free(values);
        return 0;
    }
    double d = relative_error(found, t);
    if (!(d < most)) fail_msg("%s.%s%s: relative error %g over %g", net, what, parameter, d, most);
    return d;
}

static dc3_table *table_of(const char *net)
{
    dc3_table *table = hash_weights_table(nets, net);
    if (!table) fail_msg("%s: no weights", net);
    return table;
}

/* A network under test. */
typedef struct subject {
    const char *net;
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_dit *dit;
    dc3_unet *unet;
    dc3_clip_text *text;
    dc3_param *params;
    size_t count;
    dc3_tensor x, states; /* inputs on the device, on the tape */
} subject;

static subject new_subject(const char *net, dc3_dtype dtype, dc3_ctx_mode mode)
{
    subject s = {.net = net};
    must(dc3_ctx_open(NULL, dtype, 2, mode, &s.ctx));
    must(dc3_tape_open(&s.tape));
    return s;
}

static void close_subject(subject *s)
{
    dc3_dit_close(&s->dit);
    dc3_unet_close(&s->unet);
    dc3_clip_text_close(&s->text);
    dc3_tape_close(&s->tape);
    dc3_ctx_close(&s->ctx);
}

static void open_dit(subject *s, int train)
{
    dc3_dit_config config;
    dc3_table *table = table_of(s->net);
    must(dc3_dit_config_read(DC3_TEST_DATA "/generators/transformer.json", &config));
    if (train)
        must(dc3_dit_open_to_train(NULL, &config, &table, 0, &s->dit));
    else
        must(dc3_dit_open(NULL, &config, &table, &s->dit));
    if (train) s->params = dc3_dit_params(s->dit, &s->count);
}

static void open_unet(subject *s, int train)
{
    char path[512];
    dc3_unet_config config;
    dc3_table *table = table_of(s->net);
    snprintf(path, sizeof path, "%s/generators/%s.json", DC3_TEST_DATA, s->net);
    must(dc3_unet_config_read(path, &config));
    assert_int_equal(config.in_channels, 4);
    if (train)
        must(dc3_unet_open_to_train(NULL, &config, &table, 0, &s->unet));
    else
        must(dc3_unet_open(NULL, &config, &table, &s->unet));
    if (train) s->params = dc3_unet_params(s->unet, &s->count);
}

static void open_text(subject *s, int train)
{
    dc3_clip_text_config config;
    dc3_table *table = table_of(s->net);
    must(dc3_clip_text_config_read(DC3_TEST_DATA "/generators/text.json", &config));
    if (train)
        must(dc3_clip_text_open_to_train(NULL, &config, &table, &s->text));
    else
        must(dc3_clip_text_open(NULL, &config, &table, &s->text));
    if (train) s->params = dc3_clip_text_params(s->text, &s->count);
}

static void open_network(subject *s, int train)
{
    if (strncmp(s->net, "dit", 3) == 0)
        open_dit(s, train);
    else if (strncmp(s->net, "unet", 4) == 0)
        open_unet(s, train);
    else
        open_text(s, train);
}

/* Input NET.what [n, c, h, w] or [n, tokens, c] in the compute type, on the tape if there is one. */
static dc3_tensor input(subject *s, const char *what, int ndim, const int64_t *shape)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", s->net, what);
    int64_t n = shape[0], c = ndim == 4 ? shape[3] : shape[1] * shape[2],
            pixels = ndim == 4 ? shape[1] * shape[2] : 1;
    float *values = hash_inputs(name, n, c, pixels);
    dc3_tensor x = dc3_upload(s->ctx, DC3_F32, ndim, shape, values);
    free(values);
    if (dc3_ctx_dtype(s->ctx) != DC3_F32) x = dc3_cast(s->ctx, x, dc3_ctx_dtype(s->ctx));
    if (dc3_ctx_tape(s->ctx)) dc3_tape_track(s->tape, s->ctx, &x);
    return x;
}

static dc3_tensor forward(subject *s)
{
    if (s->dit) {
        s->x = input(s, "x", 4, (int64_t[]){3, 8, 8, 4});
        return dc3_dit_of(s->ctx, s->dit, s->x, wanted("dit", "timesteps", "")->data,
                          wanted("dit", "labels", "")->data);
    }
    if (s->unet) {
        s->x = input(s, "x", 4, (int64_t[]){2, 8, 8, 4});
        s->states = input(s, "text", 3, (int64_t[]){2, 7, 12});
        return dc3_unet_denoise(s->ctx, s->unet, s->x, wanted(s->net, "timesteps", "")->data, s->states);
    }
    const dc3_tensor *ids = wanted(s->net, "ids", "");
    return dc3_clip_text_of(s->ctx, s->text, ids->shape[0], ids->shape[1], ids->data);
}

/* The loss and all gradients; how far the worst is away. */
static double backward(subject *s, double most)
{
    const dc3_tensor *y = wanted(s->net, "y", "");
    char name[80];
    int image = y->ndim == 4;
    snprintf(name, sizeof name, "%s.target", s->net);
    float *target = image ? hash_inputs(name, y->shape[0], y->shape[3], y->shape[1] * y->shape[2])
                          : hash_inputs(name, dc3_count(y), 1, 1);
    double worst = 0, d;
    for (size_t i = 0; i < s->count; i++)
        must(dc3_tape_watch(s->tape, s->params[i].value, s->params[i].gradient));
    dc3_scope scope = dc3_scope_open(s->ctx);
    dc3_tape_start(s->tape, s->ctx);
    dc3_tensor loss = dc3_mse(s->ctx, forward(s), target);
    must(dc3_ctx_status(s->ctx));
    compare(s->net, "loss", "", loss, most);
    must(dc3_tape_backward(s->tape, s->ctx, loss, 1));
    for (size_t i = 0; i < s->count; i++) {
        d = compare(s->net, "gradient.", s->params[i].name, s->params[i].gradient, most);
        worst = d > worst ? d : worst;
    }
    if (s->x.data) compare(s->net, "dx", "", dc3_tape_gradient_of(s->tape, s->x), most);
    if (s->states.data) compare(s->net, "dtext", "", dc3_tape_gradient_of(s->tape, s->states), most);
    dc3_scope_close(s->ctx, scope);
    dc3_tape_stop(s->tape, s->ctx);
    free(target);
    return worst;
}

/* Parameters that the golden file has gradients of. */
static size_t golden_gradients(const char *net)
{
    char begin[80];
    size_t count = 0;
    snprintf(begin, sizeof begin, "%s.gradient.", net);
    for (size_t i = 0; i < dc3_table_size(golden); i++)
        count += strncmp(dc3_table_name(golden, i), begin, strlen(begin)) == 0;
    return count;
}

static void check(const char *net)
{
    static const struct {
        dc3_dtype dtype;
        dc3_ctx_mode mode;
    } runs[] = {{DC3_F32, DC3_CTX_FAST}, {DC3_F32, DC3_CTX_PLAIN}, {DC3_BF16, DC3_CTX_FAST}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        double most = runs[i].dtype == DC3_F32 ? limit : bf16_limit;
        if (runs[i].dtype == DC3_BF16 && !can_bf16(net)) continue;
        subject s = new_subject(net, runs[i].dtype, runs[i].mode);
        open_network(&s, 0);
        dc3_tensor y = forward(&s);
        must(dc3_ctx_status(s.ctx));
        double d = compare(net, "y", "", y, most);
        close_subject(&s);
        s = new_subject(net, runs[i].dtype, runs[i].mode);
        open_network(&s, 1);
        assert_int_equal(s.count, golden_gradients(net));
        /* Gradients that nearly cancel have few digits in bf16. */
        double worst = backward(&s, runs[i].dtype == DC3_F32 ? limit : 0.3);
        print_message("%s, %s, mode %d: forward within %.1e, gradients within %.1e\n", net,
                      dc3_dtype_name(runs[i].dtype), (int)runs[i].mode, d, worst);
        close_subject(&s);
    }
}

static void dit(void **state)
{
    (void)state;
    check("dit");
}

static void dit_authors(void **state)
{
    (void)state;
    check("dit_authors");
}

static void unet_sd1(void **state)
{
    (void)state;
    check("unet_sd1");
}

static void unet_sd2(void **state)
{
    (void)state;
    check("unet_sd2");
}

static void text(void **state)
{
    (void)state;
    check("text");
}

/* A checkpoint of PyTorch's with nothing beside it. */
static void dit_checkpoint(void **state)
{
    (void)state;
    subject s = new_subject("dit_authors", DC3_F32, DC3_CTX_FAST);
    dc3_dit_config config;
    dc3_table *table;
    must(dc3_weights_open(DC3_TEST_DATA "/generators/authors.pt", &table));
    must(dc3_dit_config_of(table, 3, &config));
    assert_int_equal(config.size, 8);
    assert_int_equal(config.layers, 2);
    assert_int_equal(config.classes, 5);
    must(dc3_dit_open(NULL, &config, &table, &s.dit));
    compare("dit_authors", "y", "", forward(&s), limit);
    close_subject(&s);
}

/* Latents of another size than trained with, whose patches stand closer. */
static void dit_other_size(void **state)
{
    (void)state;
    subject s = new_subject("dit", DC3_F32, DC3_CTX_FAST);
    open_network(&s, 0);
    dc3_tensor x = input(&s, "other_x", 4, (int64_t[]){3, 12, 12, 4});
    dc3_tensor y =
        dc3_dit_of(s.ctx, s.dit, x, wanted("dit", "timesteps", "")->data, wanted("dit", "labels", "")->data);
    must(dc3_ctx_status(s.ctx));
    compare("dit", "other", "", y, limit);
    /* A step of a sampler takes all its memory from the pool. */
    size_t bytes[3];
    for (int i = 0; i < 3; i++) {
        dc3_scope scope = dc3_scope_open(s.ctx);
        dc3_dit_of(s.ctx, s.dit, x, wanted("dit", "timesteps", "")->data, wanted("dit", "labels", "")->data);
        dc3_scope_close(s.ctx, scope);
        bytes[i] = dc3_ctx_bytes(s.ctx);
    }
    assert_int_equal(bytes[1], bytes[2]);
    close_subject(&s);
}

/* Images that are no squares, as diffusers has them; the second of a batch is as it is alone. */
static void dit_wide(void **state)
{
    (void)state;
    subject s = new_subject("dit", DC3_F32, DC3_CTX_PLAIN);
    open_network(&s, 0);
    const float *t = wanted("dit", "timesteps", "")->data;
    const int64_t *labels = wanted("dit", "labels", "")->data;
    dc3_tensor x = input(&s, "wide", 4, (int64_t[]){2, 4, 10, 4});
    dc3_tensor both = dc3_dit_of(s.ctx, s.dit, x, t, labels);
    dc3_tensor alone = dc3_dit_of(s.ctx, s.dit, dc3_tensor_rows(x, 1, 1), t + 1, labels + 1);
    must(dc3_ctx_status(s.ctx));
    assert_int_equal(both.shape[1], 4);
    assert_int_equal(both.shape[2], 10);
    dc3_table *table;
    must(dc3_safetensors_open(DC3_TEST_DATA "/generators/wide.safetensors", &table));
    const dc3_tensor *y = dc3_table_find(table, "dit.y");
    assert_non_null(y);
    assert_int_equal(dc3_count(y), dc3_count(&both));
    assert_true(relative_error(both, y) < limit);
    dc3_table_close(&table);
    float *a = host_values(both), *b = host_values(alone);
    assert_true(distance(DC3_F32, a + 4 * 10 * 8, b, 4 * 10 * 8) < 1e-6);
    free(a), free(b);
    close_subject(&s);
}

/* The weights with block 0's embeddings in block 1 too. */
static dc3_table *shared_table(void)
{
    static const char *const parts[] = {
        "timestep_embedder.linear_1.weight", "timestep_embedder.linear_1.bias",
        "timestep_embedder.linear_2.weight", "timestep_embedder.linear_2.bias",
        "class_embedder.embedding_table.weight"};
    dc3_table *table = table_of("dit");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[2][120];
        for (int k = 0; k < 2; k++)
            snprintf(name[k], sizeof name[k], "transformer_blocks.%d.norm1.emb.%s", k, parts[i]);
        const dc3_tensor *from = dc3_table_find(table, name[0]), *to = dc3_table_find(table, name[1]);
        memcpy(to->data, from->data, dc3_bytes(from));
    }
    return table;
}

/* Where all blocks have the same embeddings they are computed once, to the same result. */
static void dit_shared_embeddings(void **state)
{
    (void)state;
    subject s = new_subject("dit", DC3_F32, DC3_CTX_FAST);
    dc3_dit_config config;
    dc3_table *table = shared_table();
    must(dc3_dit_config_read(DC3_TEST_DATA "/generators/transformer.json", &config));
    must(dc3_dit_open_to_train(NULL, &config, &table, 0, &s.dit));
    double apart = dc3_dit_parameters(s.dit);
    dc3_tensor first = forward(&s);
    float *a = host_values(first);
    dc3_dit_close(&s.dit);
    table = shared_table();
    must(dc3_dit_open(NULL, &config, &table, &s.dit));
    assert_true(dc3_dit_parameters(s.dit) == apart - 24 * (256 + 1 + 24 + 1 + 6));
    dc3_tensor second = forward(&s);
    float *b = host_values(second);
    assert_true(distance(DC3_F32, a, b, dc3_count(&first)) < 1e-6);
    free(a), free(b);
    close_subject(&s);
}

/* A step of inference, which computes time and text once, is the first row of the whole. */
static void unet_step(void **state)
{
    (void)state;
    static const char *const names[] = {"unet_sd1", "unet_sd2"};
    for (int i = 0; i < 2; i++) {
        subject s = new_subject(names[i], DC3_F32, DC3_CTX_FAST);
        open_network(&s, 0);
        dc3_unet_time *time;
        dc3_tensor kv[16];
        must(dc3_unet_time_open(s.ctx, s.unet, 1, wanted(names[i], "timesteps", "")->data, &time));
        assert_in_range(dc3_unet_text_count(s.unet), 1, 16);
        dc3_tensor x = dc3_tensor_rows(input(&s, "x", 4, (int64_t[]){2, 8, 8, 4}), 0, 1);
        dc3_tensor states = dc3_tensor_rows(input(&s, "text", 3, (int64_t[]){2, 7, 12}), 0, 1);
        dc3_unet_text_of(s.ctx, s.unet, states, kv);
        dc3_tensor y = dc3_unet_of(s.ctx, s.unet, x, time, 0, kv),
                   first = dc3_tensor_rows(*wanted(names[i], "y", ""), 0, 1);
        must(dc3_ctx_status(s.ctx));
        assert_true(relative_error(y, &first) < limit);
        dc3_unet_time_close(&time);
        close_subject(&s);
    }
}

/* The layer before the last, as Stable Diffusion 2 takes it from OpenCLIP. */
static void text_skipping(void **state)
{
    (void)state;
    subject s = new_subject("text", DC3_F32, DC3_CTX_FAST);
    open_network(&s, 0);
    const dc3_tensor *ids = wanted("text", "ids", "");
    compare("text", "skipped", "", dc3_clip_text_skipping(s.ctx, s.text, 2, ids->shape[1], ids->data, 1),
            limit);
    dc3_clip_text_skipping(s.ctx, s.text, 2, ids->shape[1], ids->data, 3);
    assert_int_equal(dc3_ctx_status(s.ctx), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "3 layers to skip: the text encoder has 3");
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dit),
                                       cmocka_unit_test(dit_authors),
                                       cmocka_unit_test(dit_checkpoint),
                                       cmocka_unit_test(dit_other_size),
                                       cmocka_unit_test(dit_wide),
                                       cmocka_unit_test(dit_shared_embeddings),
                                       cmocka_unit_test(unet_sd1),
                                       cmocka_unit_test(unet_sd2),
                                       cmocka_unit_test(unet_step),
                                       cmocka_unit_test(text),
                                       cmocka_unit_test(text_skipping)};
    return cmocka_run_group_tests(tests, open_files, close_golden_nets);
}
