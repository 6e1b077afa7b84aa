/* The evaluation protocol (docs/protocol.md) from end to end: what dc3_evaluate reports is what a student
 * comes to that is trained here step by step, by the draws, views, losses and rates that the protocol
 * prescribes. */
#include "support/shaped_dataset.h"
#include "dc3/evaluate.h"
#include "dc3/label.h"
#include "dc3/train.h"
#include "evaluate/evaluation.h"
#include "views/rand_augment.h"
#include "learn/trainer.h"
#include "learn/params.h"
#include "teacher/teacher.h"

enum { EACH = 4, N = SHAPED_CLASSES * EACH, SIZE = 16, BATCH = 5, EPOCHS = 4, SEED = 9 };

static char folder[] = "/tmp/dc3-protocol-XXXXXX";
static char *data, *val, *weights, *stored;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    data = shaped_dataset(folder, "data", EACH, 0);
    val = shaped_dataset(folder, "val", 10, 100);
    for (int i = 0; i < 4; i++) { /* in the folder of another class, so that no student is right about all */
        char from[32], to[32];
        snprintf(from, sizeof from, "%d/%d.png", i % 3, 100 + i);
        snprintf(to, sizeof to, "%d/%d.png", (i + 1) % 3, 200 + i);
        char *one = dc3_path_join(val, from), *other = dc3_path_join(val, to);
        assert_int_equal(rename(one, other), 0);
        free(one), free(other);
    }
    weights = dc3_path_join(folder, "teacher.safetensors");
    stored = dc3_path_join(folder, "labels.safetensors");
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "convnet3", o.size = SIZE, o.dtype = DC3_COMPUTE_F32;
    o.epochs = 2, o.batch = 6, o.threads = 2;
    return dc3_train(&o, &report) == DC3_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(data), free(val), free(weights), free(stored);
    remove_folder(folder);
    return 0;
}

/* A student and what it is trained on. */
typedef struct student {
    dc3_dataset *data, *val;
    dc3_images *images, *tests;
    dc3_augmenter *augmenter;
    dc3_trainer trainer;
    dc3_teacher teacher;
    int factor, hard, plain;
    int recipe; /* 1 to 3: with pieces of other recipes */
    float *averages[64];
    float views[BATCH * SIZE * SIZE * 3], logits[BATCH * SHAPED_CLASSES], shares[2 * BATCH];
    int64_t labels[2 * BATCH];
} student;

static void open_student(student *s)
{
    dc3_images_options own = {.how = DC3_IMAGES_OWN, .threads = 2},
                       test = {.how = DC3_IMAGES_TEST, .size = SIZE, .threads = 2};
    dc3_augment_options augment = {.size = SIZE, .dtype = DC3_F32, .normalise = 1, .threads = 2};
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_classifier_spec spec = {"convnet3", SHAPED_CLASSES, SIZE, SEED};
    adamw.decay_rule = DC3_DECAY_WEIGHTS;
    adamw.beta1 = 0.9, adamw.beta2 = 0.999, adamw.weight_decay = 0.01;
    if (dc3_dataset_open(data, &s->data) != DC3_OK || dc3_dataset_open(val, &s->val) != DC3_OK ||
        dc3_images_open(s->data, &own, &s->images) != DC3_OK ||
        dc3_images_open(s->val, &test, &s->tests) != DC3_OK ||
        dc3_augmenter_open(&augment, &s->augmenter) != DC3_OK ||
        dc3_trainer_open(&spec, NULL, DC3_F32, 2, &adamw, &s->trainer) != DC3_OK ||
        dc3_teacher_open(weights, NULL, SIZE, SIZE, 2, &s->teacher) != DC3_OK)
        fail_msg("%s", dc3_error_text());
}

/* The pieces, as options and by hand. */
enum { MSE_AVERAGED = 1, COSINE_RANDOM, HARD_UNMIXED };

static void set_recipe(const student *s, dc3_evaluate_options *o)
{
    if (s->recipe == MSE_AVERAGED) o->loss = DC3_LOSS_MSE, o->ema = 0.3, o->schedule = DC3_LR_COSINE;
    if (s->recipe == COSINE_RANDOM) o->loss = DC3_LOSS_COSINE, o->rand_ops = 2, o->rand_strength = 12;
    if (s->recipe == HARD_UNMIXED) o->cutmix = 0, o->smoothing = 0.2, o->crop = 0.3;
}

