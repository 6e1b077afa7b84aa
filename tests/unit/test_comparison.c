/* A comparison's lines, table and settings. */
#include "support/small_dataset.h"
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "dc3/condense.h"
#include "compare/comparing.h"
#include "compare/time_left.h"
#include "io/safetensors.h"

static char folder[] = "/tmp/dc3-comparison-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    small_dataset(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

/* ---- results ---- */

enum { IPCS = 10, METHODS = 10, ARCHS = 5, KINDS = 2, VIEWS = 2, SEEDS = 10 };
static const char *const kinds[] = {"soft", "hard"}, *const views[] = {"rded", "none"};

/* Cell i of 20,000, whose names are in `names`; neighbours differ in each of their members. */
static dc3_cell cell_of(int i, char names[2][16])
{
    int n = i * 7919 % (IPCS * METHODS * ARCHS * KINDS * VIEWS * SEEDS); /* in no order */
    dc3_cell w = {.seed = n % SEEDS, .method = names[0], .arch = names[1]};
    n /= SEEDS;
    w.augment = views[n % VIEWS], n /= VIEWS;
    w.labels = kinds[n % KINDS], n /= KINDS;
    snprintf(names[1], 16, "net%d", n % ARCHS), n /= ARCHS;
    snprintf(names[0], 16, "method%d", n % METHODS), n /= METHODS;
    w.ipc = n + 1;
    return w;
}

static json_t *line_of(const dc3_cell *w, int i)
{
    return json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:i}", "ipc", w->ipc, "seed", w->seed, "method",
                     w->method, "arch", w->arch, "labels", w->labels, "augment", w->augment, "top1", i);
}

static int found(const dc3_results *r, const dc3_cell *w)
{
    const json_t *line = dc3_results_find(r, w);
    return line ? (int)json_integer_value(json_object_get(line, "top1")) : -1;
}

static void each_of_20000_lines(void **state)
{
    (void)state;
    enum { COUNT = IPCS * METHODS * ARCHS * KINDS * VIEWS * SEEDS };
    char names[2][16];
    dc3_results r = {0}, again;
    assert_int_equal(dc3_results_read(folder, "rded", &r), DC3_OK);
    for (int i = 0; i < COUNT; i++) {
        dc3_cell w = cell_of(i, names);
        assert_int_equal(found(&r, &w), -1);
        assert_int_equal(dc3_results_add(&r, line_of(&w, i)), DC3_OK);
    }
    dc3_cell twice = cell_of(5, names);
    assert_int_equal(dc3_results_add(&r, line_of(&twice, COUNT)), DC3_OK);
    assert_int_equal(dc3_results_write(folder, &r), DC3_OK);
    assert_int_equal(dc3_results_read(folder, "rded", &again), DC3_OK);
    for (int i = 0; i < COUNT; i++) {
        dc3_cell w = cell_of(i, names), other = w;
        assert_int_equal(found(&r, &w), i);
        assert_int_equal(found(&again, &w), i);
        other.seed = SEEDS;
        assert_int_equal(found(&r, &other), -1);
        /* Of any seed: the first line. */
        other.seed = -1;
        int first = found(&r, &other);
        assert_true(first >= 0 && first <= i);
        dc3_cell same = cell_of(first, names);
        same.seed = w.seed;
        assert_int_equal(found(&r, &same), i);
    }
    dc3_cell missing = {.ipc = 1, .method = "method0", .arch = "net0", .labels = "soft", .augment = "stored"};
    assert_int_equal(found(&again, &missing), -1);
    dc3_results_free(&r);
    dc3_results_free(&again);
}

