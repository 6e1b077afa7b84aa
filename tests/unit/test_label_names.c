/* Which of a model's classes a name is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "generate/label_names.h"

static json_t *labels;

static int64_t find(const char *name, int64_t classes, int64_t *other)
{
    return dc3_label_find(labels, classes, name, other);
}

static void test_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t first, other;
    } all[] = {{"tench", 0, -1},
               {"Tinca tinca", 0, -1},
               {"tench , Tinca tinca", 0, -1}, /* all of them as one */
               {"golden_retriever", 1, -1},    /* as no class has it, but in other letters */
               {"GOLDEN RETRIEVER", 1, -1},
               {"crane", 2, 4},  /* two have it */
               {"Crane", 3, -1}, /* one has it so */
               {"CRANE", 2, 3},  /* none has it so */
               {"ten", -1, -1},  /* the beginning of a name is none */
               {"retriever", -1, -1},
               {"", -1, -1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int64_t other, first = find(all[i].name, 5, &other);
        if (first != all[i].first || other != all[i].other)
            fail_msg("'%s': %lld and %lld", all[i].name, (long long)first, (long long)other);
    }
}

/* Of fewer classes than there are labels only those, and without labels none. */
static void test_bounds(void **state)
{
    (void)state;
    int64_t other;
    assert_int_equal(find("crane", 4, &other), 2);
    assert_int_equal(other, -1);
    assert_int_equal(find("crane", 2, &other), -1);
    assert_int_equal(dc3_label_find(NULL, 5, "crane", &other), -1);
    assert_int_equal(other, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_found), cmocka_unit_test(test_bounds)};
    labels = json_pack("{s:s, s:s, s:s, s:s, s:s}", "0", "tench , Tinca tinca", "1", "golden retriever", "2",
                       "heron, crane", "3", "Crane", "4", "crane");
    int failed = !labels || cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(labels);
    return failed;
}
