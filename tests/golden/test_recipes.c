/* What recipes of students are made of, beside PyTorch, torchvision and Pillow (tools/golden/recipes.py):
 * losses with their gradients, the operations of RandAugment; and how those are drawn and mixed. */
#include "support/golden_file.h"
#include "views/rand_augment.h"
#include "learn/recipe.h"
#include "ops/ops.h"
#include "ops/tape.h"

static int open_golden(void **state)
{
    (void)state;
    return open_golden_file("recipes/golden.safetensors");
}

static const dc3_tensor *loss_tensor(const char *name, const char *what)
{
    char text[64];
    snprintf(text, sizeof text, "loss.%s%s", name, what);
    return find(text, -1);
}

/* One of the losses of the golden file. */
static dc3_tensor loss_called(dc3_ctx *ctx, const char *name, dc3_tensor z)
{
    const float *target = loss_tensor("target", "")->data, *weights = loss_tensor("weights", "")->data;
    const int64_t *labels = loss_tensor("labels", "")->data;
    if (strcmp(name, "cosine") == 0) return dc3_cosine_loss(ctx, z, target, 0, NULL, NULL, 0, 0);
    if (strcmp(name, "gift") == 0) return dc3_cosine_loss(ctx, z, target, 2, labels, weights, 0.1f, 0.1f);
    return dc3_add_losses(ctx, dc3_mse(ctx, z, target), dc3_cross_entropy(ctx, z, 2, labels, weights, 0),
                          0.025f);
}

static void losses(void **state)
{
    (void)state;
    static const char *const names[] = {"cosine", "gift", "edc"};
    const dc3_tensor *logits = loss_tensor("logits", "");
    for (int i = 0; i < 3; i++) {
        float value, slope[256];
        dc3_ctx *ctx;
        dc3_tape *tape;
        assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, 0, &ctx), DC3_OK);
        assert_int_equal(dc3_tape_open(&tape), DC3_OK);
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor z = dc3_on_device(ctx, dc3_view(logits->data, DC3_F32, 2, logits->shape));
        dc3_tape_start(tape, ctx);
        dc3_tape_track(tape, ctx, &z);
        dc3_tensor loss = loss_called(ctx, names[i], z);
        dc3_download(ctx, loss, &value);
        assert_int_equal(dc3_tape_backward(tape, ctx, loss, 1), DC3_OK);
        dc3_download(ctx, dc3_tape_gradient_of(tape, z), slope);
        assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
        dc3_tape_stop(tape, ctx);
        dc3_scope_close(ctx, scope);
        dc3_tape_close(&tape);
        dc3_ctx_close(&ctx);
        const float *expected = loss_tensor(names[i], "")->data,
                    *slopes = loss_tensor(names[i], ".slope")->data;
        if (!(fabsf(value - *expected) <= 1e-5f * fabsf(*expected)))
            fail_msg("%s: expected %g, found %g", names[i], (double)*expected, (double)value);
        for (int64_t j = 0; j < dc3_count(logits); j++)
            if (!(fabsf(slope[j] - slopes[j]) <= 1e-6f)) /* f32 sums beside doubles */
                fail_msg("%s: gradient %d: expected %g, found %g", names[i], (int)j, (double)slopes[j],
                         (double)slope[j]);
    }
}

enum { SIDE = 24, BYTES = SIDE * SIDE * 3 };

/* Pillow's bytes; a factor that torchvision takes from a table in f32 may be off by its last bit, so that a
 * value that is cut off there may be its neighbour, as good as never. */
static void operations(void **state)
{
    (void)state;
    static const int strengths[] = {9, 17, 30};
    const dc3_tensor *picture = find("rand.picture", -1);
    assert_int_equal(dc3_bytes(picture), BYTES);
    for (int op = -DC3_RAND_SHARPNESS; op < DC3_RAND_OPS; op++)
        for (int i = 0; i < 3; i++) {
            uint8_t image[BYTES], scratch[BYTES];
            char name[64];
            dc3_view_params p = {.ops = {(int8_t)op}, .strength = (int8_t)strengths[i]};
            snprintf(name, sizeof name, "rand.%d.%d", op, strengths[i]);
            const uint8_t *expected = find(name, -1)->data;
            memcpy(image, picture->data, BYTES);
            dc3_rand_augment(image, SIDE, &p, scratch);
            int others = 0, most = 0;
            for (int j = 0; j < BYTES; j++) {
                int off = abs(image[j] - expected[j]);
                others += off > 0;
                if (off > most) most = off;
            }
            if (others > 2 || most > 1) fail_msg("%s: %d values differ, by %d", name, others, most);
        }
}

