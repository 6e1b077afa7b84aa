/* Networks whose logits are averaged (learn/ensemble.h), the sizes at which they see views, the accuracy of
 * each and of all together, and the list of their files. */
#include "support/shaped_dataset.h"
#include <unistd.h>
#include "views/resize_views.h"
#include "learn/tester.h"
#include "run_folder/fingerprint.h"
#include "teacher/mean_answers.h"
#include "teacher/teacher_list.h"

enum { SIZE = 16, LARGE = 24, EACH = 30 };

static char folder[] = "/tmp/dc3-ensemble-XXXXXX";
static char *data;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    data = shaped_dataset(folder, "data", EACH, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(data);
    remove_folder(folder);
    return 0;
}

static dc3_classifier *network(const char *arch, uint64_t seed)
{
    dc3_classifier_spec spec = {arch, SHAPED_CLASSES, SIZE, seed};
    dc3_classifier *net;
    if (dc3_classifier_open_to_train(NULL, &spec, NULL, &net) != DC3_OK) fail_msg("%s", dc3_error_text());
    return net;
}

/* Each output pixel by the definition: sums of the triangle filter over both axes, in double. */
static double resized(const float *from, int size, int wanted, int y, int x, int c)
{
    double scale = (double)size / wanted, reach = scale > 1 ? scale : 1, sum = 0, weight = 0;
    for (int j = 0; j < size; j++)
        for (int i = 0; i < size; i++) {
            double down = 1 - fabs(j + 0.5 - (y + 0.5) * scale) / reach,
                   across = 1 - fabs(i + 0.5 - (x + 0.5) * scale) / reach;
            if (down <= 0 || across <= 0) continue;
            sum += down * across * (double)from[(j * size + i) * 3 + c];
            weight += down * across;
        }
    return sum / weight;
}

static void views(void **state)
{
    (void)state;
    enum { N = 3, MOST = 23 };
    static const int sizes[][2] = {{8, 8}, {8, 13}, {13, 8}, {8, 23}, {23, 5}};
    static float from[N * MOST * MOST * 3], to[N * MOST * MOST * 3], again[N * MOST * MOST * 3];
    static uint16_t half[N * MOST * MOST * 3], less[N * MOST * MOST * 3];
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        half[i] = dc3_to_bf16((float)sin((double)i * 0.7));
        from[i] = dc3_from_bf16(half[i]);
    }
    for (int k = 0; k < 5; k++) {
        int size = sizes[k][0], wanted = sizes[k][1], values = N * wanted * wanted * 3;
        assert_int_equal(dc3_resize_views(N, DC3_F32, size, from, wanted, to, 1), DC3_OK);
        assert_int_equal(dc3_resize_views(N, DC3_F32, size, from, wanted, again, 4), DC3_OK);
        assert_memory_equal(to, again, (size_t)values * sizeof *to);
        assert_int_equal(dc3_resize_views(N, DC3_BF16, size, half, wanted, less, 2), DC3_OK);
        for (int i = 0; i < values; i++) {
            int n = i / (wanted * wanted * 3), y = i / (wanted * 3) % wanted, x = i / 3 % wanted;
            double is = resized(from + n * size * size * 3, size, wanted, y, x, i % 3);
            assert_true(fabs((double)to[i] - is) < 1e-5);
            assert_int_equal(less[i], dc3_to_bf16(to[i]));
        }
    }
}

