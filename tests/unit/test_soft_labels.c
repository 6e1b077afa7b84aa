/* Soft labels: what is stored of a view's logits, and the file. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "io/safetensors.h"
#include "labels/soft_labels.h"
#include "labels/some_labels.h"

enum { N = 3, VIEWS = 2, CLASSES = 7, SIZE = 8 };

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

static void softmax(const float *logits, double temperature, double *p)
{
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += exp(logits[c] / temperature);
    for (int c = 0; c < CLASSES; c++) p[c] = exp(logits[c] / temperature) / sum;
}

static void all_logits(void **state)
{
    (void)state;
    dc3_soft_labels l;
    const float logits[CLASSES] = {1, -2, 3.5f, 0.125f, -60000, 7, 1e-3f};
    float back[CLASSES];
    must(dc3_soft_labels_new(N, VIEWS, CLASSES, 0, 16, SIZE, &l));
    must(dc3_soft_labels_put(&l, 1, 2, 20, logits));
    dc3_soft_labels_get(&l, 1, 2, back);
    for (int c = 0; c < CLASSES; c++) assert_true(fabsf(back[c] - logits[c]) <= fabsf(logits[c]) * 0x1p-11f);
    const float large[CLASSES] = {0, 0, 70000}, infinite[CLASSES] = {0, INFINITY},
                none[CLASSES] = {0, 0, NAN};
    assert_int_equal(dc3_soft_labels_put(&l, 0, 0, 20, large), DC3_ERR_FORMAT);
    assert_int_equal(dc3_soft_labels_put(&l, 0, 0, 20, infinite), DC3_ERR_FORMAT);
    assert_int_equal(dc3_soft_labels_put(&l, 1, 0, 20, none), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "view 1 of image 0: the teacher's logit is"));
    dc3_soft_labels_free(&l);
}

/* The largest probabilities stay, the others share what is left. */
static void largest_logits(void **state)
{
    (void)state;
    const float logits[2][CLASSES] = {{1, -2, 3.5f, 0.125f, 3.5f, -7, 0.5f}, {4, 4, 4, 4, 4, 4, 4}};
    static const int wanted[2][3] = {{2, 4, 0}, {0, 1, 2}}; /* ties go to the lower class */
    for (int k = 1; k <= 3; k++)
        for (int row = 0; row < 2; row++) {
            dc3_soft_labels l;
            double p[CLASSES], q[CLASSES], left = 1;
            float back[CLASSES];
            must(dc3_soft_labels_new(N, VIEWS, CLASSES, k, 16, SIZE, &l));
            must(dc3_soft_labels_put(&l, 0, 1, 2, logits[row]));
            dc3_soft_labels_get(&l, 0, 1, back);
            softmax(logits[row], 2, p);
            softmax(back, 2, q);
            for (int i = 0; i < k; i++) {
                assert_int_equal(l.indices[k + i], wanted[row][i]);
                left -= p[wanted[row][i]];
            }
            for (int c = 0; c < CLASSES; c++) {
                int stored_value = 0;
                for (int i = 0; i < k; i++) stored_value |= wanted[row][i] == c;
                assert_true(fabs(q[c] - (stored_value ? p[c] : left / (CLASSES - k))) <
                            1e-3); /* f16 logits */
            }
            dc3_soft_labels_free(&l);
        }
    dc3_soft_labels l;
    assert_int_equal(dc3_soft_labels_new(N, VIEWS, CLASSES, CLASSES, 16, SIZE, &l), DC3_ERR_ARGUMENT);
    dc3_soft_labels_free(&l);
    assert_int_equal(dc3_soft_labels_new(N, VIEWS, 40000, 10, 16, SIZE, &l), DC3_ERR_ARGUMENT);
    dc3_soft_labels_free(&l);
}

/* Of 8 bits a logit is off by half a step at most, the least and the largest by what f16 loses; equal logits
 * stay equal, and probabilities at the usual temperature are off by little. */
