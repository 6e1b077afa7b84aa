/* Views and test images against torchvision (tools/golden/augment.py), the distribution of what is drawn,
 * and images held in memory beside images decoded batch by batch. */
#include "support/golden_file.h"
#include <unistd.h>
#include "base/file.h"
#include "views/augment.h"
#include "views/rand_augment.h"
#include "views/resample.h"

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

/* "kind.number.name", or NULL. */
static const dc3_tensor *stored(const char *kind, int number, const char *name)
{
    char text[64];
    snprintf(text, sizeof text, "%s.%d.%s", kind, number, name);
    return dc3_table_find(golden, text);
}

static dc3_loaded_image image_of(const dc3_tensor *t)
{
    return (dc3_loaded_image){t->data, (int)t->shape[1], (int)t->shape[0], 0};
}

/* The stored parameters of n views, without their boxes. */
static void read_params(const dc3_tensor *t, dc3_view_params *params)
{
    const int32_t *v = t->data;
    for (int i = 0; i < t->shape[0]; i++, v += 9)
        params[i] = (dc3_view_params){v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], 0, 0, 0, 0, {0}, 0};
}

enum { VIEWS = 8, LARGEST = 4 * 40 * 40 * 3 };

static void make_views(int number, dc3_dtype dtype, int boxes, void *views)
{
    const dc3_tensor *params = stored("view", number, "params");
    const int32_t *box = stored("view", number, "box")->data;
    dc3_view_params p[4];
    dc3_loaded_image images[4];
    dc3_augmenter *a;
    int n = (int)params->shape[0];
    dc3_augment_options options = {.size = *(int32_t *)stored("view", number, "size")->data,
                                   .dtype = dtype,
                                   .normalise = 1,
                                   .padding = ((int32_t *)params->data)[8] ? DC3_PAD_REFLECT : DC3_PAD_ZERO,
                                   .threads = 2};
    read_params(params, p);
    for (int i = 0; i < n; i++) {
        images[i] = image_of(stored("view", number, "picture"));
        if (boxes) p[i].x0 = box[0], p[i].y0 = box[1], p[i].x1 = box[2], p[i].y1 = box[3];
    }
    must(dc3_augmenter_open(&options, &a));
    must(dc3_augment(a, n, images, p, views));
    dc3_augmenter_close(&a);
}

/* In units of the deviation, where a byte is about 4.4/255: room for another order of sums in f32. */
static const double VIEW_TOLERANCE = 2e-5;

static void views_of_torchvision(void **state)
{
    (void)state;
    static float views[LARGEST];
    static uint16_t halves[LARGEST];
    for (int number = 0; number < VIEWS; number++)
        for (int boxes = 0; boxes < 2; boxes++) {
            const dc3_tensor *wanted = stored("view", number, boxes ? "mixed" : "plain");
            int64_t n = dc3_count(wanted);
            assert_in_range(n, 1, LARGEST);
            make_views(number, DC3_F32, boxes, views);
            double d = distance(DC3_F32, views, wanted->data, n);
            if (d > VIEW_TOLERANCE) fail_msg("view %d, %s: %g", number, boxes ? "mixed" : "plain", d);
            make_views(number, DC3_BF16, boxes, halves);
            for (int64_t i = 0; i < n; i++) assert_int_equal(halves[i], dc3_to_bf16(views[i]));
        }
    assert_null(stored("view", VIEWS, "picture"));
}

static void test_images_of_torchvision(void **state)
{
    (void)state;
    int count = 0;
    for (const dc3_tensor *t; (t = stored("test", count, "picture")); count++) {
        const dc3_tensor *wanted = stored("test", count, "wanted");
        dc3_image from = {(int)t->shape[1], (int)t->shape[0], t->data}, made;
        must(dc3_test_image(&from, (int)wanted->shape[0], &made));
        if (memcmp(made.pixels, wanted->data, dc3_bytes(wanted)) != 0) fail_msg("test image %d", count);
        dc3_image_free(&made);
    }
    assert_int_equal(count, 11);
    uint8_t pixels[3] = {0};
    dc3_image one = {1, 1, pixels}, made;
    assert_int_equal(dc3_test_image(&one, 6, &made), DC3_ERR_ARGUMENT);
}

