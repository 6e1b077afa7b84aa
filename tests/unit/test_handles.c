/* What a program opens once and uses often: the editor and the classifier on images in memory, beside what
 * `dc3 edit` stores and what a condensation selects by; and what they refuse. */
#include "support/small_dataset.h"
#include <string.h>
#include "teacher/teacher.h"
#include "dc3/classifier.h"
#include "dc3/condense.h"
#include "dc3/editor.h"
#include "dc3/train.h"

#define MODEL DC3_MODELS "/dc3-mini"

static char folder[] = "/tmp/dc3-handles-XXXXXX";
static char weights[sizeof folder + 32];
static dc3_image_editor *editor;
static dc3_image_classifier *classifier;

static int set_up(void **state)
{
    (void)state;
    char data[sizeof folder + 8];
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(weights, sizeof weights, "%s/teacher.safetensors", folder);
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "convnet3", o.size = 16, o.epochs = 1, o.batch = 5,
    o.threads = 1;
    dc3_image_editor_options e = dc3_image_editor_defaults();
    dc3_image_classifier_options c = dc3_image_classifier_defaults();
    e.dtype = DC3_COMPUTE_F32;
    return dc3_train(&o, &report) != DC3_OK || dc3_image_editor_open(MODEL, &e, &editor) != DC3_OK ||
           dc3_image_classifier_open(weights, &c, &classifier) != DC3_OK;
}

static int tear_down(void **state)
{
    (void)state;
    dc3_image_editor_close(&editor);
    dc3_image_classifier_close(&classifier);
    remove_folder(folder);
    return editor || classifier;
}

/* n images of one size; the caller frees. */
static uint8_t *batch(int n, int height, int width)
{
    size_t each = (size_t)height * (size_t)width * 3;
    uint8_t *all = malloc((size_t)n * each);
    dc3_image image;
    for (int i = 0; i < n; i++) {
        small_image(i % 3, i, width, height, &image);
        memcpy(all + (size_t)i * each, image.pixels, each);
        dc3_image_free(&image);
    }
    return all;
}

/* ---- the editor ---- */

/* What `dc3 edit` makes of the image in a PNG file: pixels [height, width, 3], which the caller frees. */
static uint8_t *edit_file(const dc3_condense_options *options, int height, int width, uint8_t *pixels,
                          const char *prompt)
{
    char in[sizeof folder + 16], out[sizeof folder + 16];
    dc3_condense_options o = *options;
    dc3_image image = {width, height, pixels}, edited;
    snprintf(in, sizeof in, "%s/in.png", folder);
    snprintf(out, sizeof out, "%s/out.png", folder);
    assert_int_equal(dc3_image_write(in, &image, DC3_PNG), DC3_OK);
    o.editor = MODEL, o.dtype = DC3_COMPUTE_F32, o.out = out;
    if (dc3_edit_command(&o, in, prompt) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_image_read(out, 0, 0, DC3_FIT_CROP, &edited), DC3_OK);
    assert_true(edited.width == width && edited.height == height);
    return edited.pixels;
}

static void edits_as_the_command(void **state)
{
    (void)state;
    enum { N = 3, MOST = 100 };
    const struct {
        int height, width;
        dc3_detail detail;
    } cases[] = {{64, 64, DC3_DETAIL_KEEP}, {40, 100, DC3_DETAIL_KEEP}, {80, 80, DC3_DETAIL_EDIT}};
    const char *const prompts[N] = {"rainy", "Turn it into autumn", "sepia"};
    const uint64_t seeds[N] = {0, 7, UINT64_MAX};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int height = cases[k].height, width = cases[k].width;
        size_t each = (size_t)height * (size_t)width * 3;
        uint8_t *images = batch(N, height, width), *edits = calloc(N, each);
        dc3_image_edit_options o = dc3_image_edit_defaults();
        o.detail = cases[k].detail, o.steps = 2;
        assert_int_equal(dc3_image_editor_edit(editor, &o, N, height, width, images, prompts, seeds, edits),
                         DC3_OK);
        for (int i = 0; i < N; i++) {
            dc3_condense_options c = dc3_condense_defaults();
            c.steps = 2, c.select.seed = seeds[i];
            c.detail = cases[k].detail;
            if (cases[k].detail == DC3_DETAIL_EDIT) c.size = width, c.fit = DC3_FIT_SQUASH;
            uint8_t *stored = edit_file(&c, height, width, images + (size_t)i * each, prompts[i]);
            assert_memory_equal(stored, edits + (size_t)i * each, each);
            assert_memory_not_equal(stored, images + (size_t)i * each, each);
            free(stored);
        }
        free(images), free(edits);
    }
}