/* The mean of what each says alone, and each at its size; one alone is itself. */
static void averages(void **state)
{
    (void)state;
    enum { N = 4, C = SHAPED_CLASSES };
    dc3_classifier *nets[] = {network("convnet3", 1), network("resnet18_modified", 2),
                              network("resnet18_modified", 3)};
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    static float seen[N * SIZE * SIZE * 3], large[N * LARGE * LARGE * 3], room[N * LARGE * LARGE * 3];
    float alone[3][N * C], each[3 * N * C], mean[N * C];
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) seen[i] = (float)cos((double)i * 0.9);
    assert_int_equal(dc3_resize_views(N, DC3_F32, SIZE, seen, LARGE, large, 1), DC3_OK);
    for (int k = 0; k < 3; k++) {
        dc3_ensemble one = {.count = 1, .nets = {nets[k]}};
        int size = k == 1 ? LARGE : SIZE;
        assert_int_equal(dc3_ensemble_room(&one, N, size, DC3_F32), 0);
        assert_int_equal(dc3_ensemble_logits(&one, ctx, N, size, k == 1 ? large : seen, NULL, alone[k]),
                         DC3_OK);
        memcpy(mean, alone[k], sizeof mean);
        dc3_ensemble_mean(&one, N * C, alone[k], mean);
        assert_memory_equal(mean, alone[k], sizeof mean);
    }
    dc3_ensemble all = {.count = 3, .nets = {nets[0], nets[1], nets[2]}, .sizes = {SIZE, LARGE, 0}};
    assert_int_equal(dc3_ensemble_room(&all, N, SIZE, DC3_F32), sizeof room);
    assert_true(dc3_ensemble_bytes(&all, ctx, N, SIZE) > dc3_classifier_bytes(ctx, nets[1], N, LARGE));
    assert_int_equal(dc3_ensemble_logits(&all, ctx, N, SIZE, seen, room, each), DC3_OK);
    assert_memory_equal(each, alone, sizeof each);
    dc3_ensemble_mean(&all, N * C, each, mean);
    for (int i = 0; i < N * C; i++)
        assert_true(fabs(3.0 * (double)mean[i] - alone[0][i] - alone[1][i] - alone[2][i]) < 1e-5);
    for (int k = 0; k < 3; k++) dc3_classifier_close(&nets[k]);
    dc3_ctx_close(&ctx);
}

/* The accuracy of each is what it has alone, and that of the mean is counted by hand, with any number of
 * threads. */
static void accuracy(void **state)
{
    (void)state;
    dc3_dataset *dataset;
    dc3_images *images;
    dc3_images_options test = {.how = DC3_IMAGES_TEST, .size = SIZE, .threads = 2};
    dc3_classifier *nets[] = {network("convnet3", 4), network("convnet3", 9)};
    dc3_ensemble both = {.count = 2, .nets = {nets[0], nets[1]}};
    assert_int_equal(dc3_dataset_open(data, &dataset), DC3_OK);
    assert_int_equal(dc3_images_open(dataset, &test, &images), DC3_OK);
    for (int threads = 1; threads <= 3; threads++) {
        dc3_accuracy each[2], mean, alone;
        dc3_ctx *ctx;
        assert_int_equal(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &ctx), DC3_OK);
        assert_int_equal(dc3_test_ensemble(ctx, &both, images, SIZE, each, &mean), DC3_OK);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(dc3_test_classifier(ctx, nets[k], images, SIZE, NULL, NULL, &alone), DC3_OK);
            assert_true(alone.n == each[k].n && alone.top1 == each[k].top1 && alone.top5 == each[k].top5);
        }
        int64_t right = 0;
        for (int64_t i = 0; i < dc3_images_count(images); i++) {
            dc3_loaded_image image;
            int64_t count;
            float view[SIZE * SIZE * 3], z[2 * SHAPED_CLASSES];
            assert_int_equal(dc3_images_batch(images, 1, &i, &image, &count), DC3_OK);
            for (int p = 0; p < SIZE * SIZE * 3; p++) view[p] = (float)image.pixels[p] / 255;
            dc3_classifier_normalise(SIZE * SIZE, view);
            assert_int_equal(dc3_ensemble_logits(&both, ctx, 1, SIZE, view, NULL, z), DC3_OK);
            dc3_ensemble_mean(&both, SHAPED_CLASSES, z, z);
            int best = z[1] > z[0] ? 1 : 0;
            best = z[2] > z[best] ? 2 : best;
            right += best == dc3_images_label(images, i);
        }
        assert_int_equal(mean.n, SHAPED_CLASSES * EACH);
        assert_true(fabs(mean.top1 * (double)mean.n - (double)right) < 1e-6);
        dc3_ctx_close(&ctx);
    }
    dc3_images_close(&images);
    dc3_dataset_close(&dataset);
    for (int k = 0; k < 2; k++) dc3_classifier_close(&nets[k]);
}