/* Drawn by seed, epoch and item alone; each operation as often as the others, each direction too. */
static void draws(void **state)
{
    (void)state;
    enum { N = 14000 };
    int counts[2 * DC3_RAND_OPS] = {0};
    for (int i = 0; i < N; i++) {
        dc3_view_params p = {0}, q = {0}, other = {0};
        dc3_draw_rand_augment(3, i / 100, i % 100, 2, 9, &p);
        dc3_draw_rand_augment(3, i / 100, i % 100, 2, 9, &q);
        dc3_draw_rand_augment(3, i / 100, i % 100, 1, 9, &other);
        assert_memory_equal(&p, &q, sizeof p);
        assert_true(p.strength == 9 && p.ops[0] == other.ops[0] && !other.ops[1] && !p.ops[2] && !p.ops[3]);
        counts[p.ops[0] + DC3_RAND_OPS]++;
    }
    for (int op = 0; op < DC3_RAND_OPS; op++) {
        int has_sign = op >= DC3_RAND_SHEAR_X && op <= DC3_RAND_SHARPNESS;
        int there = counts[DC3_RAND_OPS + op], opposite = op ? counts[DC3_RAND_OPS - op] : 0;
        assert_true(abs(there + opposite - N / DC3_RAND_OPS) < 160); /* five deviations */
        assert_true(has_sign ? abs(there - opposite) < 160 : opposite == 0);
    }
}

/* The operations come after the crop and the flip, and before the box, which shows the partner with its own
 * operations. */
static void views(void **state)
{
    (void)state;
    const dc3_tensor *picture = find("rand.picture", -1);
    uint8_t made[2][BYTES], scratch[BYTES];
    float found[2 * BYTES];
    dc3_loaded_image images[2] = {{picture->data, SIDE, SIDE, 0}, {picture->data, SIDE, SIDE, 1}};
    dc3_view_params p[2] = {{.w = SIDE, .h = SIDE, .flip = 1, .partner = 1, .x1 = 10, .y0 = 3, .y1 = 20},
                            {.w = SIDE, .h = SIDE, .partner = 0, .x1 = 10, .y0 = 3, .y1 = 20}};
    dc3_augment_options options = {.size = SIDE, .dtype = DC3_F32, .threads = 2};
    dc3_augmenter *a;
    p[0].ops[0] = DC3_RAND_ROTATE, p[0].ops[1] = -DC3_RAND_COLOR, p[0].strength = 9;
    p[1].ops[0] = DC3_RAND_EQUALIZE, p[1].strength = 9;
    for (int i = 0; i < 2; i++) {
        const uint8_t *from = picture->data;
        for (int k = 0; k < SIDE * SIDE; k++) {
            int x = k % SIDE, column = p[i].flip ? SIDE - 1 - x : x;
            memcpy(made[i] + 3 * k, from + 3 * (k - x + column), 3);
        }
        dc3_rand_augment(made[i], SIDE, &p[i], scratch);
    }
    assert_int_equal(dc3_augmenter_open(&options, &a), DC3_OK);
    assert_int_equal(dc3_augment(a, 2, images, p, found), DC3_OK);
    dc3_augmenter_close(&a);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < BYTES; j++) {
            int x = j / 3 % SIDE, y = j / 3 / SIDE, other = x < 10 && y >= 3 && y < 20;
            float expected = (float)made[other ? 1 - i : i][j] / 255;
            if (!(fabsf(found[i * BYTES + j] - expected) <= 1e-6f)) fail_msg("view %d, value %d", i, j);
        }
}

/* Crops show at least the part of the area that they are drawn with, and come near it. */
static void crops(void **state)
{
    (void)state;
    static const double least[] = {0.1, 0.5, 0};
    for (int k = 0; k < 3; k++) {
        double smallest = 1, bound = least[k] > 0 ? least[k] : 1;
        for (int i = 0; i < 2000; i++) {
            dc3_view_params p;
            dc3_draw_rded(1, i, 0, 100, 100, 1, least[k], &p);
            double area = (double)p.w * p.h / 1e4;
            if (area < smallest) smallest = area;
        }
        assert_true(smallest > bound - 0.01 && smallest < bound + 0.02);
    }
}