/* Averages with decay 0.3, less in the first steps: of the values so far, 1 of 10, 2 of 11, .. */
static void average(student *s, int step)
{
    double decay = step < 3 ? (1.0 + step) / (10 + step) : 0.3;
    for (size_t i = 0; i < s->trainer.count && s->recipe == MSE_AVERAGED; i++) {
        const dc3_tensor *value = &s->trainer.params[i].value;
        const float *from = value->data;
        if (value->dtype != DC3_F32) continue;
        for (int64_t j = 0; j < dc3_count(value); j++)
            s->averages[i][j] += (float)(1 - decay) * (from[j] - s->averages[i][j]);
    }
}

/* The first time copies of the values, then into their place. */
static void begin_averages(student *s)
{
    assert_true(s->trainer.count <= 64);
    for (size_t i = 0; i < s->trainer.count; i++) {
        size_t bytes = dc3_bytes(&s->trainer.params[i].value);
        s->averages[i] = malloc(bytes);
        memcpy(s->averages[i], s->trainer.params[i].value.data, bytes);
    }
}

static void end_averages(student *s)
{
    for (size_t i = 0; i < s->trainer.count; i++) {
        const dc3_tensor *value = &s->trainer.params[i].value;
        if (s->recipe == MSE_AVERAGED && value->dtype == DC3_F32) {
            memcpy(value->data, s->averages[i], dc3_bytes(value));
            dc3_param_changed(&s->trainer.params[i]);
        }
        free(s->averages[i]);
    }
}

static double rate(const student *s, int epoch)
{
    double part = s->recipe == MSE_AVERAGED ? 1 : 2;
    return 0.001 * 0.5 * (1 + cos(3.14159265358979323846 * epoch / EPOCHS / part));
}

static void close_student(student *s)
{
    dc3_teacher_close(&s->teacher);
    dc3_trainer_close(&s->trainer);
    dc3_augmenter_close(&s->augmenter);
    dc3_images_close(&s->images);
    dc3_images_close(&s->tests);
    dc3_dataset_close(&s->data);
    dc3_dataset_close(&s->val);
}

/* The teacher's logits of the views as they are. */
static void ask(student *s, int count)
{
    dc3_scope scope = dc3_scope_open(s->teacher.ctx);
    dc3_tensor embedding, x = dc3_view(s->views, DC3_F32, 4, (int64_t[]){count, SIZE, SIZE, 3});
    x = dc3_on_device(s->teacher.ctx, x);
    dc3_download(s->teacher.ctx, dc3_classifier_of(s->teacher.ctx, s->teacher.net, x, &embedding), s->logits);
    assert_int_equal(dc3_ctx_status(s->teacher.ctx), DC3_OK);
    dc3_scope_close(s->teacher.ctx, scope);
    dc3_ctx_clear(s->teacher.ctx);
}

/* One step on `count` images; returns the sum of their losses. */
static double step(student *s, int epoch, int number, int count, const int64_t *items)
{
    dc3_loaded_image batch[BATCH];
    dc3_view_params params[BATCH];
    int64_t found;
    double loss, lr = rate(s, epoch), crop = s->recipe == HARD_UNMIXED ? 0.3 : 0;
    assert_int_equal(dc3_images_batch(s->images, count, items, batch, &found), DC3_OK);
    for (int i = 0; i < count; i++)
        if (s->plain)
            params[i] = (dc3_view_params){.w = batch[i].width, .h = batch[i].height};
        else
            dc3_draw_rded(SEED, epoch, items[i], batch[i].width, batch[i].height, s->factor, crop,
                          &params[i]);
    for (int i = 0; i < count && s->recipe == COSINE_RANDOM; i++)
        dc3_draw_rand_augment(SEED, epoch, items[i], 2, 12, &params[i]);
    if (s->recipe == HARD_UNMIXED)
        dc3_draw_unmixed(count, params);
    else if (!s->plain)
        dc3_draw_cutmix(SEED, epoch, number, count, SIZE, params);
    assert_int_equal(dc3_augment(s->augmenter, count, batch, params, s->views), DC3_OK);
    for (int i = 0; i < count; i++) {
        const dc3_view_params *p = &params[i];
        float mixed = (float)((p->x1 - p->x0) * (p->y1 - p->y0)) / (SIZE * SIZE);
        s->labels[2 * i] = items[i] / EACH;
        s->labels[2 * i + 1] = s->plain ? items[i] / EACH : items[p->partner] / EACH;
        s->shares[2 * i] = 1 - mixed, s->shares[2 * i + 1] = mixed;
    }
    if (!s->hard) ask(s, count);
    dc3_target target = {.k = 2, .labels = s->labels, .weights = s->shares};
    if (s->recipe == HARD_UNMIXED) target.smoothing = 0.2f;
    if (!s->hard) target.logits = s->logits, target.loss = DC3_LOSS_KL, target.temperature = 20;
    if (s->recipe == MSE_AVERAGED) target.loss = DC3_LOSS_MSE, target.hard = 0.025f;
    if (s->recipe == COSINE_RANDOM)
        target.loss = DC3_LOSS_COSINE, target.hard = 0.1f, target.smoothing = 0.1f;
    if (dc3_trainer_step(&s->trainer, count, SIZE, s->views, &target, lr, &loss) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    return loss * count;
}

/* The loss of the last epoch, and the accuracy after it. */
static double train(student *s, dc3_accuracy *accuracy)
{
    int64_t order[N];
    double sum = 0;
    int steps = 0;
    open_student(s);
    begin_averages(s);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        dc3_draw_order(SEED, epoch, N, order);
        sum = 0;
        for (int first = 0; first < N; first += BATCH, average(s, steps++))
            sum += step(s, epoch, first / BATCH, N - first < BATCH ? N - first : BATCH, order + first);
    }
    end_averages(s);
    assert_int_equal(
        dc3_test_classifier(s->trainer.ctx, s->trainer.net, s->tests, SIZE, NULL, NULL, accuracy), DC3_OK);
    close_student(s);
    return sum / N;
}

