/* Every public call refuses options that are missing, not begun with their defaults call, or of a later
 * version, and options without what they need, in one clear sentence; and leaves its results empty. */
#include "support/random_tensors.h"
#include <limits.h>
#include <math.h>
#include "dc3/dc3.h"

static void refused(dc3_status got, const char *text)
{
    if (got != DC3_ERR_ARGUMENT || strncmp(dc3_error_text(), text, strlen(text)) != 0)
        fail_msg("expected '%s..', found status %d and '%s'", text, got, dc3_error_text());
}

/* The same of a setting, whose name the text begins with. */
static void refused_setting(dc3_status got, const char *text)
{
    size_t name = strcspn(text, ":");
    if (got != DC3_ERR_OPTION || strncmp(dc3_error_text(), text, strlen(text)) != 0)
        fail_msg("expected '%s..', found status %d and '%s'", text, got, dc3_error_text());
    assert_int_equal(strlen(dc3_error_setting()), name);
    assert_memory_equal(dc3_error_setting(), text, name);
}

/* CALL: an expression that calls with `o`, a pointer to options `type`. */
#define SIZES(type, defaults, CALL)                                                                          \
    do {                                                                                                     \
        type own = defaults(), *o = NULL;                                                                    \
        assert_int_equal(own.struct_size, sizeof own);                                                       \
        refused(CALL, #type ": expected options, found NULL");                                               \
        o = &own;                                                                                            \
        o->struct_size = 0;                                                                                  \
        refused(CALL, #type ": struct_size is 0, expected");                                                 \
        o->struct_size = sizeof own + 8;                                                                     \
        refused(CALL, #type ": struct_size is");                                                             \
    } while (0)
/* FIELDS: an expression that sets some fields of *o. */
#define NEEDS(type, defaults, FIELDS, CALL, name)                                                            \
    do {                                                                                                     \
        type own = defaults(), *o = &own;                                                                    \
        (void)(FIELDS);                                                                                      \
        refused_setting(CALL, name ": expected a value, found NULL");                                        \
    } while (0)

static void condensations(void **state)
{
    (void)state;
    dc3_condense_report r = {.images = 5};
    SIZES(dc3_condense_options, dc3_condense_defaults, dc3_condense(o, &r));
    SIZES(dc3_condense_options, dc3_condense_defaults, dc3_compensate_command(o, &r));
    SIZES(dc3_condense_options, dc3_condense_defaults, dc3_bins_command(o, &r));
    SIZES(dc3_condense_options, dc3_condense_defaults, dc3_select_command(o, &r));
    SIZES(dc3_condense_options, dc3_condense_defaults, dc3_edit_command(o, "in.png", "rainy"));
    assert_int_equal(r.images, 0);
#define CONDENSE(FIELDS, CALL, name) NEEDS(dc3_condense_options, dc3_condense_defaults, FIELDS, CALL, name)
    CONDENSE(o->out = "out", dc3_condense(o, &r), "data");
    CONDENSE(o->data = "data", dc3_condense(o, &r), "out");
    CONDENSE(o->out = "out", dc3_compensate_command(o, &r), "data");
    CONDENSE(o->data = "data", dc3_compensate_command(o, &r), "out");
    CONDENSE(o->out = "out", dc3_bins_command(o, &r), "data");
    CONDENSE(o->data = "data", dc3_bins_command(o, &r), "out");
    CONDENSE(o->data = "data", dc3_select_command(o, &r), "out");
    CONDENSE(0, dc3_edit_command(o, "in.png", "rainy"), "out");
    CONDENSE(o->out = "out.png", dc3_edit_command(o, NULL, "rainy"), "image");
    dc3_condense_options own = dc3_condense_defaults();
    own.data = own.out = "data", own.select.struct_size = 1;
    refused(dc3_condense(&own, &r), "dc3_select_options: struct_size is 1, expected");
    refused_setting(dc3_contact_command(NULL, NULL, "sheet.png", 1, 0, NULL), "run: expected a value");
    refused_setting(dc3_contact_command("run", NULL, NULL, 1, 0, NULL), "png: expected a value");
    dc3_selection chosen;
    refused_setting(dc3_select_file_to(NULL, NULL, "rows.json", 0, &chosen), "path: expected a value");
    refused_setting(dc3_select_file_to(NULL, "x", NULL, 0, &chosen), "out: expected a value");
}

static void wrong_constants(void **state)
{
    (void)state;
    dc3_condense_report r;
#define CONSTANT(field, value)                                                                               \
    do {                                                                                                     \
        dc3_condense_options own = dc3_condense_defaults();                                                  \
        own.data = own.out = DC3_TEST_DATA "/none", own.field = value;                                       \
        refused_setting(dc3_condense(&own, &r), #field ": expected a constant from");                        \
    } while (0)
    CONSTANT(fit, (dc3_fit)3);
    CONSTANT(fit, (dc3_fit)-2);
    CONSTANT(format, (dc3_image_format)4);
    CONSTANT(combine, (dc3_combine)4);
    CONSTANT(combine, (dc3_combine)-1);
    dc3_train_options train = dc3_train_defaults();
    dc3_train_report trained;
    train.data = train.out = "x", train.optimizer = (dc3_optimizer_kind)2;
    refused_setting(dc3_train(&train, &trained), "optimizer: expected a constant from 0 to 1, found 2");
    dc3_evaluate_options evaluate = dc3_evaluate_defaults();
    dc3_score score;
    evaluate.data = evaluate.val = "x", evaluate.labels = DC3_LABELS_END;
    refused_setting(dc3_evaluate(&evaluate, NULL, &score),
                    "labels: expected a constant from 0 to 2, found -1");
    evaluate.labels = DC3_LABELS_HARD, evaluate.augment = (dc3_augment_kind)2;
    refused_setting(dc3_evaluate(&evaluate, NULL, &score), "augment: expected a constant");
    evaluate.augment = DC3_AUGMENT_RDED, evaluate.dtype = (dc3_compute)9;
    refused_setting(dc3_evaluate(&evaluate, NULL, &score), "dtype: expected a constant");
}

static void trainings_and_scores(void **state)
{
    (void)state;
    dc3_train_report trained = {.images = 5};
    SIZES(dc3_train_options, dc3_train_defaults, dc3_train(o, &trained));
    NEEDS(dc3_train_options, dc3_train_defaults, o->out = "x", dc3_train(o, &trained), "data");
    assert_true(trained.images == 0 && trained.top1 == -1);
    dc3_label_report labelled;
    SIZES(dc3_label_options, dc3_label_defaults, dc3_label(o, &labelled));
    NEEDS(dc3_label_options, dc3_label_defaults, o->teacher = "x", dc3_label(o, &labelled), "run");
    dc3_score score;
    SIZES(dc3_evaluate_options, dc3_evaluate_defaults, dc3_evaluate(o, NULL, &score));
    NEEDS(dc3_evaluate_options, dc3_evaluate_defaults, o->val = "x", dc3_evaluate(o, NULL, &score), "data");
    dc3_tests *tests = NULL;
    assert_int_equal(dc3_tests_new(NULL, &tests), DC3_OK);
    dc3_tests_free(&tests);
    assert_null(tests);
}

static void comparisons(void **state)
{
    (void)state;
    static const int ipcs[] = {1, 0};
    static const char *const names[] = {"random", NULL}, *const archs[] = {"convnet3", NULL};
    dc3_compare_report r = {.table = NULL};
    SIZES(dc3_compare_options, dc3_compare_defaults, dc3_compare(o, &r));
#define COMPARE(FIELDS, name)                                                                                \
    NEEDS(dc3_compare_options, dc3_compare_defaults, FIELDS, dc3_compare(o, &r), name)
    COMPARE(o->ipcs = ipcs, "data");
    COMPARE((o->condense.data = "x", o->methods = names), "ipcs");
    COMPARE((o->condense.data = "x", o->ipcs = ipcs), "methods");
    COMPARE((o->condense.data = "x", o->ipcs = ipcs, o->methods = names), "archs");
    COMPARE((o->condense.data = "x", o->ipcs = ipcs, o->methods = names, o->archs = archs), "labels");
    dc3_compare_options own = dc3_compare_defaults();
    own.evaluate.struct_size = 0;
    refused(dc3_compare(&own, &r), "dc3_evaluate_options: struct_size is 0");
    own = dc3_compare_defaults(), own.condense.struct_size += 8;
    refused(dc3_compare(&own, &r), "dc3_condense_options: struct_size is");
    own = dc3_compare_defaults(), own.condense.select.struct_size = 0;
    refused(dc3_compare(&own, &r), "dc3_select_options: struct_size is 0");
    assert_true(!r.table && !r.json);
}

static void descriptions(void **state)
{
    (void)state;
    dc3_measure_report measured;
    SIZES(dc3_measure_options, dc3_measure_defaults, dc3_measure(o, &measured));
    NEEDS(dc3_measure_options, dc3_measure_defaults, 0, dc3_measure(o, &measured), "data");
    dc3_report_result reported;
    SIZES(dc3_report_options, dc3_report_defaults, dc3_report(o, &reported));
    NEEDS(dc3_report_options, dc3_report_defaults, 0, dc3_report(o, &reported), "run");
    dc3_info_report info;
    SIZES(dc3_info_options, dc3_info_defaults, dc3_info(o, &info));
    NEEDS(dc3_info_options, dc3_info_defaults, 0, dc3_info(o, &info), "path");
    dc3_selection selection;
    SIZES(dc3_select_options, dc3_select_defaults,
          dc3_select_file(o, DC3_TEST_DATA "/none.safetensors", &selection));
    NEEDS(dc3_select_options, dc3_select_defaults, 0, dc3_select_file(o, NULL, &selection), "path");
}

/* OpenMP ends the process where it is asked for odd numbers of threads. */
static void numbers_of_threads(void **state)
{
    (void)state;
    static const char *const data[] = {"/none", NULL};
    static const int odd[] = {-1, 1025, INT_MIN, INT_MAX};
#define THREADS(type, defaults, FIELDS, CALL)                                                                \
    for (int i = 0; i < 4; i++) {                                                                            \
        type own = defaults(), *o = &own;                                                                    \
        int threads = odd[i];                                                                                \
        (void)(FIELDS);                                                                                      \
        refused_setting(CALL, "threads: expected 1 to 1024, found");                                         \
    }
    dc3_condense_report made;
#define COMMAND(CALL)                                                                                        \
    THREADS(dc3_condense_options, dc3_condense_defaults,                                                     \
            (o->data = o->out = "/none", o->select.threads = threads), CALL)
    COMMAND(dc3_condense(o, &made));
    COMMAND(dc3_compensate_command(o, &made));
    COMMAND(dc3_bins_command(o, &made));
    COMMAND(dc3_select_command(o, &made));
    COMMAND(dc3_edit_command(o, "in.png", "rainy"));
    dc3_train_report trained;
    THREADS(dc3_train_options, dc3_train_defaults, o->threads = threads, dc3_train(o, &trained));
    dc3_label_report labelled;
    THREADS(dc3_label_options, dc3_label_defaults, o->threads = threads, dc3_label(o, &labelled));
    dc3_score score;
    THREADS(dc3_evaluate_options, dc3_evaluate_defaults, o->threads = threads, dc3_evaluate(o, NULL, &score));
    dc3_compare_report compared;
    THREADS(dc3_compare_options, dc3_compare_defaults, o->condense.select.threads = threads,
            dc3_compare(o, &compared));
    THREADS(dc3_compare_options, dc3_compare_defaults, o->evaluate.threads = threads,
            dc3_compare(o, &compared));
    dc3_measure_report measured;
    THREADS(dc3_measure_options, dc3_measure_defaults, (o->data = data, o->threads = threads),
            dc3_measure(o, &measured));
    dc3_report_result reported;
    THREADS(dc3_report_options, dc3_report_defaults, o->threads = threads, dc3_report(o, &reported));
    dc3_info_report info;
    THREADS(dc3_info_options, dc3_info_defaults, o->threads = threads, dc3_info(o, &info));
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    const double wrong[] = {NAN, INFINITY, -INFINITY, -0.5};
    dc3_train_options train = dc3_train_defaults();
    dc3_train_report trained;
    dc3_evaluate_options evaluate = dc3_evaluate_defaults();
    dc3_score score;
    train.data = train.out = evaluate.data = evaluate.val = "/tmp/none";
    for (int i = 0; i < 4; i++) {
        train.weight_decay = evaluate.weight_decay = wrong[i];
        refused_setting(dc3_train(&train, &trained), "weight_decay: expected 0 to 1000, found");
        refused_setting(dc3_evaluate(&evaluate, NULL, &score), "weight_decay: expected 0 to 1000, found");
    }
}

/* A call that is given no place for its result says so; what frees takes NULL. */
static void missing_places(void **state)
{
    (void)state;
    dc3_condense_options condense = dc3_condense_defaults();
    refused(dc3_condense(&condense, NULL), "report: expected a place for it, found NULL");
    refused(dc3_compensate_command(&condense, NULL), "report: expected a place");
    refused(dc3_bins_command(&condense, NULL), "report: expected a place");
    refused(dc3_select_command(&condense, NULL), "report: expected a place");
    refused(dc3_train(&(dc3_train_options){0}, NULL), "report: expected a place");
    refused(dc3_label(&(dc3_label_options){0}, NULL), "report: expected a place");
    refused(dc3_evaluate(&(dc3_evaluate_options){0}, NULL, NULL), "score: expected a place");
    refused(dc3_compare(&(dc3_compare_options){0}, NULL), "report: expected a place");
    refused(dc3_measure(&(dc3_measure_options){0}, NULL), "report: expected a place");
    refused(dc3_report(&(dc3_report_options){0}, NULL), "result: expected a place");
    refused(dc3_info(&(dc3_info_options){0}, NULL), "report: expected a place");
    refused(dc3_select_file(&(dc3_select_options){0}, "x", NULL), "selection: expected a place");
    refused(dc3_tests_new(NULL, NULL), "tests: expected a place");
    refused(dc3_progress_read("x", NULL), "progress: expected a place");
    refused(dc3_comparison_read("x", NULL), "comparison: expected a place");
    refused(dc3_option_parse("fit", "crop", NULL), "value: expected a place");
    refused(dc3_fit_parse("crop", NULL), "value: expected a place");
    dc3_progress progress;
    dc3_comparison comparison;
    char *json;
    refused(dc3_tests_row(NULL, NULL), "json: expected a place");
    refused_setting(dc3_tests_row(NULL, &json), "tests: expected a value");
    assert_null(json);
    refused_setting(dc3_scores_check(NULL, NULL, NULL), "file: expected a value");
    refused_setting(dc3_scores_add(NULL, "{}"), "file: expected a value");
    refused_setting(dc3_scores_add("/none/scores.json", NULL), "row: expected a value");
    refused_setting(dc3_progress_read(NULL, &progress), "folder: expected a value");
    refused_setting(dc3_comparison_read(NULL, &comparison), "folder: expected a value");
    dc3_progress_free(&progress);
    dc3_comparison_free(&comparison);
    assert_true(!dc3_comparison_is(NULL) && !dc3_evaluate_folder(NULL) && !dc3_option_names(NULL));
    dc3_progress_free(NULL);
    dc3_comparison_free(NULL);
    dc3_selection_free(NULL);
    dc3_tests_free(NULL);
    dc3_tests_forget(NULL);
    dc3_cancel_set(NULL);
    dc3_cancel_clear(NULL);
    assert_int_equal(dc3_cancel_is_set(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(condensations),         cmocka_unit_test(wrong_constants),
        cmocka_unit_test(trainings_and_scores),  cmocka_unit_test(comparisons),
        cmocka_unit_test(descriptions),          cmocka_unit_test(numbers_of_threads),
        cmocka_unit_test(numbers_that_are_none), cmocka_unit_test(missing_places),
    };
    return cmocka_run_group_tests_name("entries", tests, NULL, NULL);
}