/* The logits of an image, mirrored or not. */
static void logits_of(dc3_classifier *net, dc3_ctx *ctx, const dc3_loaded_image *image, int mirrored,
                      float *z)
{
    float view[SIZE * SIZE * 3];
    const dc3_ensemble one = {.count = 1, .nets = {net}};
    for (int p = 0; p < SIZE * SIZE * 3; p++) {
        int x = p / 3 % SIZE, y = p / 3 / SIZE, from = mirrored ? SIZE - 1 - x : x;
        view[p] = (float)image->pixels[(y * SIZE + from) * 3 + p % 3] / 255;
    }
    dc3_classifier_normalise(SIZE * SIZE, view);
    assert_int_equal(dc3_ensemble_logits(&one, ctx, 1, SIZE, view, NULL, z), DC3_OK);
}

/* Beside the usual accuracy that of the mean over an image and its mirror image, counted by hand. The network
 * must not be blind to the difference: some image's answer changes. */
static void mirrored(void **state)
{
    (void)state;
    dc3_dataset *dataset;
    dc3_images *images;
    dc3_images_options test = {.how = DC3_IMAGES_TEST, .size = SIZE, .threads = 2};
    assert_int_equal(dc3_dataset_open(data, &dataset), DC3_OK);
    assert_int_equal(dc3_images_open(dataset, &test, &images), DC3_OK);
    int differ = 0;
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (int threads = 1; threads <= 2; threads++) {
            dc3_classifier *net = network("convnet3", seed);
            dc3_accuracy plain, both, usual;
            dc3_ctx *ctx;
            assert_int_equal(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &ctx), DC3_OK);
            assert_int_equal(dc3_test_mirrored(ctx, net, images, SIZE, &plain, &both), DC3_OK);
            assert_int_equal(dc3_test_classifier(ctx, net, images, SIZE, NULL, NULL, &usual), DC3_OK);
            assert_true(plain.n == usual.n && plain.top1 == usual.top1 && plain.top5 == usual.top5);
            int64_t right = 0, items = dc3_images_count(images), count;
            for (int64_t i = 0; i < items; i++) {
                dc3_loaded_image image;
                float z[2][SHAPED_CLASSES], sum[SHAPED_CLASSES];
                assert_int_equal(dc3_images_batch(images, 1, &i, &image, &count), DC3_OK);
                for (int k = 0; k < 2; k++) logits_of(net, ctx, &image, k, z[k]);
                for (int c = 0; c < SHAPED_CLASSES; c++) sum[c] = (z[0][c] + z[1][c]) / 2;
                int best = sum[1] > sum[0] ? 1 : 0, one = z[0][1] > z[0][0] ? 1 : 0;
                best = sum[2] > sum[best] ? 2 : best, one = z[0][2] > z[0][one] ? 2 : one;
                right += best == dc3_images_label(images, i);
                differ += best != one;
            }
            assert_int_equal(both.n, items);
            assert_true(fabs(both.top1 * (double)items - (double)right) < 1e-6);
            dc3_ctx_close(&ctx);
            dc3_classifier_close(&net);
        }
    assert_true(differ > 0);
    dc3_images_close(&images);
    dc3_dataset_close(&dataset);
}

/* Sums of logits, not of votes; an image that nobody could read does not count, one with a sum that is
 * not finite is wrong. */