static void eight_bits(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 0);
    for (int i = 0; i < 200; i++) {
        dc3_soft_labels l;
        float logits[CLASSES], back[CLASSES], least = INFINITY, most = -INFINITY;
        double p[CLASSES], q[CLASSES], spread = pow(10, i % 5 - 2);
        dc3_rng_normal(&rng, logits, CLASSES);
        for (int c = 0; c < CLASSES; c++) {
            logits[c] = i % 7 ? (float)(spread * logits[c] + i % 3) : 2.5f;
            least = fminf(least, logits[c]), most = fmaxf(most, logits[c]);
        }
        must(dc3_soft_labels_new(N, VIEWS, CLASSES, 0, 8, SIZE, &l));
        must(dc3_soft_labels_put(&l, 1, 0, 20, logits));
        dc3_soft_labels_get(&l, 1, 0, back);
        float f16 = fmaxf(fabsf(least), fabsf(most)) * 0x1p-10f + 0x1p-14f;
        for (int c = 0; c < CLASSES; c++)
            if (!(fabsf(back[c] - logits[c]) <= (most - least) / 510 * 1.01f + f16))
                fail_msg("%g is stored as %g, of %g to %g", logits[c], back[c], least, most);
        softmax(logits, 20, p);
        softmax(back, 20, q);
        for (int c = 0; c < CLASSES && spread <= 10; c++) assert_true(fabs(p[c] - q[c]) < 2e-3);
        dc3_soft_labels_free(&l);
    }
    dc3_soft_labels l;
    const float large[CLASSES] = {0, 0, 70000}, none[CLASSES] = {0, 0, NAN};
    must(dc3_soft_labels_new(N, VIEWS, CLASSES, 3, 8, SIZE, &l));
    assert_int_equal(dc3_soft_labels_put(&l, 0, 0, 20, large), DC3_ERR_FORMAT);
    assert_int_equal(dc3_soft_labels_put(&l, 0, 0, 20, none), DC3_ERR_FORMAT);
    dc3_soft_labels_free(&l);
    assert_true(dc3_soft_labels_bytes(10, 3, 1000, 0, 8) < 0.52 * dc3_soft_labels_bytes(10, 3, 1000, 0, 16));
}

/* Labels with every field set. */
static void fill(int top_k, int bits, dc3_soft_labels *l)
{
    float logits[CLASSES];
    json_t *files = json_array();
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    must(dc3_soft_labels_new(N, VIEWS, CLASSES, top_k, bits, SIZE, l));
    for (int i = 0; i < N; i++) {
        json_array_append_new(files, json_string("a/image \xc3\xbc.png"));
        l->labels[i] = 2 * i;
    }
    json_object_set_new(l->info, "files", files);
    for (int i = 0; i < N * VIEWS; i++) {
        dc3_draw_rded(2, i / N, i % N, 30, 40, 2, 0, &l->params[i]);
        dc3_rng_normal(&rng, logits, CLASSES);
        must(dc3_soft_labels_put(l, i / N, i % N, 20, logits));
    }
    for (int v = 0; v < VIEWS; v++) dc3_draw_cutmix(2, v, 0, N, SIZE, l->params + (ptrdiff_t)v * N);
}

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/dc3-soft-labels-XXXXXX");
    int file = mkstemp(path);
    return file < 0 || close(file) != 0;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void files(void **state)
{
    (void)state;
    for (int top_k = 0, bits = 16; top_k < 4; bits = bits == 16 ? 8 : 16, top_k += bits == 16 ? 3 : 0) {
        dc3_soft_labels l, back;
        fill(top_k, bits, &l);
        must(dc3_soft_labels_save(path, &l));
        must(dc3_soft_labels_open(path, &back));
        int64_t stored_value = top_k ? top_k : CLASSES;
        assert_true(back.n == N && back.views == VIEWS && back.classes == CLASSES && back.top_k == top_k);
        assert_int_equal(back.size, SIZE);
        assert_true(json_equal(back.info, l.info));
        assert_memory_equal(back.labels, l.labels, N * sizeof *l.labels);
        assert_memory_equal(back.params, l.params, N * VIEWS * sizeof *l.params);
        assert_int_equal(back.bits, bits);
        if (bits == 16)
            assert_memory_equal(back.logits, l.logits, (size_t)(N * VIEWS * stored_value) * sizeof *l.logits);
        else {
            assert_memory_equal(back.codes, l.codes, (size_t)(N * VIEWS * stored_value));
            assert_memory_equal(back.offset, l.offset, N * VIEWS * sizeof *l.offset);
            assert_memory_equal(back.scale, l.scale, N * VIEWS * sizeof *l.scale);
        }
        if (top_k)
            assert_memory_equal(back.indices, l.indices, (size_t)(N * VIEWS * top_k) * sizeof *l.indices);
        if (top_k) assert_memory_equal(back.rest, l.rest, N * VIEWS * sizeof *l.rest);
        dc3_soft_labels_free(&l);
        dc3_soft_labels_free(&back);
    }
}

/* Saves what is there and expects that reading it fails with this text. */
static void expect_refused(dc3_soft_labels *l, const char *text)
{
    dc3_soft_labels back;
    must(dc3_soft_labels_save(path, l));
    assert_int_equal(dc3_soft_labels_open(path, &back), DC3_ERR_FORMAT);
    assert_null(back.params);
    if (!strstr(dc3_error_text(), text)) fail_msg("expected '%s' in: %s", text, dc3_error_text());
}