/* Lines that say less are there and of no cell; a missing seed is 0, missing views are as the call says. */
static void lines_that_say_less(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/results.jsonl", folder);
    static const char text[] =
        "{\"ipc\": 1, \"method\": 3, \"arch\": \"a\", \"labels\": \"soft\"}\n{}\n"
        "{\"ipc\": 1, \"method\": \"m\", \"arch\": \"a\", \"labels\": \"soft\", \"top1\": 9}\n";
    assert_int_equal(dc3_file_write(path, text, sizeof text - 1), DC3_OK);
    dc3_results r;
    assert_int_equal(dc3_results_read(folder, "none", &r), DC3_OK);
    assert_int_equal(json_array_size(r.lines), 3);
    dc3_cell w = {.ipc = 1, .method = "m", .arch = "a", .labels = "soft", .augment = "none"};
    assert_int_equal(found(&r, &w), 9);
    w.augment = "rded";
    assert_int_equal(found(&r, &w), -1);
    dc3_results_free(&r);
    unlink(path);
}

/* ---- budgets ---- */

static dc3_cell cell_of_budget(int64_t budget, int ipc)
{
    return (dc3_cell){.ipc = ipc,
                      .budget = budget,
                      .method = "random",
                      .arch = "convnet3",
                      .labels = "hard",
                      .augment = "rded"};
}

static json_t *line_of_amount(const char *key, int64_t amount, double seconds)
{
    return json_pack("{s:I, s:i, s:s, s:s, s:s, s:s, s:i, s:f, s:f}", key, (json_int_t)amount, "seed", 0,
                     "method", "random", "arch", "convnet3", "labels", "hard", "augment", "rded", "top1",
                     (int)amount, "seconds_evaluate", seconds, "seconds_condense", 0.0);
}

/* As many bytes as images of a class are another cell, in another folder. */
static void budgets_beside_images(void **state)
{
    (void)state;
    dc3_results r = {.lines = json_array()};
    dc3_cell bytes = cell_of_budget(50, 0), images = cell_of_budget(0, 50), other = cell_of_budget(51, 0);
    assert_int_equal(dc3_results_add(&r, line_of_amount("budget", 50, 100)), DC3_OK);
    assert_null(dc3_results_find(&r, &images));
    assert_int_equal(found(&r, &bytes), 50);
    assert_int_equal(found(&r, &other), -1);
    assert_int_equal(dc3_results_add(&r, line_of_amount("ipc", 50, 7)), DC3_OK);
    assert_ptr_not_equal(dc3_results_find(&r, &images), dc3_results_find(&r, &bytes));
    char text[DC3_NUMBER_TEXT], *a = dc3_cell_folder("o", &bytes), *b = dc3_cell_folder("o", &images);
    assert_string_equal(a, "o/budget50/random/seed0");
    assert_string_equal(b, "o/ipc50/random/seed0");
    assert_string_equal(dc3_cell_amount_text(&bytes, text), "50 bytes");
    free(a), free(b);
    /* Time that is left goes by the lines of the same kind of amount: 200 bytes take four times as long. */
    json_t *wanted = json_pack("{s:i, s:[i, i], s:[s], s:[s], s:[s], s:[s]}", "seeds", 1, "budget", 50, 200,
                               "method", "random", "arch", "convnet3", "labels", "hard", "augment", "rded");
    assert_int_equal(dc3_wanted_count(wanted), 2);
    assert_int_equal(dc3_wanted_cell(wanted, 1).budget, 200);
    assert_int_equal(dc3_wanted_cell(wanted, 1).ipc, 0);
    assert_float_equal(dc3_seconds_left(wanted, &r), 400, 1e-6);
    json_decref(wanted);
    wanted = json_pack("{s:i, s:[i], s:[s], s:[s], s:[s], s:[s]}", "seeds", 1, "ipc", 100, "method", "random",
                       "arch", "convnet3", "labels", "hard", "augment", "rded");
    assert_float_equal(dc3_seconds_left(wanted, &r), 14, 1e-6);
    json_decref(wanted);
    dc3_results_free(&r);
}

/* ---- the table ---- */

static long allowed = -1; /* allocations until one fails; -1: none does */

static void *failing_malloc(size_t size)
{
    if (allowed == 0) return NULL;
    if (allowed > 0) allowed--;
    return malloc(size);
}