/* Sums of samples, to be compared with stored means: both are random, and a mean of m values is off by its
 * deviation / sqrt(m). */
typedef struct moments {
    double sum[6];
    int n;
} moments;

static void compare_means(const char *what, const moments *m, const dc3_tensor *mean,
                          const dc3_tensor *deviation, double stored_samples)
{
    for (int k = 0; k < mean->shape[0]; k++) {
        double wanted = ((float *)mean->data)[k], sd = ((float *)deviation->data)[k];
        double bound = 5 * sd * sqrt(1.0 / m->n + 1 / stored_samples) + 1e-6;
        if (!(fabs(m->sum[k] / m->n - wanted) <= bound))
            fail_msg("%s, value %d: mean %g, torchvision's %g, bound %g", what, k, m->sum[k] / m->n, wanted,
                     bound);
    }
}

static void crops_are_distributed_as_torchvisions(void **state)
{
    (void)state;
    int number = 0;
    for (const dc3_tensor *of; (of = stored("draws", number, "of")); number++) {
        const float *v = of->data;
        int width = (int)v[0], height = (int)v[1], factor = v[2] > 0.9f ? 1 : 2, flips = 0, swaps[2] = {0};
        moments m = {.n = 20000};
        char what[32];
        snprintf(what, sizeof what, "draws %d", number);
        for (int i = 0; i < m.n; i++) {
            dc3_view_params p;
            if (v[2] < 0.1f)
                dc3_draw_resized_crop(3, i / 100, i % 100, width, height, &p);
            else
                dc3_draw_rded(3, i / 100, i % 100, width, height, factor, 0, &p);
            assert_true(p.x >= 0 && p.y >= 0 && p.x + p.w <= width && p.y + p.h <= height);
            m.sum[0] += (double)p.w * p.h / ((double)width * height);
            m.sum[1] += log((double)p.w / p.h);
            m.sum[2] += (double)p.x / width, m.sum[3] += (double)p.y / height;
            m.sum[4] += p.w == width, m.sum[5] += p.h == height;
            flips += p.flip, swaps[0] += p.swap_columns, swaps[1] += p.swap_rows;
        }
        compare_means(what, &m, stored("draws", number, "mean"), stored("draws", number, "deviation"), v[3]);
        int half = m.n / 2, off = 354; /* five deviations of 20,000 coins */
        assert_in_range(flips, half - off, half + off);
        for (int k = 0; k < 2; k++) {
            int coins = factor == 2 && v[2] > 0.1f;
            assert_in_range(swaps[k], coins ? half - off : 0, coins ? half + off : 0);
        }
    }
    assert_int_equal(number, 5);
}

static void boxes_are_distributed_as_cutmixs(void **state)
{
    (void)state;
    enum { SIZE = 32, N = 7 };
    dc3_view_params p[N];
    moments m = {.n = 30000};
    int fixed = 0;
    for (int i = 0; i < m.n; i++) {
        int seen[N] = {0};
        dc3_draw_cutmix(4, i / 50, i % 50, N, SIZE, p);
        m.sum[0] += dc3_view_lambda(&p[0], SIZE);
        m.sum[1] += p[0].x1 - p[0].x0, m.sum[2] += p[0].x0;
        for (int k = 0; k < N; k++) {
            assert_int_equal(seen[p[k].partner]++, 0);
            assert_int_equal(p[k].y1, p[0].y1);
            fixed += p[k].partner == k;
        }
    }
    compare_means("cutmix", &m, dc3_table_find(golden, "cutmix.mean"),
                  dc3_table_find(golden, "cutmix.deviation"), 100000);
    assert_in_range(fixed, m.n - 866, m.n + 866); /* a permutation keeps one place on average, deviation 1 */
}