/* Shao et al.'s schedule: RDED's up to five sixths, in a line to nothing from there. */
static void schedules(void **state)
{
    (void)state;
    dc3_schedule_options smooth = dc3_schedule_defaults(), half = dc3_schedule_defaults();
    smooth.kind = dc3_recipe_schedule(DC3_LR_SMOOTH), half.kind = dc3_recipe_schedule(DC3_LR_HALF_COSINE);
    assert_int_equal(dc3_recipe_schedule(DC3_LR_COSINE), DC3_SCHEDULE_COSINE);
    for (int t = 0; t <= 50; t++)
        assert_true(dc3_schedule_factor(&smooth, t, 60) == dc3_schedule_factor(&half, t, 60));
    double there = dc3_schedule_factor(&smooth, 50, 60);
    assert_true(fabs(dc3_schedule_factor(&smooth, 51, 60) - 0.9 * there) < 1e-12);
    assert_true(fabs(dc3_schedule_factor(&smooth, 59, 60) - 0.1 * there) < 1e-12);
    assert_true(dc3_schedule_factor(&smooth, 60, 60) == 0);
}

/* The values that papers and programs print. */
static void recipes(void **state)
{
    (void)state;
    static const struct {
        dc3_recipe_kind kind;
        int classes, batch[3];
    } batches[] = {{DC3_RECIPE_RDED, 10, {10, 50, 100}},     {DC3_RECIPE_RDED, 100, {20, 100, 200}},
                   {DC3_RECIPE_RDED, 200, {100, 100, 100}},  {DC3_RECIPE_RDED, 1000, {20, 100, 200}},
                   {DC3_RECIPE_DC3, 10, {10, 100, 500}},     {DC3_RECIPE_DC3, 100, {50, 200, 1000}},
                   {DC3_RECIPE_STRONG, 10, {10, 25, 50}},    {DC3_RECIPE_STRONG, 1000, {10, 25, 50}},
                   {DC3_RECIPE_CLASSIC, 10, {10, 100, 500}}, {DC3_RECIPE_CLASSIC, 1000, {1000, 2000, 2000}}};
    static const int sizes[] = {1, 10, 50};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        for (int k = 0; k < 3; k++) {
            int classes = batches[i].classes;
            assert_int_equal(dc3_recipe_batch(batches[i].kind, (int64_t)sizes[k] * classes, classes),
                             batches[i].batch[k]);
        }
    for (int hard = 0; hard < 2; hard++) {
        dc3_recipe rded = dc3_recipe_of(DC3_RECIPE_RDED, hard), dc3 = dc3_recipe_of(DC3_RECIPE_DC3, hard);
        assert_true(rded.epochs == 300 && rded.factor == 0 && rded.temperature == 20 && rded.cutmix);
        assert_true(dc3.epochs == 2000 && dc3.factor == 2 && dc3.temperature == 20 && dc3.cutmix);
        assert_true(rded.loss == DC3_LOSS_KL && rded.ema == 0 && rded.weight_decay == 0.01);
        /* 1,000 epochs, or 200,000 images, of which each is seen 300 times at least. */
        dc3_recipe strong = dc3_recipe_of(DC3_RECIPE_STRONG, hard);
        assert_true(dc3_recipe_epochs(&strong, 10) == 1000 && dc3_recipe_epochs(&strong, 200) == 1000);
        assert_true(dc3_recipe_epochs(&strong, 500) == 400 && dc3_recipe_epochs(&strong, 100000) == 300);
        assert_true(dc3_recipe_epochs(&rded, 1) == 300 && dc3_recipe_epochs(&dc3, 10000000) == 2000);
        dc3_recipe_take_loss(DC3_LOSS_COSINE, &rded);
        assert_true(rded.loss == DC3_LOSS_COSINE && rded.hard == 0.1 && rded.smoothing == 0.1);
        dc3_recipe_take_loss(DC3_LOSS_MSE, &dc3);
        assert_true(dc3.loss == DC3_LOSS_MSE && dc3.hard == 0.025 && dc3.smoothing == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses), cmocka_unit_test(operations),
                                       cmocka_unit_test(draws),  cmocka_unit_test(views),
                                       cmocka_unit_test(crops),  cmocka_unit_test(schedules),
                                       cmocka_unit_test(recipes)};
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