/* An edit depends on its own image, prompt and seed: not on what was edited before or stands beside it. */
static void edits_stand_alone(void **state)
{
    (void)state;
    enum { N = 2, SIDE = 48, EACH = SIDE * SIDE * 3 };
    const char *const prompts[N] = {"snowy", "sunny"};
    uint8_t *images = batch(N, SIDE, SIDE), *both = calloc(N, EACH), *one = calloc(1, EACH);
    dc3_image_edit_options o = dc3_image_edit_defaults();
    o.steps = 2;
    assert_int_equal(dc3_image_editor_edit(editor, &o, N, SIDE, SIDE, images, prompts, NULL, both), DC3_OK);
    for (int i = N; i-- > 0;) {
        uint64_t seed = 0;
        assert_int_equal(dc3_image_editor_edit(editor, &o, 1, SIDE, SIDE, images + (size_t)i * EACH,
                                               prompts + i, &seed, one),
                         DC3_OK);
        assert_memory_equal(one, both + (size_t)i * EACH, EACH);
    }
    o.guidance = 0, o.steps = 3;
    assert_int_equal(dc3_image_editor_edit(editor, &o, 1, SIDE, SIDE, images, prompts, NULL, one), DC3_OK);
    assert_memory_not_equal(one, both, EACH);
    free(images), free(both), free(one);
}

static void editor_describes_itself(void **state)
{
    (void)state;
    dc3_image_editor_info info = dc3_image_editor_describe(editor);
    assert_string_equal(info.name, "dc3-mini");
    assert_int_equal(info.dtype, DC3_COMPUTE_F32);
    assert_true(info.parameters > 1e5 && info.size >= 16 && info.steps >= 1);
    assert_true(info.sampler >= DC3_EULER_ANCESTRAL && info.detail >= DC3_DETAIL_KEEP);
    info = dc3_image_editor_describe(NULL);
    assert_true(info.size == 0 && !*info.name);
}

typedef struct stopping {
    dc3_cancel flag;
    int64_t done;
} stopping;

static void stop(void *user, const char *stage, int64_t done, int64_t total)
{
    stopping *s = user;
    assert_true(*stage && done <= total);
    s->done = done;
    dc3_cancel_set(&s->flag);
}

/* After the first of three; the editor works afterwards. */
static void editor_stops(void **state)
{
    (void)state;
    enum { SIDE = 32, EACH = SIDE * SIDE * 3 };
    const char *const prompts[] = {"rainy", "rainy", "rainy"};
    uint8_t *images = batch(3, SIDE, SIDE), *edits = calloc(3, EACH), *again = calloc(3, EACH);
    stopping s = {.done = 0};
    dc3_image_edit_options o = dc3_image_edit_defaults();
    o.steps = 1;
    o.listener = (dc3_listener){.user = &s, .progress = stop, .cancel = &s.flag};
    assert_int_equal(dc3_image_editor_edit(editor, &o, 3, SIDE, SIDE, images, prompts, NULL, edits),
                     DC3_ERR_CANCELLED);
    assert_int_equal(s.done, 1);
    o.listener = (dc3_listener){.user = NULL};
    assert_int_equal(dc3_image_editor_edit(editor, &o, 3, SIDE, SIDE, images, prompts, NULL, again), DC3_OK);
    assert_memory_equal(edits, again, EACH);
    assert_memory_not_equal(edits + EACH, again + EACH, EACH);
    free(images), free(edits), free(again);
}