static void damaged_files(void **state)
{
    (void)state;
    dc3_soft_labels l;
    fill(3, 16, &l);
    dc3_view_params *p = &l.params[4], stored_value = *p;
    p->x1 = SIZE + 1, expect_refused(&l, "view 1 of image 1: its box lies outside"), *p = stored_value;
    p->w = 0, expect_refused(&l, "its crop is empty"), *p = stored_value;
    p->partner = N, expect_refused(&l, "its partner is not an image"), *p = stored_value;
    l.indices[14] = CLASSES, expect_refused(&l, "its classes are not among"), l.indices[14] = 0;
    l.labels[1] = -1, expect_refused(&l, "image 1: expected a class below 7, found -1"), l.labels[1] = 0;
    p->x = 40000;
    assert_int_equal(dc3_soft_labels_save(path, &l), DC3_ERR_ARGUMENT);
    *p = stored_value;
    json_array_remove(json_object_get(l.info, "files"), 0), expect_refused(&l, "of 3 and 2 files");
    dc3_soft_labels_free(&l);
}

/* Of images 2 and 0 of three, in this order: the views that show no other, whole rows of all that is stored.
 */
static void labels_of_some(void **state)
{
    (void)state;
    const int64_t images[2] = {2, 0}, lone[1] = {1}, whole[N] = {0, 1, 2};
    for (int way = 0; way < 4; way++) {
        dc3_soft_labels all, some;
        int64_t views;
        float logits[CLASSES], other[CLASSES];
        must(dc3_soft_labels_new(N, 4, CLASSES, way % 2 ? 3 : 0, way / 2 ? 8 : 16, SIZE, &all));
        for (int row = 0; row < 4 * N; row++) {
            all.labels[row % N] = row % N;
            all.params[row] = (dc3_view_params){.x = row, .w = 1, .h = 1, .partner = (row + 1) % N};
            for (int c = 0; c < CLASSES; c++) logits[c] = (float)((row * 7 + c * 3) % 11);
            must(dc3_soft_labels_put(&all, row / N, row % N, 20, logits));
        }
        json_object_set_new(all.info, "rand_ops", json_integer(2));
        json_object_set_new(all.info, "files", json_array());
        json_object_set_new(all.info, "batch", json_integer(2));
        /* View 1: image 2 shows image 0; view 2: image 0 shows image 1; view 3: image 1 shows image 2. */
        all.params[1 * N + 2].x1 = all.params[1 * N + 2].y1 = 3;
        all.params[2 * N + 0].x1 = all.params[2 * N + 0].y1 = 3;
        all.params[3 * N + 1].x1 = all.params[3 * N + 1].y1 = 3;
        must(dc3_some_labels(&all, images, 2, &views, &some));
        assert_int_equal(views, 3);
        const int64_t of[3] = {0, 1, 3};
        for (int64_t v = 0; v < 3; v++)
            for (int64_t i = 0; i < 2; i++) {
                const dc3_view_params *p = &some.params[v * 2 + i];
                assert_int_equal(p->x, of[v] * N + images[i]);
                assert_int_equal(p->partner, v == 1 && i == 0 ? 1 : i);
                assert_int_equal(p->x1, v == 1 && i == 0 ? 3 : 0);
                dc3_soft_labels_get(&some, v, i, logits);
                dc3_soft_labels_get(&all, of[v], images[i], other);
                assert_memory_equal(logits, other, sizeof logits);
            }
        assert_int_equal(some.labels[0], 2);
        assert_null(json_object_get(some.info, "files"));
        char *drawn = json_dumps(json_object_get(some.info, "views_drawn"), JSON_COMPACT);
        assert_string_equal(drawn, "[0,1,3]");
        free(drawn);
        drawn = json_dumps(json_object_get(some.info, "images_drawn"), JSON_COMPACT);
        assert_string_equal(drawn, "[2,0]");
        free(drawn);
        dc3_soft_labels_free(&some);
        json_object_set_new(all.info, "batch", json_integer(1)); /* as if the two were of two batches */
        must(dc3_some_labels(&all, images, 2, &views, &some));
        assert_int_equal(views, 2);
        dc3_soft_labels_free(&some);
        must(dc3_some_labels(&all, whole, N, &views, &some));
        assert_int_equal(views, 4);
        dc3_soft_labels_free(&some);
        must(dc3_some_labels(&all, lone, 1, &views, &some));
        assert_int_equal(views, 3); /* but for the last */
        dc3_soft_labels_free(&some);
        for (int v = 0; v < 4; v++) all.params[v * N + 1].x1 = all.params[v * N + 1].y1 = 1;
        must(dc3_some_labels(&all, lone, 1, &views, &some));
        assert_int_equal(views, 0);
        assert_null(some.info);
        dc3_soft_labels_free(&all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_logits),    cmocka_unit_test(largest_logits),
                                       cmocka_unit_test(eight_bits),    cmocka_unit_test(files),
                                       cmocka_unit_test(damaged_files), cmocka_unit_test(labels_of_some)};
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