/* Without memory there is an error, or the whole table, never a part of it. */
static void table_without_memory(void **state)
{
    (void)state;
    static const int ipcs[] = {1, 0};
    static const char *const methods[] = {"random", "dc3", NULL}, *const archs[] = {"convnet3", NULL};
    static const dc3_label_kind labels[] = {DC3_LABELS_SOFT, DC3_LABELS_HARD, DC3_LABELS_END};
    dc3_compare_options o = dc3_compare_defaults();
    o.out = folder, o.ipcs = ipcs, o.methods = methods, o.archs = archs, o.labels = labels, o.seeds = 2;
    o.augment_robust = 1;
    dc3_compare_report report = {0};
    dc3_tests tests = {0};
    dc3_comparing c = {.options = &o, .report = &report, .tests = &tests, .real_hard = 0.9};
    assert_int_equal(dc3_results_read(folder, "rded", &c.results), DC3_OK);
    for (int i = 0; i < 16; i++) {
        dc3_cell w = {.ipc = 1,
                      .seed = i & 1,
                      .method = methods[i >> 1 & 1],
                      .arch = archs[0],
                      .labels = kinds[i >> 2 & 1],
                      .augment = views[i >> 3 & 1]};
        assert_int_equal(dc3_results_add(&c.results, line_of(&w, i)), DC3_OK);
    }
    char *table = NULL, *json = NULL;
    json_set_alloc_funcs(failing_malloc, free);
    long failures = 0;
    for (long limit = -1; limit < 4000; limit++) {
        report = (dc3_compare_report){0};
        allowed = limit;
        dc3_status status = dc3_comparing_table(&c);
        allowed = -1;
        if (limit < 0) {
            assert_int_equal(status, DC3_OK);
            table = report.table, json = report.json;
            continue;
        }
        assert_true(status == DC3_OK || status == DC3_ERR_MEMORY);
        if (status == DC3_OK) {
            assert_string_equal(report.table, table);
            assert_string_equal(report.json, json);
        }
        failures += status != DC3_OK;
        free(report.table), free(report.json);
        if (status == DC3_OK) break;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 50);
    assert_non_null(strstr(json, "augmentation_robust_score"));
    free(table), free(json);
    dc3_results_free(&c.results);
}

/* ---- settings ---- */

static dc3_compare_options random_images(char paths[3][256])
{
    static const int ipcs[] = {1, 0};
    static const char *const methods[] = {"random", NULL}, *const archs[] = {"convnet3", NULL};
    static const dc3_label_kind labels[] = {DC3_LABELS_HARD, DC3_LABELS_END};
    dc3_compare_options o = dc3_compare_defaults();
    o.ipcs = ipcs, o.methods = methods, o.archs = archs, o.labels = labels, o.seeds = 1;
    snprintf(paths[0], 256, "%s/data", folder);
    snprintf(paths[1], 256, "%s/table", folder);
    snprintf(paths[2], 256, "%s/prompts", folder);
    o.condense.data = o.evaluate.val = paths[0], o.out = paths[1];
    o.condense.teacher = "none", o.condense.select.threads = 1;
    o.evaluate.epochs = 1, o.evaluate.size = o.condense.size = o.condense.teacher_size = 16;
    return o;
}

static dc3_status compare(const dc3_compare_options *o, int done)
{
    dc3_compare_report report;
    dc3_status status = dc3_compare(o, &report);
    if (status == DC3_OK) assert_int_equal(report.done, done);
    free(report.table), free(report.json);
    return status;
}

static void refused_for(const dc3_compare_options *o, const char *text)
{
    assert_int_equal(compare(o, 0), DC3_ERR_ARGUMENT);
    if (!strstr(dc3_error_text(), text)) fail_msg("expected '%s' in: %s", text, dc3_error_text());
}