/* Threads edit side by side: the bytes that one thread makes, also after a call that was stopped. */
static void edits_side_by_side(void **state)
{
    (void)state;
    enum { N = 16, SIDE = 40, EACH = SIDE * SIDE * 3 }; /* more than three threads begin at once (pieces.c) */
    static const char *const words[] = {"rainy", "sunny", "sepia", "autumn", "golden hour"};
    const char *prompts[N];
    uint64_t seeds[N];
    for (int i = 0; i < N; i++) prompts[i] = words[i % 5], seeds[i] = (uint64_t)i;
    uint8_t *images = batch(N, SIDE, SIDE), *alone = calloc(N, EACH), *edits = calloc(N, EACH);
    dc3_image_edit_options o = dc3_image_edit_defaults();
    dc3_image_editor_options open = dc3_image_editor_defaults();
    dc3_image_editor *three;
    open.threads = 3, open.dtype = DC3_COMPUTE_F32;
    assert_int_equal(dc3_image_editor_open(MODEL, &open, &three), DC3_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(dc3_image_editor_edit(three, &o, 1, SIDE, SIDE, images + i * EACH, prompts + i,
                                               seeds + i, alone + i * EACH),
                         DC3_OK);
    stopping s = {.done = 0};
    o.listener = (dc3_listener){.user = &s, .progress = stop, .cancel = &s.flag};
    assert_int_equal(dc3_image_editor_edit(three, &o, N, SIDE, SIDE, images, prompts, seeds, edits),
                     DC3_ERR_CANCELLED);
    assert_true(s.done >= 1 && s.done < N);
    assert_memory_equal(edits, alone, (size_t)s.done * EACH);
    o.listener = (dc3_listener){.user = NULL};
    for (int n = N; n >= 2; n -= 7) {
        memset(edits, 0, N * EACH);
        assert_int_equal(dc3_image_editor_edit(three, &o, n, SIDE, SIDE, images, prompts, seeds, edits),
                         DC3_OK);
        assert_memory_equal(edits, alone, (size_t)n * EACH);
    }
    dc3_image_editor_close(&three);
    free(images), free(alone), free(edits);
}

/* Fails with a text that begins with `text`. */
static void refused(dc3_status got, dc3_status expected, const char *text)
{
    if (got != expected || strncmp(dc3_error_text(), text, strlen(text)) != 0)
        fail_msg("expected status %d and '%s..', found %d and '%s'", expected, text, got, dc3_error_text());
}

static void editor_refuses(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    static const uint8_t pixels[SIDE * SIDE * 3];
    static uint8_t edits[SIDE * SIDE * 3];
    const char *const prompts[] = {"rainy"}, *const empty[] = {""}, *const missing[] = {NULL};
    const dc3_image_edit_options good = dc3_image_edit_defaults();
    dc3_image_edit_options o = good;
    o.struct_size = 0;
#define EDIT(e, options, n, h, w, in, p, out) dc3_image_editor_edit(e, options, n, h, w, in, p, NULL, out)
    const dc3_status wrong = DC3_ERR_ARGUMENT;
    refused(EDIT(NULL, &good, 1, SIDE, SIDE, pixels, prompts, edits), wrong, "editor: expected");
    refused(EDIT(editor, NULL, 1, SIDE, SIDE, pixels, prompts, edits), wrong,
            "dc3_image_edit_options: expected options");
    refused(EDIT(editor, &o, 1, SIDE, SIDE, pixels, prompts, edits), wrong,
            "dc3_image_edit_options: struct_size is 0");
    refused(EDIT(editor, &good, 0, SIDE, SIDE, pixels, prompts, edits), wrong, "images: expected 1 or more");
    refused(EDIT(editor, &good, -1, SIDE, SIDE, pixels, prompts, edits), wrong, "images: expected 1 or more");
    refused(EDIT(editor, &good, INT64_MAX / 2, SIDE, SIDE, pixels, prompts, edits), wrong,
            "images: 4611686018427387903 of 16 x 16 pixels are more");
    refused(EDIT(editor, &good, 1, 0, SIDE, pixels, prompts, edits), wrong, "images: expected 1 to 16384");
    refused(EDIT(editor, &good, 1, SIDE, 16385, pixels, prompts, edits), wrong,
            "images: expected 1 to 16384");
    refused(EDIT(editor, &good, 1, SIDE, SIDE, NULL, prompts, edits), wrong, "images: expected pixels");
    refused(EDIT(editor, &good, 1, SIDE, SIDE, pixels, NULL, edits), wrong, "prompts: expected texts");
    refused(EDIT(editor, &good, 1, SIDE, SIDE, pixels, empty, edits), wrong, "prompts: expected 1 to");
    refused(EDIT(editor, &good, 1, SIDE, SIDE, pixels, missing, edits), wrong, "prompts: expected 1 to");
    refused(EDIT(editor, &good, 1, SIDE, SIDE, pixels, prompts, NULL), wrong, "edits: expected a place");
#define OPTION(field, value, text)                                                                           \
    o = good, o.field = value,                                                                               \
    refused(EDIT(editor, &o, 1, SIDE, SIDE, pixels, prompts, edits), DC3_ERR_OPTION, text),                  \
    assert_string_equal(dc3_error_setting(), #field)
    OPTION(size, 7, "size:");
    OPTION(size, -64, "size:");
    OPTION(size, 8192, "size:");
    OPTION(steps, -1, "steps:");
    OPTION(steps, 1001, "steps:");
    OPTION(sampler, (dc3_sampler_kind)99, "sampler:");
    OPTION(detail, (dc3_detail)2, "detail:");
    OPTION(guidance, 101, "guidance:");
    OPTION(image_guidance, NAN, "image_guidance:");
    dc3_image_editor *none = editor;
    dc3_image_editor_options open = dc3_image_editor_defaults();
    refused(dc3_image_editor_open(MODEL, &open, NULL), wrong, "editor: expected a place");
    refused(dc3_image_editor_open(NULL, &open, &none), wrong, "editor: expected a directory");
    assert_null(none);
    refused(dc3_image_editor_open(folder, &open, &none), DC3_ERR_IO, folder);
    refused(dc3_image_editor_open(MODEL, NULL, &none), wrong, "dc3_image_editor_options: expected options");
    open.threads = 0;
    refused(dc3_image_editor_open(MODEL, &open, &none), DC3_ERR_OPTION, "threads:");
    open.threads = 1025;
    refused(dc3_image_editor_open(MODEL, &open, &none), DC3_ERR_OPTION, "threads:");
    open.threads = 1, open.dtype = (dc3_compute)3;
    refused(dc3_image_editor_open(MODEL, &open, &none), DC3_ERR_OPTION, "dtype:");
    open.dtype = DC3_COMPUTE_F32;
    for (int i = 0; i < 3; i++) {
        open.lora_scale = (double[]){NAN, INFINITY, 1e30}[i];
        refused(dc3_image_editor_open(MODEL, &open, &none), DC3_ERR_OPTION,
                "lora_scale: expected -100 to 100");
    }
    dc3_image_editor_close(&none);
    dc3_image_editor_close(NULL);
}

/* ---- the classifier ---- */

/* The rows of the images by the path that a condensation takes. */
static void rows_inside(int n, int side, const uint8_t *images, float *embeddings, float *logits)
{
    dc3_teacher t;
    assert_int_equal(dc3_teacher_open(weights, NULL, 0, 64, 1, &t), DC3_OK);
    int64_t d = t.info->embedding, c = t.info->classes;
    size_t each = (size_t)t.size * (size_t)t.size * 3;
    float *rgb = calloc(DC3_TEACHER_BATCH, each * sizeof *rgb);
    float *h = calloc(DC3_TEACHER_BATCH, (size_t)d * sizeof *h),
          *z = calloc(DC3_TEACHER_BATCH, (size_t)c * sizeof *z);
    for (int i = 0; i < n; i++) {
        char path[sizeof folder + 16];
        dc3_image image = {side, side, (uint8_t *)(uintptr_t)(images + (size_t)(side * side * 3 * i))};
        snprintf(path, sizeof path, "%s/row.png", folder);
        assert_int_equal(dc3_image_write(path, &image, DC3_PNG), DC3_OK);
        assert_int_equal(dc3_image_read(path, t.size, t.size, DC3_FIT_CROP, &image), DC3_OK);
        dc3_image_to_floats(&image, rgb);
        dc3_image_free(&image);
        assert_int_equal(dc3_teacher_run(&t, DC3_TEACHER_BATCH, rgb, h, z), DC3_OK);
        memcpy(embeddings + i * d, h, (size_t)d * sizeof *h);
        memcpy(logits + i * c, z, (size_t)c * sizeof *z);
    }
    free(rgb), free(h), free(z);
    dc3_teacher_close(&t);
}

/* More images than are run at once, and of another size than the network's. */
static void rows_as_inside(void **state)
{
    (void)state;
    enum { N = DC3_TEACHER_BATCH + 3 };
    dc3_image_classifier_info info = dc3_image_classifier_describe(classifier);
    assert_string_equal(info.arch, "convnet3");
    assert_int_equal(info.classes, SMALL_CLASSES);
    assert_int_equal(info.size, 16);
    assert_true(info.embedding > 0 && info.parameters > 1e4);
    size_t d = (size_t)info.embedding, c = (size_t)info.classes;
    float *h[2], *z[2];
    for (int i = 0; i < 2; i++) h[i] = calloc(N, d * sizeof(float)), z[i] = calloc(N, c * sizeof(float));
    for (int side = 16; side <= 40; side += 24) {
        uint8_t *images = batch(N, side, side);
        rows_inside(N, side, images, h[0], z[0]);
        assert_int_equal(dc3_image_classifier_run(classifier, N, side, side, images, NULL, h[1], z[1]),
                         DC3_OK);
        assert_memory_equal(h[0], h[1], N * d * sizeof(float));
        assert_memory_equal(z[0], z[1], N * c * sizeof(float));
        assert_memory_not_equal(z[1], z[1] + c, c * sizeof(float));
        memset(z[1], 0, N * c * sizeof(float));
        assert_int_equal(dc3_image_classifier_run(classifier, N, side, side, images, NULL, NULL, z[1]),
                         DC3_OK);
        assert_memory_equal(z[0], z[1], N * c * sizeof(float));
        assert_int_equal(dc3_image_classifier_run(classifier, N, side, side, images, NULL, h[1], NULL),
                         DC3_OK);
        free(images);
    }
    for (int i = 0; i < 2; i++) free(h[i]), free(z[i]);
}

/* Threads look side by side at batches, in one call and in the next. */
static void rows_side_by_side(void **state)
{
    (void)state;
    enum { N = 14 * DC3_TEACHER_BATCH + 3, SIDE = 24 };
    dc3_image_classifier_options open = dc3_image_classifier_defaults();
    dc3_image_classifier *three;
    open.threads = 3;
    assert_int_equal(dc3_image_classifier_open(weights, &open, &three), DC3_OK);
    dc3_image_classifier_info info = dc3_image_classifier_describe(three);
    size_t d = (size_t)info.embedding, c = (size_t)info.classes, each = SIDE * SIDE * 3;
    uint8_t *images = batch(N, SIDE, SIDE);
    float *h[2], *z[2];
    for (int i = 0; i < 2; i++) h[i] = calloc(N, d * sizeof(float)), z[i] = calloc(N, c * sizeof(float));
    for (size_t i = 0, n = 0; i < N; i += n) {
        n = N - i < DC3_TEACHER_BATCH ? N - i : DC3_TEACHER_BATCH;
        assert_int_equal(dc3_image_classifier_run(three, (int64_t)n, SIDE, SIDE, images + i * each, NULL,
                                                  h[0] + i * d, z[0] + i * c),
                         DC3_OK);
    }
    stopping s = {.done = 0};
    dc3_listener listener = {.user = &s, .progress = stop, .cancel = &s.flag};
    assert_int_equal(dc3_image_classifier_run(three, N, SIDE, SIDE, images, &listener, h[1], z[1]),
                     DC3_ERR_CANCELLED);
    for (int64_t n = N; n > 0; n -= 6 * DC3_TEACHER_BATCH) {
        memset(h[1], 0, N * d * sizeof(float)), memset(z[1], 0, N * c * sizeof(float));
        assert_int_equal(dc3_image_classifier_run(three, n, SIDE, SIDE, images, NULL, h[1], z[1]), DC3_OK);
        assert_memory_equal(h[0], h[1], (size_t)n * d * sizeof(float));
        assert_memory_equal(z[0], z[1], (size_t)n * c * sizeof(float));
    }
    dc3_image_classifier_close(&three);
    free(images);
    for (int i = 0; i < 2; i++) free(h[i]), free(z[i]);
}

static void classifier_stops(void **state)
{
    (void)state;
    enum { N = 3 * DC3_TEACHER_BATCH };
    uint8_t *images = batch(N, 16, 16);
    stopping s = {.done = 0};
    dc3_listener listener = {.user = &s, .progress = stop, .cancel = &s.flag};
    assert_int_equal(dc3_image_classifier_run(classifier, N, 16, 16, images, &listener, NULL, NULL),
                     DC3_ERR_CANCELLED);
    assert_int_equal(s.done, DC3_TEACHER_BATCH);
    assert_int_equal(dc3_image_classifier_run(classifier, N, 16, 16, images, NULL, NULL, NULL), DC3_OK);
    free(images);
}

static void classifier_refuses(void **state)
{
    (void)state;
    static const uint8_t pixels[16 * 16 * 3];
    const dc3_status wrong = DC3_ERR_ARGUMENT;
    refused(dc3_image_classifier_run(NULL, 1, 16, 16, pixels, NULL, NULL, NULL), wrong,
            "classifier: expected");
    refused(dc3_image_classifier_run(classifier, 0, 16, 16, pixels, NULL, NULL, NULL), wrong,
            "images: expected 1");
    refused(dc3_image_classifier_run(classifier, 1, 16, -1, pixels, NULL, NULL, NULL), wrong,
            "images: expected 1");
    refused(dc3_image_classifier_run(classifier, 1, 16, 16, NULL, NULL, NULL, NULL), wrong,
            "images: expected pixels");
    dc3_image_classifier *none = classifier;
    const dc3_image_classifier_options good = dc3_image_classifier_defaults();
    dc3_image_classifier_options o = good;
    refused(dc3_image_classifier_open(weights, &good, NULL), wrong, "classifier: expected a place");
    refused(dc3_image_classifier_open(NULL, &good, &none), wrong, "classifier: expected a file");
    assert_null(none);
    refused(dc3_image_classifier_open(weights, NULL, &none), wrong,
            "dc3_image_classifier_options: expected options");
    o.struct_size = sizeof o + 8;
    refused(dc3_image_classifier_open(weights, &o, &none), wrong,
            "dc3_image_classifier_options: struct_size is");
    const dc3_status option = DC3_ERR_OPTION;
    o = good, o.fit = (dc3_fit)3;
    refused(dc3_image_classifier_open(weights, &o, &none), option, "fit:");
    const int threads[] = {-1, 0, 1025};
    for (int i = 0; i < 3; i++) {
        o = good, o.threads = threads[i];
        refused(dc3_image_classifier_open(weights, &o, &none), option, "threads: expected 1 to 1024, found");
    }
    const int sizes[] = {-1, 15, 1025};
    for (int i = 0; i < 3; i++) {
        o = good, o.size = sizes[i];
        refused(dc3_image_classifier_open(weights, &o, &none), option, "size: expected 16 to 1024");
    }
    o = good, o.arch = "resnet18";
    assert_int_not_equal(dc3_image_classifier_open(weights, &o, &none), DC3_OK);
    assert_int_equal(dc3_image_classifier_open(folder, &good, &none), DC3_ERR_IO);
    dc3_image_classifier_close(&none);
    dc3_image_classifier_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_as_the_command),    cmocka_unit_test(edits_stand_alone),
        cmocka_unit_test(editor_describes_itself), cmocka_unit_test(editor_stops),
        cmocka_unit_test(editor_refuses),          cmocka_unit_test(rows_as_inside),
        cmocka_unit_test(classifier_stops),        cmocka_unit_test(classifier_refuses),
        cmocka_unit_test(edits_side_by_side),      cmocka_unit_test(rows_side_by_side),
    };
    return cmocka_run_group_tests_name("handles", tests, set_up, tear_down);
}
