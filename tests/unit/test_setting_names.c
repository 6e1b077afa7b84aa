/* How the library's texts name settings: by the fields of its options, or as a program says. */
#include "support/random_tensors.h"
#include "base/status.h"
#include "dc3/evaluate.h"
#include "dc3/train.h"

static const char *as_option(const char *field)
{
    return strcmp(field, "epochs") == 0 ? "/EPOCHS" : field;
}

static void fields(void **state)
{
    (void)state;
    dc3_train_report report;
    dc3_train_options o = dc3_train_defaults();
    o.data = "/nowhere", o.out = "/tmp/x.safetensors", o.test_every = 0;
    assert_int_equal(dc3_train(&o, &report), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(), "test_every: expected 1 or more epochs, found 0");
    assert_string_equal(dc3_error_setting(), "test_every");
    dc3_optimizer_kind kind;
    assert_int_equal(dc3_optimizer_kind_parse("sdg", &kind), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(),
                        "optimizer: expected one of sgd, adamw; found 'sdg'; did you mean 'sgd'?");
    assert_string_equal(dc3_error_setting(), "optimizer");
    o.out = "/nowhere/x.safetensors", o.test_every = 1;
    assert_int_equal(dc3_train(&o, &report), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_setting(), "out");
    assert_int_equal(strncmp(dc3_error_text(), "out /nowhere/x.safetensors: ", 28), 0);
    /* Context keeps it, another failure forgets it. */
    dc3_fail_in(DC3_ERR_OPTION, "train");
    assert_string_equal(dc3_error_setting(), "out");
    dc3_fail(DC3_ERR_IO, "out: of paper");
    assert_string_equal(dc3_error_setting(), "");
}

static void names_of_a_program(void **state)
{
    (void)state;
    dc3_score score;
    dc3_evaluate_options o = dc3_evaluate_defaults();
    o.data = "/nowhere", o.val = "/nowhere", o.epochs = -1;
    dc3_name_settings(as_option);
    assert_int_equal(dc3_evaluate(&o, NULL, &score), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(), "/EPOCHS: expected 1 to 1000000, found -1");
    assert_string_equal(dc3_error_setting(), "epochs");
    dc3_name_settings(NULL);
    assert_int_equal(dc3_evaluate(&o, NULL, &score), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(), "epochs: expected 1 to 1000000, found -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(names_of_a_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