static void refused(const dc3_compare_options *o, const char *setting)
{
    char text[64];
    snprintf(text, sizeof text, "holds scores of another '%s'; use another folder", setting);
    refused_for(o, text);
}

/* All that differs is named, and the recipe alone as what to give. */
static void refused_by_name(const dc3_compare_options *usual)
{
    dc3_compare_options o = *usual;
    o.condense.select.bins = 3, o.evaluate.batch = 5, o.condense.select.lambda = 2;
    refused_for(&o, "holds scores of another 'batch', 'bins' and 'lambda'; use another folder");
    o = *usual;
    o.evaluate.recipe = DC3_RECIPE_CLASSIC;
    refused_for(&o, "holds scores of the recipe strong; give ");
    o.condense.select.bins = 3;
    refused_for(&o,
                "holds scores of another 'bins' and of the recipe strong; use another folder, or give what ");
}

static void all_refused(const dc3_compare_options *usual, const char *prompts)
{
    dc3_compare_options o = *usual;
    dc3_condense_options *d = &o.condense;
#define REFUSED(change, setting) (change, refused(&o, setting), o = *usual)
    REFUSED(d->detail = DC3_DETAIL_EDIT, "detail");
    REFUSED(d->sampler = DC3_EULER, "sampler");
    REFUSED(d->prompts = prompts, "prompts");
    REFUSED(d->format = DC3_WEBP, "format");
    REFUSED(d->dtype = DC3_COMPUTE_F32, "condense_dtype");
    REFUSED(d->feature_size = 8, "feature_size");
    REFUSED(d->size = 24, "image_size");
    REFUSED(d->teacher_size = 24, "teacher_size");
    REFUSED(d->factor = 2, "rded_factor");
    REFUSED(d->select.objective = DC3_FACILITY_LOCATION, "objective");
    REFUSED(d->select.maximizer = DC3_LAZY_GREEDY, "maximizer");
    REFUSED(d->select.gradient = DC3_GRADIENT_DOUBLE_SOFTMAX, "gradient");
    REFUSED(d->select.components = 3, "components");
    REFUSED(d->select.lambda = 2, "lambda");
    REFUSED(d->select.epsilon = 0.5, "epsilon");
    REFUSED(d->select.beta = 0.5, "beta");
#undef REFUSED
}

/* Sizes of sets are one list, each once, in place of the condensing's own. */
static void amounts(void **state)
{
    (void)state;
    static const int64_t twice[] = {4000, 3000, 4000, 0}, none[] = {0}, below[] = {-5, 0}, good[] = {4000, 0};
    char paths[3][256];
    const dc3_compare_options usual = random_images(paths);
    dc3_compare_options o = usual;
#define REFUSED(change, setting, text)                                                                       \
    do {                                                                                                     \
        change;                                                                                              \
        assert_int_equal(compare(&o, 0), DC3_ERR_OPTION);                                                    \
        assert_string_equal(dc3_error_setting(), setting);                                                   \
        assert_non_null(strstr(dc3_error_text(), text));                                                     \
        o = usual;                                                                                           \
    } while (0)
    REFUSED(o.budgets = good, "budgets", "ipcs and budgets: expected one of them");
    REFUSED(o.budgets = twice; o.ipcs = NULL, "budgets", "4000 is given twice");
    REFUSED(o.budgets = none; o.ipcs = NULL, "budgets", "expected bytes, found none");
    REFUSED(o.budgets = below; o.ipcs = NULL, "budgets", "expected 1 or more, found -5");
    REFUSED(o.condense.budget = 4000, "ipcs", "leave out total, fraction and budget");
    REFUSED(o.budgets = good; o.ipcs = NULL; o.condense.total = 4, "budgets", "leave out total");
    REFUSED(o.ipcs = NULL, "ipcs", "");
#undef REFUSED
}

/* What the scores of a folder depend on is the same in each call, also for folders of earlier versions, whose
 * compare.json does not tell. */