static dc3_evaluate_options options_of(dc3_label_kind labels)
{
    dc3_evaluate_options o = dc3_evaluate_defaults();
    o.recipe = DC3_RECIPE_CLASSIC; /* the others are that and pieces */
    o.data = data, o.val = val, o.arch = "convnet3", o.labels = labels, o.dtype = DC3_COMPUTE_F32;
    o.epochs = EPOCHS, o.seed = SEED, o.threads = 2;
    if (labels != DC3_LABELS_HARD) o.teacher = weights;
    if (labels != DC3_LABELS_STORED) o.size = SIZE, o.batch = BATCH;
    return o;
}

static dc3_score evaluate(const dc3_evaluate_options *o)
{
    dc3_score score;
    if (dc3_evaluate(o, NULL, &score) != DC3_OK) fail_msg("%s", dc3_error_text());
    return score;
}

static void students(void **state)
{
    (void)state;
    static const struct {
        int factor, hard, plain, recipe;
    } kinds[] = {{1, 0, 0, 0},
                 {2, 0, 0, 0},
                 {1, 1, 0, 0},
                 {2, 1, 0, 0},
                 {1, 1, 1, 0},
                 {1, 0, 0, MSE_AVERAGED},
                 {2, 0, 0, COSINE_RANDOM},
                 {1, 1, 0, HARD_UNMIXED}};
    for (int k = 0; k < 8; k++) {
        static student s;
        dc3_accuracy accuracy;
        s = (student){.factor = kinds[k].factor, .hard = kinds[k].hard, .plain = kinds[k].plain};
        s.recipe = kinds[k].recipe;
        double expected = train(&s, &accuracy);
        dc3_evaluate_options o = options_of(s.hard ? DC3_LABELS_HARD : DC3_LABELS_SOFT);
        if (s.plain)
            o.augment = DC3_AUGMENT_NONE;
        else if (s.factor == 2)
            o.factor = 2; /* 1 is the default for so small views */
        set_recipe(&s, &o);
        dc3_score score = evaluate(&o);
        print_message("kind %d: loss %.9g and %.9g, top-1 %.4f\n", k, score.loss, expected, score.top1);
        if (!(fabs(score.loss - expected) < 1e-9 * expected)) fail_msg("kind %d: another loss", k);
        assert_true(score.top1 == accuracy.top1 && score.top5 == accuracy.top5);
        assert_int_equal(score.steps, EPOCHS * 3);
        assert_int_equal(score.test_images, 30);
        assert_true(score.lr == 0.001 && score.temperature == (s.hard || s.recipe ? 0 : 20));
    }
}

