/* Results do not depend on the number of threads: networks of every family are trained for two steps with 1
 * and 3, and with another number in each step; and what the governor of threads makes of how long steps
 * take.
 */
#include "support/device_values.h"
#include "support/random_tensors.h"
#include "support/skips.h"
#include "learn/trainer.h"

enum { N = 4, CLASSES = 5, STEPS = 2, TURNS = 3 };

static const struct {
    const char *arch;
    int size, f32, bf16; /* in these types */
} nets[] = {{"convnet3", 32, 1, 1},     {"resnet18", 64, 1, 0},        {"resnet18_modified", 32, 0, 1},
            {"mobilenet_v2", 32, 1, 1}, {"efficientnet_b0", 32, 0, 1}, {"swin_v2_t", 64, 1, 0}};

/* One hash of all values after the steps; turn 0: by one thread; 1: by three; 2: by one, then three. */
static uint64_t train(const char *arch, int size, dc3_dtype type, int turn)
{
    dc3_trainer t;
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 31);
    int64_t labels[N];
    double loss;
    uint64_t hash = 0;
    void *views = random_values(&rng, type, (int64_t)N * size * size * 3, 1);
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_classifier_spec spec = {arch, CLASSES, size, 7};
    for (int i = 0; i < N; i++) labels[i] = i % CLASSES;
    dc3_target target = {.k = 1, .labels = labels};
    if (dc3_trainer_open(&spec, NULL, type, turn ? 3 : 1, &adamw, &t) != DC3_OK)
        fail_msg("%s: %s", arch, dc3_error_text());
    for (int step = 0; step < STEPS; step++) {
        if (turn == 2) t.governor.team = step % 2 ? 3 : 1;
        if (dc3_trainer_step(&t, N, size, views, &target, 1e-3, &loss) != DC3_OK)
            fail_msg("%s: %s", arch, dc3_error_text());
    }
    for (size_t i = 0; i < t.count; i++) {
        float *values = host_values(t.params[i].value);
        uint64_t pair[] = {hash, dc3_hash_block(values, dc3_bytes(&t.params[i].value))};
        hash = dc3_hash64(pair, sizeof pair);
        free(values);
    }
    dc3_trainer_close(&t);
    free(views);
    return hash;
}

static int is_by_threads(void)
{
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    int by_threads = !dc3_ctx_team_is_free(ctx);
    dc3_ctx_close(&ctx);
    return by_threads;
}

static void same_bytes(void **state)
{
    (void)state;
    int bf16 = can_bf16("training by another number of threads");
    if (is_by_threads()) {
        print_message("skipped: oneDNN's products depend on the number of threads on this processor\n");
        return;
    }
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int k = 0; k < 2; k++) {
            dc3_dtype type = k ? DC3_BF16 : DC3_F32;
            if (!(k ? bf16 && nets[i].bf16 : nets[i].f32)) continue;
            uint64_t one = train(nets[i].arch, nets[i].size, type, 0);
            for (int turn = 1; turn < TURNS; turn++)
                if (train(nets[i].arch, nets[i].size, type, turn) != one)
                    fail_msg("%s, %s: other bytes with %s threads", nets[i].arch, dc3_dtype_name(type),
                             turn == 1 ? "3" : "changing");
        }
}

/* `seconds` of steps of a machine where a step takes `all`, `half` or `one` seconds with four threads, two or
 * one, and threads are sent off `switches` times a second with more than one. */
static void run(dc3_governor *g, double seconds, double all, double half, double one, double switches)
{
    for (double at = 0; at < seconds;) {
        double work = 1 + (int)(at * 10) % 3, team = dc3_governor_begin(g);
        double took = work * (team > 2 ? all : team > 1 ? half : one);
        dc3_governor_note(g, work, took, team > 1 ? (long)(switches * took + 0.5) : 0);
        at += took;
    }
}

static void governor(void **state)
{
    (void)state;
    dc3_governor g;
    dc3_governor_open(&g, 4);
    run(&g, 60, 0.010, 0.018, 0.034, 4); /* quiet */
    assert_int_equal(g.team, 4);
    run(&g, 2, 0.100, 0.018, 0.034, 400); /* two others */
    assert_int_equal(g.team, 2);
    run(&g, 60, 0.100, 0.018, 0.034, 0); /* as many as are free */
    assert_int_equal(g.team, 2);
    run(&g, 6, 0.100, 0.090, 0.034, 400); /* and one more */
    assert_int_equal(g.team, 1);
    run(&g, 100, 0.010, 0.018, 0.034, 4);
    assert_int_equal(g.team, 4);
    run(&g, 60, 0.010, 0.018, 0.034, 400); /* sent off, and yet the fastest */
    assert_int_equal(g.team, 4);
    dc3_governor_open(&g, 3);
    run(&g, 4, 0.100, 0.090, 0.034, 400);
    assert_int_equal(g.team, 1);
    run(&g, 100, 0.010, 0.018, 0.034, 4);
    assert_int_equal(g.team, 3);
    dc3_governor_open(&g, 1);
    run(&g, 10, 0.010, 0.018, 0.034, 400);
    assert_int_equal(dc3_governor_begin(&g), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(governor), cmocka_unit_test(same_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