static void scores_of_other_settings(void **state)
{
    (void)state;
    char paths[3][256];
    dc3_compare_options o = random_images(paths);
    assert_int_equal(dc3_file_write(paths[2], "warm: a\ncold: b\n", 16), DC3_OK);
    assert_int_equal(compare(&o, 1), DC3_OK);
    assert_int_equal(compare(&o, 0), DC3_OK);
    all_refused(&o, paths[2]);
    assert_int_equal(compare(&o, 0), DC3_OK);
    /* A folder whose scores are not of the usual settings. */
    char other[256];
    snprintf(other, sizeof other, "%s/other", folder);
    refused_by_name(&o);
    o.out = other;
    o.condense.prompts = paths[2], o.condense.format = DC3_WEBP;
    assert_int_equal(compare(&o, 1), DC3_OK);
    assert_int_equal(compare(&o, 0), DC3_OK);
    assert_int_equal(dc3_file_write(paths[2], "warm: a\ncold: c\n", 16), DC3_OK);
    refused(&o, "prompts");
    o.condense.prompts = NULL;
    refused(&o, "prompts");
}

static int removed;

/* At the first set the file of features goes. */
static void remove_features(void *user, const char *stage, int64_t done, int64_t total)
{
    (void)stage, (void)done, (void)total;
    if (!removed) removed = remove(user) == 0;
}

/* All sets are chosen by one reading of a file of features. */
static void features_read_once(void **state)
{
    enum { ROWS = 20, LENGTH = 3 };
    (void)state;
    static const char *const methods[] = {"k-center", "kmeans", "random", "herding", NULL};
    char paths[3][256], file[256], out[256];
    float rows[ROWS * LENGTH];
    dc3_compare_options o = random_images(paths);
    dc3_table *table = dc3_table_new("rows");
    for (int i = 0; i < ROWS * LENGTH; i++) rows[i] = (float)(i * i % 17);
    snprintf(file, sizeof file, "%s/rows.safetensors", folder);
    snprintf(out, sizeof out, "%s/once", folder);
    dc3_tensor values = dc3_view(rows, DC3_F32, 2, (int64_t[]){ROWS, LENGTH});
    assert_int_equal(dc3_table_add(table, "embeddings", values), DC3_OK);
    assert_int_equal(dc3_safetensors_save(file, table), DC3_OK);
    dc3_table_close(&table);
    o.methods = methods, o.out = out, o.condense.features = file;
    o.condense.listener.user = file, o.condense.listener.progress = remove_features;
    if (compare(&o, 4) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_true(removed);
}

/* Above a stored image that nothing changed stands the same: the original at the stored size, enlarged alike.
 * The run is of the test before. */
static void sheet_of_equal_pairs(void **state)
{
    (void)state;
    enum { TILE = 96, TOP = 4 + 18 }; /* below the gap and the name */
    char run[256], path[256];
    dc3_image sheet;
    snprintf(run, sizeof run, "%s/table/ipc1/random/seed0", folder);
    snprintf(path, sizeof path, "%s/sheet.png", folder);
    assert_int_equal(dc3_contact_command(run, NULL, path, 1, 0, NULL), DC3_OK);
    assert_int_equal(dc3_image_read(path, 0, 0, DC3_FIT_CROP, &sheet), DC3_OK);
    assert_true(sheet.height >= TOP + 2 * TILE);
    size_t row = (size_t)sheet.width * 3;
    assert_memory_equal(sheet.pixels + TOP * row, sheet.pixels + (TOP + TILE) * row, TILE * row);
    dc3_image_free(&sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_of_20000_lines),
                                       cmocka_unit_test(lines_that_say_less),
                                       cmocka_unit_test(budgets_beside_images),
                                       cmocka_unit_test(table_without_memory),
                                       cmocka_unit_test(amounts),
                                       cmocka_unit_test(scores_of_other_settings),
                                       cmocka_unit_test(features_read_once),
                                       cmocka_unit_test(sheet_of_equal_pairs)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