/* Labels that were stored with the student's seed are those that a teacher gives it, but for f16. */
static void stored_labels(void **state)
{
    (void)state;
    dc3_label_options l = dc3_label_defaults();
    dc3_label_report report;
    l.run = data, l.out = stored, l.teacher = weights, l.size = SIZE, l.factor = 2, l.batch = BATCH;
    l.views = EPOCHS, l.seed = SEED, l.threads = 2, l.rand_ops = 1, l.crop = 0.2, l.cutmix = 0;
    if (dc3_label(&l, &report) != DC3_OK) fail_msg("%s", dc3_error_text());
    dc3_evaluate_options soft = options_of(DC3_LABELS_SOFT), o = options_of(DC3_LABELS_STORED);
    soft.factor = 2, soft.rand_ops = 1, soft.crop = 0.2, soft.cutmix = 0, o.stored = stored, o.teacher = NULL;
    dc3_score asked = evaluate(&soft), read = evaluate(&o);
    print_message("loss %.9g with a teacher, %.9g with stored labels\n", asked.loss, read.loss);
    assert_true(fabs(asked.loss - read.loss) < 0.01 * asked.loss);
    assert_true(fabs(asked.top1 - read.top1) < 0.05);
}

/* The strong recipe draws crops from 0.7 of the area of whole images for soft labels; hard labels see all of
 * the area, and with factor 2 crops are from a half, as in every recipe. Stored labels know it too. */
static void crops_of_whole_images(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        dc3_label_kind labels = k == 1 ? DC3_LABELS_HARD : DC3_LABELS_SOFT;
        dc3_evaluate_options usual = options_of(labels), given;
        usual.recipe = DC3_RECIPE_STRONG, usual.factor = k == 2 ? 2 : 1;
        given = usual;
        given.crop = k == 1 ? 1 : k == 2 ? 0.5 : 0.7;
        dc3_score score = evaluate(&usual), same = evaluate(&given);
        assert_true(score.loss == same.loss);
        assert_true(!strstr(score.training, "crops from") == (k == 1 || k == 2));
        if (k == 3) given.crop = 1, assert_true(evaluate(&given).loss != score.loss);
    }
    dc3_label_options l = dc3_label_defaults();
    dc3_label_report report;
    l.run = data, l.out = stored, l.teacher = weights, l.size = SIZE, l.factor = 1, l.batch = BATCH,
    l.force = 1;
    l.views = EPOCHS, l.seed = SEED, l.threads = 2, l.recipe = DC3_RECIPE_STRONG;
    if (dc3_label(&l, &report) != DC3_OK) fail_msg("%s", dc3_error_text());
    dc3_evaluate_options soft = options_of(DC3_LABELS_SOFT), o = options_of(DC3_LABELS_STORED);
    soft.recipe = o.recipe = DC3_RECIPE_STRONG, o.stored = stored, o.teacher = NULL;
    dc3_score asked = evaluate(&soft), read = evaluate(&o);
    assert_true(fabs(asked.loss - read.loss) < 0.01 * asked.loss);
    assert_non_null(strstr(read.training, "crops from 0.7 of the area"));
}

/* What several students come to. */
typedef struct results {
    int count;
    dc3_score of[6];
} results;

static dc3_status collect(void *user, int number, const dc3_score *score)
{
    results *r = user;
    assert_int_equal(number, r->count);
    r->of[r->count++] = *score;
    return DC3_OK;
}

static void same_scores(const dc3_score *a, const dc3_score *b)
{
    assert_string_equal(a->arch, b->arch);
    assert_true(a->loss == b->loss && a->first_loss == b->first_loss && a->top1 == b->top1 &&
                a->top5 == b->top5);
    assert_true(a->best_top1 == b->best_top1 && a->best_epoch == b->best_epoch && a->steps == b->steps);
}

/* Students of two architectures and of seeds, listed in the order of a table. */
static void list_students(dc3_compute dtype, int threads, dc3_evaluate_options own[6],
                          const dc3_evaluate_options *list[6])
{
    for (int i = 0; i < 6; i++) {
        own[i] = options_of(i < 3 ? DC3_LABELS_SOFT : DC3_LABELS_HARD);
        own[i].arch = i % 3 == 2 ? "convnet4" : "convnet3";
        own[i].seed = (uint64_t)i;
        own[i].threads = threads, own[i].dtype = dtype;
        own[i].epochs = i % 2 ? EPOCHS : 2 * EPOCHS; /* the order in which they end is another */
        list[i] = &own[i];
    }
}

