/* What the stages of a selection hand to each other: the choice of dc3_select_command is made again from the
 * images, by the networks and the functions of each stage; of crops also what is stored. */
#include "support/shaped_dataset.h"
#include "views/crop.h"
#include "dc3/condense.h"
#include "dc3/train.h"
#include "diffusion/editor.h"
#include "select/choose.h"
#include "io/json.h"
#include "teacher/teacher.h"

enum {
    EACH = 20,
    CROPS = 5,
    FIRST = 100,
    N = SHAPED_CLASSES * EACH,
    SEEN = 16,
    ENCODED = 32,
    MOST_LATENTS = 32 * 32 * 4
};

static char folder[] = "/tmp/dc3-pipeline-XXXXXX";
static char *data, *weights, *chosen, *stored;
static dc3_image images[N];
static int64_t labels[N];
static dc3_teacher teacher;

/* The images of a dataset in its order: classes by name, files by name, whose numbers have as many digits. */
static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    data = shaped_dataset(folder, "data", EACH, FIRST);
    weights = dc3_path_join(folder, "teacher.safetensors");
    chosen = dc3_path_join(folder, "chosen.jsonl");
    stored = dc3_path_join(folder, "stored");
    for (int i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d/%d.png", i / EACH, FIRST + i % EACH);
        char *path = dc3_path_join(data, name);
        if (dc3_image_read(path, 0, 0, DC3_FIT_CROP, &images[i]) != DC3_OK) return -1;
        labels[i] = i / EACH;
        free(path);
    }
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "convnet3", o.size = SEEN, o.dtype = DC3_COMPUTE_F32;
    o.epochs = 2, o.batch = 10, o.threads = 2;
    return dc3_train(&o, &report) == DC3_OK && dc3_teacher_open(weights, NULL, 0, SEEN, 2, &teacher) == DC3_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    dc3_teacher_close(&teacher);
    for (int i = 0; i < N; i++) dc3_image_free(&images[i]);
    free(data), free(weights), free(chosen), free(stored);
    remove_folder(folder);
    return 0;
}

static dc3_condense_options options_of(const char *method, const char *of_teacher)
{
    dc3_condense_options o = dc3_condense_defaults();
    o.data = data, o.out = chosen, o.method = method, o.teacher = of_teacher;
    o.editor = DC3_MODELS "/dc3-mini";
    o.dtype = DC3_COMPUTE_F32;
    o.feature_size = ENCODED;
    o.select.ipc = 6, o.select.bins = 2, o.select.threads = 2, o.select.seed = 11;
    return o;
}

