/* Characters of UTF-8 and names of stored files. */
#include "support/random_tensors.h"
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "run_folder/stored_names.h"

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "tr\xc3\xa8s froid",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",     "\xc3",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xff",         "\xe2\x82",     "a\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(dc3_text_is_utf8(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(dc3_text_is_utf8(bad[i]));
    char *text = dc3_text_utf8("a\xff\xc3\xa8\xc3");
    assert_string_equal(text, "a\\xff\xc3\xa8\\xc3");
    free(text);
}

static void stems(void **state)
{
    (void)state;
    char name[12];
    struct {
        const char *from, *to;
    } cases[] = {
        {"plain 1", "plain 1"},
        {"a:b/c*", "a_b_c_"},
        {".hidden", "_hidden"},
        {"-rf", "_rf"},
        {"", "_"},
        {"\xe9t\xe9", "_t_"},
        {"1234567890\xc3\xa4", "1234567890"}, /* twelve bytes with the end: the letter does not fit */
        {"123456789\xc3\xa4", "123456789\xc3\xa4"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_stored_stem(cases[i].from, strlen(cases[i].from), name, sizeof name);
        assert_string_equal(name, cases[i].to);
    }
    dc3_stored_stem("\xc3\xa4", 1, name, sizeof name); /* a length that ends within a letter */
    assert_string_equal(name, "_");
}

static void nearest(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int distance;
    } pairs[] = {{"", "", 0},
                 {"", "abc", 3},
                 {"abc", "", 3},
                 {"ipc", "ipx", 1},
                 {"abcd", "acbd", 1},
                 {"ca", "abc", 3},
                 {"kitten", "sitting", 3},
                 {"tset", "test", 1},
                 {"condens", "condense", 1}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(dc3_text_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
        assert_int_equal(dc3_text_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
    }
    static const char *const names[] = {"random", "herding",    "dq",      "k-center",
                                        "dc3",    "dc3-select", "resnet18"};
    static const char *const slips[][2] = {{"radnom", "random"},
                                           {"herdnig", "herding"},
                                           {"dp", "dq"},
                                           {"d", NULL},
                                           {"dc4", "dc3"},
                                           {"dc3-slct", "dc3-select"},
                                           {"kcenter", "k-center"},
                                           {"rsnt18", "resnet18"},
                                           {"rand", "random"},
                                           {"", NULL},
                                           {"xyz", NULL},
                                           {"rotation", NULL}};
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const char *found = dc3_text_nearest(slips[i][0], names, sizeof names / sizeof *names);
        if (!slips[i][1]) assert_null(found);
        if (slips[i][1]) assert_non_null(found), assert_string_equal(found, slips[i][1]);
    }
    assert_null(dc3_text_nearest("random", NULL, 0));
    char text[201], hint[DC3_HINT_SIZE];
    memset(text, 'a', 200);
    text[200] = 0;
    assert_int_equal(dc3_text_distance(text, text), 0);
    assert_int_equal(dc3_text_distance(text, text + 1), 64);
    assert_string_equal(dc3_hint("herdin", names, 7, hint), "; did you mean 'herding'?");
    assert_string_equal(dc3_hint(text, names, 7, hint), "");
}

static void articles(void **state)
{
    (void)state;
    static const char *const nouns[][2] = {
        {"efficientnet_lite0", "an"}, {"alexnet", "an"}, {"convnet3", "a"}, {"resnet18", "a"}, {"", "a"}};
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++)
        assert_string_equal(dc3_text_article(nouns[i][0]), nouns[i][1]);
}

static void real_paths(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"/", "/"},
                                           {"/tmp/../tmp//", "/tmp"},
                                           {"/nowhere at all/x/", "/nowhere at all/x"},
                                           {"/dev/./null", "/dev/null"},
                                           {"/nowhere/../dev/null", "/dev/null"},
                                           {"/nowhere/./x/../../tmp/no such", "/tmp/no such"},
                                           {"/nowhere/../..", "/"},
                                           {"/nowhere/x/.", "/nowhere/x"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = dc3_path_real(cases[i][0]);
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
    assert_true(dc3_path_inside("/a/b", "/a") && dc3_path_inside("/a", "/a") && dc3_path_inside("/a", "/"));
    assert_false(dc3_path_inside("/ab", "/a") || dc3_path_inside("/a", "/a/b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(utf8), cmocka_unit_test(stems),
                                       cmocka_unit_test(nearest), cmocka_unit_test(real_paths),
                                       cmocka_unit_test(articles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