/* However many are trained side by side, each is what it is alone. */
static void side_by_side(void **state)
{
    (void)state;
    dc3_evaluate_options own[6];
    const dc3_evaluate_options *list[6];
    for (dc3_compute dtype = DC3_COMPUTE_AUTO; dtype <= DC3_COMPUTE_F32; dtype++) {
        results alone = {0};
        list_students(dtype, 1, own, list);
        for (int i = 0; i < 6; i++) alone.of[i] = evaluate(list[i]);
        for (int threads = 1; threads <= 4; threads++) {
            results together = {0};
            list_students(dtype, threads, own, list);
            if (threads > 1 && !dc3_same_for_threads(dtype == DC3_COMPUTE_F32 ? DC3_F32 : DC3_BF16)) break;
            assert_int_equal(dc3_evaluate_all(list, 6, NULL, collect, &together), DC3_OK);
            assert_int_equal(together.count, 6);
            for (int i = 0; i < 6; i++) same_scores(&alone.of[i], &together.of[i]);
        }
    }
}

/* `dry_run` is not read: the students are trained and tested. */
static void dry_run_of_several(void **state)
{
    (void)state;
    dc3_evaluate_options own = options_of(DC3_LABELS_HARD);
    dc3_score alone = evaluate(&own);
    results some = {0};
    own.dry_run = 1;
    assert_int_equal(dc3_evaluate_all((const dc3_evaluate_options *[]){&own}, 1, NULL, collect, &some),
                     DC3_OK);
    assert_int_equal(some.count, 1);
    same_scores(&alone, &some.of[0]);
}

/* Students of two parts of one dataset, each of which has images of its own: not those of the one before. */
static void parts_of_a_dataset(void **state)
{
    (void)state;
    char *list = dc3_path_join(folder, "list.csv");
    FILE *to = fopen(list, "w");
    assert_non_null(to);
    fprintf(to, "path,label,split\n");
    for (int i = 0; i < N; i++)
        fprintf(to, "%s/%d/%d.png,%d,%s\n", data, i / EACH, i % EACH, i / EACH, i % EACH ? "some" : "one");
    assert_int_equal(fclose(to), 0);
    const char *const splits[] = {"some", "one", "one", "some"};
    dc3_evaluate_options own[4];
    const dc3_evaluate_options *students[4];
    dc3_score alone[4];
    for (int i = 0; i < 4; i++) {
        own[i] = options_of(DC3_LABELS_HARD);
        own[i].data = list, own[i].choice.split = splits[i];
        students[i] = &own[i];
        alone[i] = evaluate(&own[i]);
    }
    results together = {0};
    assert_int_equal(dc3_evaluate_all(students, 4, NULL, collect, &together), DC3_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(together.of[i].images, i % 3 ? SHAPED_CLASSES : N - SHAPED_CLASSES);
        same_scores(&alone[i], &together.of[i]);
    }
    free(list);
}

/* Of a list with one that fails those before it are scored, and the error is its own; so where the listener
 * cancels. */
static void one_fails(void **state)
{
    (void)state;
    dc3_evaluate_options own[6];
    const dc3_evaluate_options *list[6];
    static dc3_cancel stop;
    for (int threads = 1; threads <= 3; threads += 2) {
        results some = {0};
        list_students(DC3_COMPUTE_AUTO, threads, own, list);
        own[3].lr = 1e30, own[4].epochs = 10000;
        assert_int_equal(dc3_evaluate_all(list, 6, NULL, collect, &some), DC3_ERR_OPTION);
        assert_int_equal(some.count, 3);
        assert_string_equal(dc3_error_setting(), "lr");
        assert_non_null(strstr(dc3_error_text(), "expected more than 0 and at most 1000, found 1e+30"));
        dc3_cancel_set(&stop);
        own[3].lr = 0, own[0].listener.cancel = &stop;
        assert_int_equal(dc3_evaluate_all(list, 6, NULL, collect, &some), DC3_ERR_CANCELLED);
        assert_int_equal(some.count, 3);
    }
}

/* A score is found again in the list, which keeps six digits of a number. */
static void score_of_many_digits(void **state)
{
    (void)state;
    char *file = dc3_path_join(folder, "digits.json");
    char *text;
    size_t size;
    for (int i = 0; i < 2; i++)
        if (dc3_scores_add(file, "{\"top1\": 0.123456789}") != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_file_read(file, 1 << 20, &text, &size), DC3_OK);
    json_t *rows = json_loadb(text, size, 0, NULL);
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    free(text), free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(students),
                                       cmocka_unit_test(stored_labels),
                                       cmocka_unit_test(crops_of_whole_images),
                                       cmocka_unit_test(side_by_side),
                                       cmocka_unit_test(dry_run_of_several),
                                       cmocka_unit_test(parts_of_a_dataset),
                                       cmocka_unit_test(one_fails),
                                       cmocka_unit_test(score_of_many_digits)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