/* The lines that the command writes, `each` for a stored image: the caller releases them. */
static json_t *run(const dc3_condense_options *o, int each)
{
    dc3_condense_report report;
    json_t *lines = NULL;
    if (dc3_select_command(o, &report) != DC3_OK || dc3_json_read_lines(chosen, 1 << 20, &lines) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(json_array_size(lines), SHAPED_CLASSES * o->select.ipc * each);
    return lines;
}

/* The number of a line's source among the images. */
static int source_of(const json_t *line)
{
    int label, number;
    assert_int_equal(sscanf(json_string_value(json_object_get(line, "source")), "%d/%d.png", &label, &number),
                     2);
    return label * EACH + number - FIRST;
}

/* An image, or its square, at a size. */
static void floats_of(int i, const dc3_box *box, int size, float *rgb)
{
    dc3_image scaled;
    if (box) assert_int_equal(dc3_crop_scale(&images[i], *box, size, rgb, 3 * (int64_t)size), DC3_OK);
    if (box) return;
    assert_int_equal(dc3_image_resize(&images[i], size, size, DC3_FIT_CROP, &scaled), DC3_OK);
    dc3_image_to_floats(&scaled, rgb);
    dc3_image_free(&scaled);
}

/* Of all images, or of a square [N] of each: the VAE's features, the teacher's embeddings and logits. The
 * caller frees. */
static int64_t features(const dc3_box *boxes, float **encoded, float **embeddings, float **logits)
{
    dc3_editor *editor;
    static float rgb[ENCODED * ENCODED * 3];
    assert_int_equal(dc3_editor_open(DC3_MODELS "/dc3-mini", DC3_F32, 2, &editor), DC3_OK);
    dc3_editor_info info = dc3_editor_describe(editor);
    int64_t side = ENCODED / info.factor, length = side * side * info.latent_channels;
    assert_true(length <= MOST_LATENTS);
    *encoded = malloc((size_t)(N * length) * sizeof **encoded);
    *embeddings = malloc((size_t)(N * teacher.info->embedding) * sizeof **embeddings);
    *logits = malloc((size_t)(N * teacher.info->classes) * sizeof **logits);
    for (int i = 0; i < N; i++) {
        floats_of(i, boxes ? &boxes[i] : NULL, ENCODED, rgb);
        assert_int_equal(dc3_editor_encode(editor, 1, ENCODED, rgb, *encoded + i * length), DC3_OK);
        floats_of(i, boxes ? &boxes[i] : NULL, SEEN, rgb);
        assert_int_equal(dc3_teacher_run(&teacher, 1, rgb, *embeddings + i * teacher.info->embedding,
                                         *logits + i * teacher.info->classes),
                         DC3_OK);
    }
    dc3_editor_close(&editor);
    return length;
}

static void compare(json_t *lines, const dc3_selection *expected)
{
    assert_int_equal(expected->count, json_array_size(lines));
    for (int64_t i = 0; i < expected->count; i++) {
        const json_t *line = json_array_get(lines, (size_t)i);
        assert_int_equal(source_of(line), expected->rows[i]);
        assert_int_equal(json_integer_value(json_object_get(line, "label")), labels[expected->rows[i]]);
    }
    json_decref(lines);
}

/* Bins from the VAE's features; in them the gradients of the teacher, or the same features. Bin after bin, or
 * by turns. */
static void bins_and_gradients(void **state)
{
    (void)state;
    float *encoded, *embeddings, *logits;
    int64_t length = features(NULL, &encoded, &embeddings, &logits), bins[N], kinds = 0;
    for (int way = 0; way < 4; way++) {
        int taught = way & 1;
        dc3_selection expected;
        dc3_condense_options o = options_of("dc3", taught ? weights : "none");
        if (!(way & 2)) o.selection = DC3_SELECTION_PAPER;
        json_t *lines = run(&o, 1);
        dc3_select_options select = o.select;
        select.nested = way >> 1;
        assert_int_equal(dc3_select_bins(&select, N, length, encoded, labels, bins), DC3_OK);
        for (int i = 0; i < N; i++) kinds |= 1 << bins[i];
        assert_int_equal(kinds, 3); /* two bins */
        dc3_status status =
            taught ? dc3_select_rows(&select, N, teacher.info->embedding, teacher.info->classes, embeddings,
                                     logits, labels, bins, &expected)
                   : dc3_select_rows(&select, N, length, 0, encoded, NULL, labels, bins, &expected);
        assert_int_equal(status, DC3_OK);
        compare(lines, &expected);
        dc3_selection_free(&expected);
    }
    free(encoded), free(embeddings), free(logits);
}

/* The crop of an image that the teacher is surest of, of five, which lie in ImageNet's mean colour at half
 * the size with factor 2. */
static double best_crop(const dc3_condense_options *o, int i, dc3_box *best)
{
    char key[32];
    float rgb[SEEN * SEEN * 3], embedding[1024], logits[SHAPED_CLASSES];
    double least = INFINITY;
    snprintf(key, sizeof key, "%d/%d.png", i / EACH, FIRST + i % EACH);
    dc3_rng rng = dc3_rng_make(o->select.seed, DC3_RNG_CROP, dc3_hash64(key, strlen(key)));
    assert_true(teacher.info->embedding <= 1024);
    for (int k = 0; k < CROPS; k++) {
        dc3_box box = dc3_crop_draw(&rng, images[i].width, images[i].height, 0.08, 1);
        int patch = SEEN / o->factor, edge = (SEEN - patch) / 2;
        for (int v = 0; v < SEEN * SEEN * 3; v++) rgb[v] = (float[]){0.485f, 0.456f, 0.406f}[v % 3];
        assert_int_equal(dc3_crop_scale(&images[i], box, patch, rgb + (edge * SEEN + edge) * 3, 3 * SEEN),
                         DC3_OK);
        assert_int_equal(dc3_teacher_run(&teacher, 1, rgb, embedding, logits), DC3_OK);
        double sum = 0;
        for (int c = 0; c < SHAPED_CLASSES; c++) sum += exp((double)logits[c] - (double)logits[labels[i]]);
        if (log(sum) < least) least = log(sum), *best = box;
    }
    return least;
}

static void assert_box(const json_t *found, const dc3_box *box)
{
    assert_int_equal(json_integer_value(json_array_get(found, 0)), box->left);
    assert_int_equal(json_integer_value(json_array_get(found, 1)), box->top);
    assert_int_equal(json_integer_value(json_array_get(found, 2)), box->side);
}

/* RDED: the images of a class whose best crop has the lowest loss, the lowest first. */
static void surest_crops(void **state)
{
    (void)state;
    dc3_condense_options o = options_of("rded", weights);
    o.factor = 1;
    json_t *lines = run(&o, 1);
    dc3_box boxes[N];
    double loss[N];
    for (int i = 0; i < N; i++) loss[i] = best_crop(&o, i, &boxes[i]);
    for (size_t k = 0; k < json_array_size(lines); k++) {
        const json_t *line = json_array_get(lines, k), *box = json_object_get(line, "box");
        int source = source_of(line), rank = (int)k % o.select.ipc, better = 0, alike = 0;
        for (int i = 0; i < N; i++) { /* a batch of another size may change the last bits */
            double least = 1e-4 * loss[source];
            if (labels[i] != labels[source] || i == source) continue;
            better += loss[i] < loss[source] - least;
            alike += fabs(loss[i] - loss[source]) <= least;
        }
        assert_in_range(rank, better, better + alike);
        assert_int_equal(labels[source], (int)k / o.select.ipc);
        assert_box(box, &boxes[source]);
    }
    json_decref(lines);
}

/* Rows of a selection by bins, class by class, taken in turns: the first of each bin, the second, ... */
static void take_turns(const dc3_selection *s, int64_t each, const int64_t *bins)
{
    int64_t *rows = malloc((size_t)s->count * sizeof *rows);
    for (int64_t first = 0; first < s->count; first += each) {
        int64_t taken = 0;
        for (int64_t rank = 1; rank <= each; rank++)
            for (int64_t bin = 0; bin < each; bin++) {
                int64_t seen = 0;
                for (int64_t i = first; i < first + each; i++)
                    if (bins[s->rows[i]] == bin && ++seen == rank) rows[first + taken++] = s->rows[i];
            }
        assert_int_equal(taken, each);
    }
    memcpy(s->rows, rows, (size_t)s->count * sizeof *rows);
    free(rows);
}

/* Of crops [N] the rows that a selection is to choose. */
static void choose_crops(const dc3_condense_options *o, const dc3_box *boxes, dc3_selection *expected)
{
    dc3_select_options select = o->select;
    int64_t bins[N], each = o->factor * o->factor, d = teacher.info->embedding, c = teacher.info->classes;
    float *encoded, *embeddings, *logits;
    int64_t length = features(boxes, &encoded, &embeddings, &logits);
    select.ipc *= (int)each;
    select.nested = o->selection != DC3_SELECTION_PAPER;
    if (o->selection == DC3_SELECTION_PAPER || o->selection == DC3_SELECTION_NESTED) {
        assert_int_equal(dc3_select_bins(&select, N, length, encoded, labels, bins), DC3_OK);
        assert_int_equal(dc3_select_rows(&select, N, d, c, embeddings, logits, labels, bins, expected),
                         DC3_OK);
        if (each > 1 && !select.nested) take_turns(expected, select.ipc, bins);
    } else {
        dc3_chooser *chooser =
            o->selection == DC3_SELECTION_HERDING ? dc3_choose_herding : dc3_choose_confident_then_hard;
        assert_int_equal(dc3_select_by(&select, chooser, N, d, c, embeddings, logits, labels, expected),
                         DC3_OK);
    }
    free(encoded), free(embeddings), free(logits);
}

/* Selections choose among the surest crops by what the networks say of these, as many as are stored. */
static void selections_of_crops(void **state)
{
    (void)state;
    static const dc3_selection_kind kinds[] = {DC3_SELECTION_PAPER, DC3_SELECTION_NESTED,
                                               DC3_SELECTION_HERDING, DC3_SELECTION_CAO2};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    for (int i = 0; i < 2 * KINDS; i++) {
        dc3_condense_options o = options_of("dc3-select", weights);
        dc3_box boxes[N];
        dc3_selection expected;
        o.crops = CROPS, o.factor = 1 + i / KINDS, o.selection = kinds[i % KINDS];
        o.select.ipc = o.factor == 1 ? 6 : 3;
        if (i % KINDS > 1) o.select.bins = dc3_select_defaults().bins; /* which they have no use for */
        for (int k = 0; k < N; k++) best_crop(&o, k, &boxes[k]);
        json_t *lines = run(&o, o.factor * o.factor);
        choose_crops(&o, boxes, &expected);
        for (int64_t k = 0; k < expected.count; k++)
            assert_box(json_object_get(json_array_get(lines, (size_t)k), "box"), &boxes[expected.rows[k]]);
        compare(lines, &expected);
        dc3_selection_free(&expected);
    }
}

/* The lines of metadata.jsonl of a run that is made anew. */
static json_t *store(dc3_condense_options *o)
{
    dc3_condense_report report;
    json_t *lines = NULL;
    o->out = stored, o->fresh = 1, o->no_report = 1, o->size = 32;
    char *path = dc3_path_join(stored, "train/metadata.jsonl");
    if (dc3_condense(o, &report) != DC3_OK || dc3_json_read_lines(path, 1 << 20, &lines) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(json_array_size(lines), SHAPED_CLASSES * o->select.ipc);
    free(path);
    return lines;
}

static void read_stored(const json_t *line, dc3_image *image)
{
    char *train = dc3_path_join(stored, "train"),
         *path = dc3_path_join(train, json_string_value(json_object_get(line, "file_name")));
    if (dc3_image_read(path, 0, 0, DC3_FIT_CROP, image) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(image->width, 32);
    assert_int_equal(image->height, 32);
    free(train), free(path);
}

/* What is stored is the surest crop of an image, or four of different images side by side; edits are of that.
 */
static void stored_crops(void **state)
{
    (void)state;
    static const char *const methods[] = {"random", "dc3-select", "grayscale"};
    for (int i = 0; i < 6; i++) {
        dc3_condense_options o = options_of(methods[i % 3], weights);
        o.crops = CROPS, o.factor = 1 + i / 3, o.select.ipc = 3;
        json_t *line, *lines = store(&o);
        size_t at;
        json_array_foreach(lines, at, line)
        {
            const json_t *patches = json_object_get(line, "patches");
            int each = o.factor * o.factor, patch = 32 / o.factor, sources[4];
            float rgb[32 * 32 * 3];
            dc3_image found, made;
            assert_int_equal(json_array_size(patches), each);
            for (int k = 0; k < each; k++) {
                dc3_box box;
                sources[k] = source_of(json_array_get(patches, (size_t)k));
                for (int j = 0; j < k; j++) assert_int_not_equal(sources[j], sources[k]);
                assert_int_equal(labels[sources[k]], (int)at / o.select.ipc);
                best_crop(&o, sources[k], &box);
                assert_box(json_object_get(json_array_get(patches, (size_t)k), "box"), &box);
                float *to = rgb + ((k / o.factor) * patch * 32 + k % o.factor * patch) * 3;
                assert_int_equal(dc3_crop_scale(&images[sources[k]], box, patch, to, 3 * 32), DC3_OK);
            }
            for (int p = 0; i % 3 == 2 && p < 32 * 32; p++)
                rgb[3 * p] = rgb[3 * p + 1] = rgb[3 * p + 2] =
                    0.2989f * rgb[3 * p] + 0.587f * rgb[3 * p + 1] + 0.114f * rgb[3 * p + 2];
            assert_int_equal(dc3_image_of_floats(32, 32, rgb, &made), DC3_OK);
            read_stored(line, &found);
            for (int v = 0; v < 32 * 32 * 3; v++)
                if (abs(found.pixels[v] - made.pixels[v]) > (i % 3 == 2)) /* edits may round once more */
                    fail_msg("%s, factor %d, image %d, value %d: %d, not %d", methods[i % 3], o.factor,
                             (int)at, v, found.pixels[v], made.pixels[v]);
            dc3_image_free(&found), dc3_image_free(&made);
        }
        json_decref(lines);
    }
}

/* -log softmax(z)_label, also of a teacher that is nearly certain. */
static void teacher_loss(void **state)
{
    (void)state;
    static const struct {
        float z[3];
        int label;
        double loss;
    } cases[] = {{{0, 0, 0}, 1, 1.0986122886681098},
                 {{1, 2, 3}, 0, 2.4076059644443806},
                 {{1, 2, 3}, 2, 0.40760596444438046},
                 {{40, 0, 0}, 0, 8.496708510583178e-18},
                 {{-800, 0, 0}, 0, 800.6931471805599}};
    for (int i = 0; i < 5; i++) {
        double found = dc3_teacher_loss(3, cases[i].z, cases[i].label);
        if (!(fabs(found - cases[i].loss) < 1e-12 * cases[i].loss)) fail_msg("case %d: %.17g", i, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bins_and_gradients), cmocka_unit_test(surest_crops),
                                       cmocka_unit_test(selections_of_crops), cmocka_unit_test(stored_crops),
                                       cmocka_unit_test(teacher_loss)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
