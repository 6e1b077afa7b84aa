/* Training checkpoints: resuming equals not stopping, to the bit; damage of every byte is found; a full disk
 * leaves the file that was there. */
#include "support/random_tensors.h"
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/file.h"
#include "io/safetensors.h"
#include "learn/checkpoint.h"
#include "learn/clip.h"
#include "learn/schedule.h"
#include "nn/classifier.h"

enum { PARAMS = 4, CONV = 3 * 4 * 3 * 3, NORM = 5, STEPS = 12 };

static char folder[64];
static dc3_ctx *ctx;

/* A little module with its optimizer and averages. */
typedef struct run {
    float conv[CONV], conv_gradient[CONV], norm[NORM], norm_gradient[NORM], mean[NORM];
    int64_t batches;
    dc3_weight weight;
    dc3_param params[PARAMS];
    dc3_training training;
} run;

static int begin_all(void **state)
{
    (void)state;
    /* In memory where there is such a place: every write is synced, which takes a disk long. */
    snprintf(folder, sizeof folder, "%s/dc3-checkpoint-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return !mkdtemp(folder) || dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx) != DC3_OK;
}

static int end_all(void **state)
{
    (void)state;
    char command[128];
    dc3_ctx_close(&ctx);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* In one of four buffers. */
static const char *path_of(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder, name);
    return path;
}

static void open_run(run *r, const dc3_optimizer_options *options, int averages, uint64_t seed)
{
    *r = (run){0};
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 9);
    dc3_rng_normal(&rng, r->conv, CONV);
    dc3_rng_normal(&rng, r->norm, NORM);
    int64_t norm = NORM;
    r->params[0] = (dc3_param){"conv.weight", dc3_view(r->conv, DC3_F32, 4, (int64_t[]){3, 4, 3, 3}),
                               dc3_view(r->conv_gradient, DC3_F32, 4, (int64_t[]){3, 4, 3, 3}), &r->weight};
    r->params[1] = (dc3_param){"norm.weight", dc3_view(r->norm, DC3_F32, 1, &norm),
                               dc3_view(r->norm_gradient, DC3_F32, 1, &norm), NULL};
    r->params[2] = (dc3_param){.name = "norm.running_mean", .value = dc3_view(r->mean, DC3_F32, 1, &norm)};
    r->params[3] =
        (dc3_param){.name = "norm.num_batches_tracked", .value = dc3_view(&r->batches, DC3_I64, 0, NULL)};
    r->training = (dc3_training){.params = r->params, .count = PARAMS};
    assert_int_equal(dc3_optimizer_open(ctx, options, r->params, PARAMS, &r->training.optimizer), DC3_OK);
    dc3_ema_options averaging = {.decay = 0.7, .warm_up = 1};
    if (averages)
        assert_int_equal(dc3_ema_open(ctx, &averaging, r->params, PARAMS, &r->training.ema), DC3_OK);
}

static void close_run(run *r)
{
    dc3_optimizer_close(&r->training.optimizer);
    dc3_ema_close(&r->training.ema);
}

static void train(run *r, int64_t from, int64_t to)
{
    dc3_schedule_options schedule = dc3_schedule_defaults();
    schedule.kind = DC3_SCHEDULE_ONE_CYCLE;
    for (int64_t t = from; t < to; t++) {
        dc3_optimizer_zero_gradients(r->training.optimizer);
        for (int i = 0; i < CONV; i++) r->conv_gradient[i] += sinf(3 * r->conv[i] + (float)(i + t));
        for (int i = 0; i < NORM; i++) r->norm_gradient[i] += r->norm[i] - r->mean[i] + (float)t;
        for (int i = 0; i < NORM; i++) r->mean[i] = 0.9f * r->mean[i] + 0.1f * r->conv[i];
        r->batches++;
        dc3_clip_gradients(ctx, r->params, PARAMS, 5);
        double lr = 0.05 * dc3_schedule_factor(&schedule, t, STEPS);
        assert_int_equal(dc3_optimizer_step(r->training.optimizer, lr), DC3_OK);
        if (r->training.ema) assert_int_equal(dc3_ema_update(r->training.ema), DC3_OK);
    }
}

static void save(const run *r, const char *name)
{
    if (dc3_checkpoint_save(path_of(name), &r->training, NULL) != DC3_OK) fail_msg("%s", dc3_error_text());
}