static void padded_crops(void **state)
{
    (void)state;
    int64_t seen[9] = {0}, order[64], sum = 0;
    for (int i = 0; i < 9000; i++) {
        dc3_view_params p;
        dc3_draw_crop(1, 0, i, 32, 32, 32, &p);
        assert_true(p.w == 32 && p.h == 32 && p.x >= -4 && p.x <= 4 && p.y >= -4 && p.y <= 4);
        seen[p.x + 4]++;
    }
    for (int i = 0; i < 9; i++) assert_in_range(seen[i], 1000 - 150, 1000 + 150); /* five deviations */
    dc3_draw_order(1, 5, 64, order);
    for (int i = 0; i < 64; i++) sum += order[i] == i ? 0 : order[i] + 1;
    assert_true(sum > 1000); /* of 2080 */
}

/* Shifts by two pixels of 32; each epoch flips what the one before did not, and the first about half. */
static void alternating_flips(void **state)
{
    (void)state;
    int64_t seen[5] = {0}, flipped = 0;
    for (int i = 0; i < 5000; i++) {
        dc3_view_params p, next;
        dc3_draw_alternating(1, 4, i, 32, 32, 32, 64, &p);
        dc3_draw_alternating(1, 5, i, 32, 32, 32, 64, &next);
        assert_true(p.w == 32 && p.h == 32 && p.x >= -2 && p.x <= 2 && p.y >= -2 && p.y <= 2);
        assert_int_equal(p.flip + next.flip, 1);
        seen[p.x + 2]++;
        flipped += p.flip;
    }
    for (int i = 0; i < 5; i++) assert_in_range(seen[i], 1000 - 150, 1000 + 150); /* five deviations */
    assert_in_range(flipped, 2500 - 180, 2500 + 180);
    for (int i = 0; i < 1000; i++) {
        dc3_view_params p;
        dc3_draw_alternating(1, 0, i, 200, 100, 96, 64, &p);
        assert_true(p.x >= 0 && p.y >= 0 && p.x + p.w <= 200 && p.y + p.h <= 100);
        assert_true(p.w * p.h >= 0.35 * 200 * 100 - 200); /* sides are whole numbers */
    }
}

/* Every kind of view of images of any shape is defined, and the number of threads changes nothing. */
static void extreme_shapes_and_threads(void **state)
{
    (void)state;
    static const int sides[][2] = {{1, 1}, {3, 500}, {500, 3}, {1, 40}, {33, 2}, {31, 64}, {2, 2}};
    enum { SHAPES = 7, KINDS = 4, N = SHAPES * KINDS, SIZE = 24, EACH = SIZE * SIZE * 3 };
    static uint8_t pixels[31 * 64 * 3];
    static float views[2][N * EACH];
    dc3_loaded_image images[N];
    dc3_view_params p[N];
    for (int i = 0; i < 31 * 64 * 3; i++) pixels[i] = (uint8_t)(i * 37);
    for (int i = 0; i < N; i++) {
        int w = sides[i % SHAPES][0], h = sides[i % SHAPES][1];
        images[i] = (dc3_loaded_image){pixels, w, h, i};
        if (i / SHAPES == 0) dc3_draw_crop(9, 1, i, w, h, SIZE, &p[i]);
        if (i / SHAPES == 1) dc3_draw_resized_crop(9, 1, i, w, h, &p[i]);
        if (i / SHAPES == 2) dc3_draw_rded(9, 1, i, w, h, 2, 0, &p[i]);
        if (i / SHAPES == 3) p[i] = dc3_view_whole(w, h);
    }
    dc3_draw_cutmix(9, 1, 0, N, SIZE, p);
    for (int padding = 0; padding < 2; padding++) {
        for (int again = 0; again < 2; again++) {
            dc3_augmenter *a;
            dc3_augment_options options = {
                .size = SIZE, .padding = (dc3_padding)padding, .threads = again ? 5 : 1};
            must(dc3_augmenter_open(&options, &a));
            must(dc3_augment(a, N, images, p, views[again]));
            dc3_augmenter_close(&a);
        }
        assert_memory_equal(views[0], views[1], sizeof views[0]);
        for (int i = 0; i < N * EACH; i++) assert_true(views[0][i] >= 0 && views[0][i] <= 1.00001f);
    }
}

