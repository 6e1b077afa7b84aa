/* Every public call refuses options that are missing, not begun with their defaults call, or of a later
 * version, and options without what they need, in one clear sentence; and leaves its results empty. */
#include "support/random_tensors.h"
#include "dc3/dc3.h"

static void refused(dc3_status got, const char *text)
{
    if (got != DC3_ERR_ARGUMENT || strncmp(dc3_error_text(), text, strlen(text)) != 0)
        fail_msg("expected '%s..', found status %d and '%s'", text, got, dc3_error_text());
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
        refused(CALL, name ": expected a value, found NULL");                                                \
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
    refused(dc3_contact_command(NULL, NULL, "sheet.png", 1, NULL), "run: expected a value");
    refused(dc3_contact_command("run", NULL, NULL, 1, NULL), "png: expected a value");
}

static void wrong_constants(void **state)
{
    (void)state;
    dc3_condense_report r;
#define CONSTANT(field, value)                                                                               \
    do {                                                                                                     \
        dc3_condense_options own = dc3_condense_defaults();                                                  \
        own.data = own.out = DC3_TEST_DATA "/none", own.field = value;                                       \
        refused(dc3_condense(&own, &r), #field ": expected a constant from");                                \
    } while (0)
    CONSTANT(fit, (dc3_fit)3);
    CONSTANT(fit, (dc3_fit)-2);
    CONSTANT(format, (dc3_image_format)3);
    CONSTANT(combine, (dc3_combine)4);
    CONSTANT(combine, (dc3_combine)-1);
    dc3_train_options train = dc3_train_defaults();
    dc3_train_report trained;
    train.data = train.out = "x", train.optimizer = (dc3_optimizer_kind)2;
    refused(dc3_train(&train, &trained), "optimizer: expected a constant from 0 to 1, found 2");
    dc3_evaluate_options evaluate = dc3_evaluate_defaults();
    dc3_score score;
    evaluate.data = evaluate.val = "x", evaluate.labels = DC3_LABELS_END;
    refused(dc3_evaluate(&evaluate, NULL, &score), "labels: expected a constant from 0 to 2, found -1");
    evaluate.labels = DC3_LABELS_HARD, evaluate.augment = (dc3_augment_kind)2;
    refused(dc3_evaluate(&evaluate, NULL, &score), "augment: expected a constant");
    evaluate.augment = DC3_AUGMENT_RDED, evaluate.dtype = (dc3_compute)9;
    refused(dc3_evaluate(&evaluate, NULL, &score), "dtype: expected a constant");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(condensations),        cmocka_unit_test(wrong_constants),
        cmocka_unit_test(trainings_and_scores), cmocka_unit_test(comparisons),
        cmocka_unit_test(descriptions),
    };
    return cmocka_run_group_tests_name("entries", tests, NULL, NULL);
}