static void answers(void **state)
{
    (void)state;
    dc3_mean_answers a = {0};
    const float first[] = {1, 0, 3}, second[] = {1, 5, 0}, third[] = {0, 1, 0}, none[] = {9, NAN, 0};
    for (int teacher = 0; teacher < 2; teacher++) {
        assert_int_equal(dc3_mean_answers_begin(&a, 4, 3), DC3_OK);
        dc3_mean_answers_add(&a, 0, 1, teacher ? second : first); /* 2 5 3: right */
        dc3_mean_answers_add(&a, 2, 0, third);                    /* 0 2 0: wrong */
        dc3_mean_answers_add(&a, 3, 0, teacher ? third : none);   /* 9 NAN 0: wrong */
    }
    dc3_teacher_accuracy is = dc3_mean_answers_accuracy(&a, "images");
    assert_true(is.top1 == 1.0 / 3 && is.images == 3);
    dc3_mean_answers_free(&a);
}

static void put(const char *name, const char *text)
{
    assert_int_equal(dc3_file_write(name, text, strlen(text)), DC3_OK);
}

static void refused(const char *text, const char *reason)
{
    dc3_teacher_list list;
    assert_int_equal(dc3_teacher_list_read(text, &list), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_setting(), "teacher");
    if (!strstr(dc3_error_text(), reason)) fail_msg("%s: %s", text, dc3_error_text());
    dc3_teacher_list_free(&list);
}

static uint64_t fingerprint(const char *text)
{
    json_t *hash = dc3_teachers_fingerprint(text);
    uint64_t value = strtoull(json_string_value(hash), NULL, 16);
    json_decref(hash);
    return value;
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int count;
        const char *names[3];
    } cases[] = {{"a", 1, {"a"}},
                 {"a,b", 2, {"a", "b"}},
                 {"no,where", 2, {"no", "where"}},
                 {"one,file", 1, {"one,file"}},
                 {"one,file,a", 2, {"one,file", "a"}},
                 {"b,one,file,a", 3, {"b", "one,file", "a"}},
                 {"./one,file", 1, {"./one,file"}}};
    char *home = getcwd(NULL, 0);
    assert_int_equal(chdir(folder), 0);
    put("a", "first"), put("b", "second"), put("one,file", "with a comma");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_teacher_list list;
        assert_int_equal(dc3_teacher_list_read(cases[i].text, &list), DC3_OK);
        assert_int_equal(list.count, cases[i].count);
        for (int k = 0; k < list.count; k++) assert_string_equal(list.paths[k], cases[i].names[k]);
        dc3_teacher_list_free(&list);
    }
    refused("a,", "an empty one"), refused(",a", "an empty one"), refused("a,,b", "an empty one");
    refused("a,b,./a", "./a is given twice");
    refused("0,1,2,3,4,5,6,7,8,9,a0,a1,a2,a3,a4,a5,a6", "at most 16 files");
    uint64_t both = fingerprint("a,b"), one = fingerprint("a");
    assert_true(one == dc3_fingerprint_file("a") && both != one && both != fingerprint("b,a"));
    put("b", "changed");
    assert_true(fingerprint("a,b") != both && fingerprint("a") == one);
    assert_int_equal(chdir(home), 0);
    free(home);
}

static void sizes(void **state)
{
    (void)state;
    const dc3_classifier_info fixed = {.size = 32, .trained = 64}, trained = {.trained = 64},
                              free_one = {.least = 32};
    assert_int_equal(dc3_teacher_sees(&fixed, 48), 32);
    assert_int_equal(dc3_teacher_sees(&trained, 48), 64);
    assert_int_equal(dc3_teacher_sees(&free_one, 48), 48);
    assert_int_equal(dc3_teacher_sees(&free_one, 16), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views),    cmocka_unit_test(averages),
                                       cmocka_unit_test(accuracy), cmocka_unit_test(answers),
                                       cmocka_unit_test(lists),    cmocka_unit_test(sizes),
                                       cmocka_unit_test(mirrored)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