/* A view that is made alone with its partner is the one of the batch, also where operations follow. */
static void one_of_a_batch(void **state)
{
    (void)state;
    enum { N = 6, SIDE = 20, SIZE = 16, EACH = SIZE * SIZE * 3 };
    static uint8_t pixels[N][SIDE * SIDE * 3];
    static float views[N * EACH], alone[EACH];
    dc3_loaded_image images[N];
    dc3_view_params p[N];
    int others = 0;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < SIDE * SIDE * 3; k++) pixels[i][k] = (uint8_t)((i * 1009 + k) * 101 / 7);
    for (int ops = 0; ops < 2; ops++) {
        dc3_augmenter *a;
        must(dc3_augmenter_open(&(dc3_augment_options){.size = SIZE, .threads = 2}, &a));
        for (int i = 0; i < N; i++) {
            images[i] = (dc3_loaded_image){pixels[i], SIDE, SIDE, i};
            dc3_draw_rded(3, 1, i, SIDE, SIDE, 2, 0, &p[i]);
            p[i].strength = 0;
            if (ops) dc3_draw_rand_augment(3, 1, i, 2, 9, &p[i]);
        }
        dc3_draw_cutmix(3, 1, 0, N, SIZE, p);
        must(dc3_augment(a, N, images, p, views));
        for (int i = 0; i < N; i++) {
            int k = p[i].partner;
            dc3_view_params both[] = {p[i], p[k]};
            both[0].partner = both[1].partner = 1;
            must(dc3_augment_first(a, 2, 1, (dc3_loaded_image[]){images[i], images[k]}, both, alone));
            assert_memory_equal(alone, views + i * EACH, sizeof alone);
            others += k != i && p[i].x1 > p[i].x0 && p[i].y1 > p[i].y0;
        }
        dc3_augmenter_close(&a);
    }
    assert_true(others > N);
}

static void wrong_parameters(void **state)
{
    (void)state;
    uint8_t pixels[12] = {0};
    float view[4 * 4 * 3];
    dc3_loaded_image image = {pixels, 2, 2, 0};
    dc3_augment_options options = {.size = 4, .threads = 1};
    dc3_augmenter *a;
    must(dc3_augmenter_open(&options, &a));
    dc3_view_params wrong[4] = {{.w = 0, .h = 2},
                                {.w = 2, .h = 2, .partner = 1},
                                {.w = 2, .h = 2, .x1 = 5},
                                {.w = 2, .h = 2, .y0 = 3, .y1 = 2}};
    for (int i = 0; i < 4; i++)
        assert_int_equal(dc3_augment(a, 1, &image, &wrong[i], view), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(dc3_error_text(), "rows 3 to 2"));
    dc3_augmenter_close(&a);
    options.dtype = DC3_F64;
    assert_int_equal(dc3_augmenter_open(&options, &a), DC3_ERR_ARGUMENT);
    assert_null(a);
}

/* A folder of two classes, images of several shapes and one that is none. */
static char folder[64];
static const char *const files[] = {"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"};
enum { FILES = 5, BROKEN = 2 };

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-images-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    uint8_t pixels[60 * 40 * 3];
    for (int i = 0; i < FILES; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%c", folder, files[i][0]);
        if (dc3_make_dirs(path) != DC3_OK) return -1;
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        for (int k = 0; k < 60 * 40 * 3; k++) pixels[k] = (uint8_t)(k * (i + 3) / 7);
        dc3_image image = {30 + 7 * i, 20 + 4 * i, pixels};
        if ((i == BROKEN ? dc3_file_write(path, "none", 4) : dc3_image_write(path, &image, DC3_PNG)) !=
            DC3_OK)
            return -1;
    }
    return open_golden_file("augment/golden.safetensors");
}