/* Whether two runs hold the same bytes: their checkpoints are compared. */
static int same_files(const char *one, const char *other)
{
    char *a, *b;
    size_t na, nb;
    assert_int_equal(dc3_file_read(path_of(one), 8 << 20, &a, &na), DC3_OK);
    assert_int_equal(dc3_file_read(path_of(other), 8 << 20, &b, &nb), DC3_OK);
    int same = na == nb && memcmp(a, b, na) == 0;
    free(a), free(b);
    return same;
}

static void resume(void **state)
{
    (void)state;
    for (int kind = DC3_SGD; kind <= DC3_ADAMW; kind++)
        for (int averages = 0; averages < 2; averages++)
            for (int stop = 0; stop < STEPS; stop += 5) {
                dc3_optimizer_options options = dc3_optimizer_defaults((dc3_optimizer_kind)kind);
                if (kind == DC3_SGD) options.momentum = 0.9, options.nesterov = 1;
                run whole, first, second;
                char *counters;
                open_run(&whole, &options, averages, 1), open_run(&first, &options, averages, 1);
                train(&whole, 0, STEPS), train(&first, 0, stop);
                const char *text = "{\"epoch\": 3, \"seed\": 9007199254740993, \"name\": \"\\\"ü\\n\"}";
                assert_int_equal(dc3_checkpoint_save(path_of("a"), &first.training, text), DC3_OK);
                open_run(&second, &options, averages, 2);
                assert_int_equal(dc3_checkpoint_load(path_of("a"), &second.training, &counters), DC3_OK);
                assert_string_equal(counters, text);
                assert_int_equal(dc3_optimizer_steps(second.training.optimizer), stop);
                assert_int_equal(second.weight.version, 1);
                train(&second, stop, STEPS);
                save(&whole, "whole"), save(&second, "second");
                assert_true(same_files("whole", "second"));
                assert_memory_equal(whole.conv, second.conv, sizeof whole.conv);
                assert_int_equal(second.batches, STEPS);
                free(counters);
                close_run(&whole), close_run(&first), close_run(&second);
            }
}

/* Loading `name` fails with this status and one sentence that has these words; nothing changes. */
static void refuse(const run *r, const char *name, dc3_status wanted, const char *words)
{
    char *counters = NULL;
    save(r, "before");
    uint64_t version = r->weight.version;
    dc3_status status = dc3_checkpoint_load(path_of(name), &r->training, &counters);
    char text[1024];
    snprintf(text, sizeof text, "%s", dc3_error_text());
    if (status != wanted || !strstr(text, words) || !strstr(text, name) || strchr(text, '\n'))
        fail_msg("expected '%s' and '%s', status %d: status %d, %s", name, words, (int)wanted, (int)status,
                 text);
    assert_null(counters);
    assert_int_equal(r->weight.version, version);
    save(r, "after");
    assert_true(same_files("before", "after"));
}

