/* Options of programs that know another version of their struct. */
#include "support/random_tensors.h"
#include "base/options.h"

typedef struct plate_options {
    size_t struct_size;
    int forks;
    int knives;  /* the last field of the first version */
    double salt; /* of the second */
    int napkins; /* of the third, which this library knows */
} plate_options;

static plate_options defaults(void)
{
    return (plate_options){sizeof(plate_options), 1, 2, 0.5, 9};
}

static dc3_status take(const void *given, plate_options *own)
{
    *own = defaults();
    return DC3_TAKE_OPTIONS(plate_options, knives, given, own);
}

static void fields_that_the_caller_knows(void **state)
{
    (void)state;
    plate_options own, given = {sizeof given, 10, 20, 30, 40};
    assert_int_equal(take(&given, &own), DC3_OK);
    assert_true(own.forks == 10 && own.knives == 20 && own.salt == 30 && own.napkins == 40);
    given.struct_size = offsetof(plate_options, salt);
    assert_int_equal(take(&given, &own), DC3_OK);
    assert_true(own.forks == 10 && own.knives == 20 && own.salt == 0.5 && own.napkins == 9);
    assert_int_equal(own.struct_size, sizeof own);
    given.struct_size = offsetof(plate_options, napkins);
    assert_int_equal(take(&given, &own), DC3_OK);
    assert_true(own.forks == 10 && own.knives == 20 && own.salt == 30 && own.napkins == 9);
}

static void refused(const void *given, const char *text)
{
    plate_options own;
    assert_int_equal(take(given, &own), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), text);
    assert_true(own.forks == 1 && own.knives == 2 && own.salt == 0.5 && own.napkins == 9);
}

static void sizes_of_no_version(void **state)
{
    (void)state;
    plate_options given = defaults();
    refused(NULL, "plate_options: expected options, found NULL");
    given.struct_size = 0;
    refused(&given,
            "plate_options: struct_size is 0, expected 16 to 32; begin with the struct's defaults call");
    given.struct_size = 15;
    refused(&given,
            "plate_options: struct_size is 15, expected 16 to 32; begin with the struct's defaults call");
    given.struct_size = 40;
    refused(&given, "plate_options: struct_size is 40, of a later version of the library; this one knows 32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_the_caller_knows),
        cmocka_unit_test(sizes_of_no_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