static int remove_folder(void **state)
{
    char path[128];
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%c", folder, "ab"[i]);
        rmdir(path);
    }
    return rmdir(folder) | close_golden(state);
}

static void note_skipped(void *user, const char *key, const char *reason)
{
    assert_string_equal(key, files[BROKEN]);
    assert_non_null(strstr(reason, "not an image"));
    ++*(int *)user;
}

static void held_or_not(void **state)
{
    (void)state;
    enum { SIZE = 16 };
    static const int64_t items[] = {4, 2, 0, 1, 3, 0};
    dc3_dataset *d;
    must(dc3_dataset_open(folder, &d));
    for (int how = 0; how < 3; how++) {
        dc3_images *p[2];
        dc3_loaded_image batch[2][6];
        int64_t count[2];
        int skipped[2] = {0};
        for (int k = 0; k < 2; k++) {
            dc3_images_options o = {.how = (dc3_images_how)how,
                                    .size = SIZE,
                                    .threads = 2,
                                    .max_bytes = k ? 6 * SIZE * SIZE * 3 - 1000 : 1 << 20,
                                    .user = &skipped[k],
                                    .skipped = note_skipped};
            if (k && how != DC3_IMAGES_OWN) o.max_bytes = 4 * SIZE * SIZE * 3; /* not all five */
            must(dc3_images_open(d, &o, &p[k]));
            assert_int_equal(dc3_images_held(p[k]), !k);
            assert_int_equal(dc3_images_count(p[k]), FILES);
            assert_int_equal(dc3_images_label(p[k], 3), 1);
            if (k && how != DC3_IMAGES_OWN) {
                assert_int_equal(dc3_images_batch(p[k], 6, items, batch[k], &count[k]), DC3_ERR_ARGUMENT);
                assert_non_null(strstr(dc3_error_text(), "a batch of 6 images of 16 pixels takes 0.00 GB"));
            }
        }
        for (int first = 0; first < 6; first += 3) {
            for (int k = 0; k < 2; k++) must(dc3_images_batch(p[k], 3, items + first, batch[k], &count[k]));
            assert_int_equal(count[0], first ? 3 : 2);
            assert_int_equal(count[1], count[0]);
            for (int i = 0; i < count[0]; i++) {
                const dc3_loaded_image *a = &batch[0][i], *b = &batch[1][i];
                assert_true(a->item == b->item && a->width == b->width && a->height == b->height);
                assert_memory_equal(a->pixels, b->pixels, (size_t)a->width * (size_t)a->height * 3);
                assert_int_equal(a->width, how == DC3_IMAGES_OWN ? 30 + 7 * a->item : SIZE);
            }
        }
        for (int k = 0; k < 2; k++) {
            assert_int_equal(skipped[k], 1);
            dc3_images_close(&p[k]);
        }
    }
    dc3_images *none;
    dc3_images_options o = {.how = DC3_IMAGES_TEST, .size = 6, .threads = 1};
    assert_int_equal(dc3_images_open(d, &o, &none), DC3_ERR_ARGUMENT);
    dc3_dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views_of_torchvision),
                                       cmocka_unit_test(test_images_of_torchvision),
                                       cmocka_unit_test(crops_are_distributed_as_torchvisions),
                                       cmocka_unit_test(boxes_are_distributed_as_cutmixs),
                                       cmocka_unit_test(padded_crops),
                                       cmocka_unit_test(alternating_flips),
                                       cmocka_unit_test(extreme_shapes_and_threads),
                                       cmocka_unit_test(one_of_a_batch),
                                       cmocka_unit_test(wrong_parameters),
                                       cmocka_unit_test(held_or_not)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