static void damaged(void **state)
{
    (void)state;
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    run good, other;
    char *data;
    size_t size;
    open_run(&good, &options, 1, 1), open_run(&other, &options, 1, 2);
    train(&good, 0, 3), train(&other, 0, 2);
    save(&good, "good");
    assert_int_equal(dc3_file_read(path_of("good"), 1 << 20, &data, &size), DC3_OK);
    save(&other, "untouched");
    for (size_t i = 0; i < size; i++) {
        data[i] = (char)(data[i] ^ 1 << i % 8);
        FILE *file = fopen(path_of("bad"), "wb"); /* not synced, which would take long */
        assert_true(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
        if (dc3_checkpoint_load(path_of("bad"), &other.training, NULL) != DC3_ERR_FORMAT)
            fail_msg("byte %zu of %zu: accepted", i, size);
        data[i] = (char)(data[i] ^ 1 << i % 8);
    }
    for (size_t cut = 0; cut < size; cut += cut < 16 ? 1 : 997) {
        FILE *file = fopen(path_of("bad"), "wb");
        assert_true(file && fwrite(data, 1, cut, file) == cut && fclose(file) == 0);
        if (dc3_checkpoint_load(path_of("bad"), &other.training, NULL) != DC3_ERR_FORMAT)
            fail_msg("cut to %zu of %zu bytes: accepted", cut, size);
    }
    save(&other, "after");
    assert_true(same_files("untouched", "after"));
    data[size - 2] = (char)(data[size - 2] ^ 4);
    assert_int_equal(dc3_file_write(path_of("bad"), data, size), DC3_OK);
    refuse(&other, "bad", DC3_ERR_FORMAT, "damaged: its contents hash to");
    assert_int_equal(dc3_checkpoint_load(path_of("good"), &other.training, NULL), DC3_OK);
    free(data);
    close_run(&good), close_run(&other);
}

static void of_another_run(void **state)
{
    (void)state;
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW), sgd = dc3_optimizer_defaults(DC3_SGD);
    dc3_optimizer_options momentum = sgd;
    momentum.momentum = 0.9;
    run a, b;
    open_run(&a, &adamw, 1, 1);
    train(&a, 0, 2);
    save(&a, "adamw");
    assert_int_equal(dc3_export(path_of("exported"), a.params, PARAMS, 32, NULL), DC3_OK);
    refuse(&a, "nothing", DC3_ERR_IO, "cannot open");
    refuse(&a, "exported", DC3_ERR_FORMAT, "expected a training checkpoint");
    open_run(&b, &sgd, 1, 1);
    refuse(&b, "adamw", DC3_ERR_FORMAT,
           "tensor 'optimizer.exp_avg.conv.weight' has no place in this training");
    close_run(&b);
    open_run(&b, &momentum, 1, 1);
    refuse(&b, "adamw", DC3_ERR_FORMAT,
           "tensor 'optimizer.momentum_buffer.conv.weight' of shape [3, 4, 3, 3] is");
    close_run(&b);
    open_run(&b, &adamw, 0, 1);
    refuse(&b, "adamw", DC3_ERR_FORMAT, "tensor 'ema.updates' has no place");
    close_run(&b);
    open_run(&b, &adamw, 1, 1);
    b.params[1].value.ndim = 2, b.params[1].value.shape[1] = 1;
    refuse(&b, "adamw", DC3_ERR_FORMAT, "tensor 'model.norm.weight' should have shape [5, 1], has [5]");
    b.params[1].value.ndim = 1;
    b.params[0].name = "conv2.weight";
    refuse(&b, "adamw", DC3_ERR_FORMAT, "tensor 'model.conv2.weight' of shape [3, 4, 3, 3] is missing");
    b.params[0].name = "conv.weight";
    b.params[3].value.dtype = DC3_F64;
    refuse(&b, "adamw", DC3_ERR_FORMAT, "'model.norm.num_batches_tracked' should hold f64, holds i64");
    close_run(&a), close_run(&b);
}

static void refused_to_save(void **state)
{
    (void)state;
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_SGD);
    run r;
    open_run(&r, &options, 1, 1);
    save(&r, "kept"), save(&r, "copy");
    static const char *const bad[] = {"", "7", "{\"a\": }", "{} {}"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(dc3_checkpoint_save(path_of("kept"), &r.training, bad[i]), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(dc3_error_text(), "counters of a checkpoint: "));
    dc3_ema_swap(r.training.ema);
    assert_int_equal(dc3_checkpoint_save(path_of("kept"), &r.training, NULL), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(dc3_error_text(), "swapped in"));
    dc3_ema_swap(r.training.ema);
    r.params[1].name = "conv.weight";
    assert_int_equal(dc3_checkpoint_save(path_of("kept"), &r.training, NULL), DC3_ERR_FORMAT);
    assert_true(same_files("kept", "copy"));
    close_run(&r);
}

static int count_files(void)
{
    char command[128];
    int count = 0;
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_true(pipe && fscanf(pipe, "%d", &count) == 1);
    pclose(pipe);
    return count;
}

/* As if the disk were full after `room` bytes: writes fail. */
static void full_disk(void **state)
{
    (void)state;
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    run r;
    struct rlimit before, small;
    open_run(&r, &options, 1, 1);
    save(&r, "disk"), save(&r, "copy");
    train(&r, 0, 1);
    int files = count_files();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    static const rlim_t rooms[] = {0, 4, 8, 100, 800};
    for (int i = 0; i < 5; i++) {
        small = (struct rlimit){rooms[i], before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        dc3_status status = dc3_checkpoint_save(path_of("disk"), &r.training, NULL);
        dc3_status exported = dc3_export(path_of("disk"), r.params, PARAMS, 32, NULL);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(status, DC3_ERR_IO);
        assert_int_equal(exported, DC3_ERR_IO);
        assert_non_null(strstr(dc3_error_text(), "/disk: cannot write: "));
        assert_null(strchr(dc3_error_text(), '\n'));
        assert_true(same_files("disk", "copy"));
    }
    signal(SIGXFSZ, old);
    assert_int_equal(count_files(), files);
    assert_int_equal(dc3_checkpoint_save("/nowhere/at/all", &r.training, NULL), DC3_ERR_IO);
    close_run(&r);
}

static void export_names(void **state)
{
    (void)state;
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    run r;
    dc3_table *table;
    open_run(&r, &options, 1, 1);
    train(&r, 0, 4);
    assert_int_equal(dc3_export(path_of("names"), r.params, PARAMS, 32, NULL), DC3_OK);
    assert_int_equal(dc3_safetensors_open(path_of("names"), &table), DC3_OK);
    assert_int_equal(dc3_table_size(table), PARAMS);
    assert_string_equal(dc3_table_text(table, "format"), "pt");
    for (int i = 0; i < PARAMS; i++) {
        const dc3_tensor *t = dc3_table_find(table, r.params[i].name), *own = &r.params[i].value;
        assert_non_null(t);
        assert_int_equal(t->ndim, own->ndim);
        assert_int_equal(t->dtype, own->dtype);
        assert_memory_equal(t->data, own->data, dc3_bytes(own));
    }
    dc3_table_close(&table);
    close_run(&r);
}

/* A whole network: its checkpoint puts another one, of another seed, in its place; what is exported opens as
 * any other file of weights. */
static void classifier(void **state)
{
    (void)state;
    dc3_classifier_spec spec = {.arch = "convnet3", .classes = 7, .size = 32, .seed = 1};
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_classifier *nets[2], *back;
    dc3_training training[2] = {{0}};
    dc3_table *table;
    for (int k = 0; k < 2; k++, spec.seed++) {
        dc3_training *t = &training[k];
        table = NULL;
        assert_int_equal(dc3_classifier_open_to_train(NULL, &spec, &table, &nets[k]), DC3_OK);
        t->params = dc3_classifier_params(nets[k], &t->count);
        assert_true(t->count >= 3 * 6 + 2);
        assert_int_equal(dc3_optimizer_open(ctx, &options, t->params, t->count, &t->optimizer), DC3_OK);
    }
    for (size_t i = 0; i < training[0].count; i++) {
        dc3_tensor gradient = training[0].params[i].gradient;
        int64_t n = gradient.data ? dc3_count(&gradient) : 0;
        float *g = malloc((size_t)(n + 1) * sizeof *g);
        for (int64_t j = 0; j < n; j++) g[j] = sinf((float)j);
        if (n) assert_int_equal(dc3_tensor_write(&gradient, g), DC3_OK);
        free(g);
    }
    assert_int_equal(dc3_optimizer_step(training[0].optimizer, 0.01), DC3_OK);
    assert_int_equal(dc3_checkpoint_save(path_of("net"), &training[0], NULL), DC3_OK);
    assert_int_equal(dc3_checkpoint_load(path_of("net"), &training[1], NULL), DC3_OK);
    assert_int_equal(dc3_export(path_of("one"), training[0].params, training[0].count, 32, NULL), DC3_OK);
    assert_int_equal(dc3_export(path_of("two"), training[1].params, training[1].count, 32, NULL), DC3_OK);
    assert_true(same_files("one", "two"));
    assert_int_equal(dc3_safetensors_open(path_of("one"), &table), DC3_OK);
    assert_int_equal(dc3_classifier_open(NULL, "convnet3", &table, &back), DC3_OK);
    assert_int_equal(dc3_classifier_describe(back)->classes, 7);
    dc3_classifier_close(&back);
    for (int k = 0; k < 2; k++) dc3_optimizer_close(&training[k].optimizer), dc3_classifier_close(&nets[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume),          cmocka_unit_test(damaged),   cmocka_unit_test(of_another_run),
        cmocka_unit_test(refused_to_save), cmocka_unit_test(full_disk), cmocka_unit_test(export_names),
        cmocka_unit_test(classifier),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
