/* Text of unknown origin in a page: no value may end a tag, an attribute or a script. */
#include "report/html.h"
#include "support/random_tensors.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text, const char *expected)
{
    char *html = NULL;
    size_t size;
    FILE *to = open_memstream(&html, &size);
    assert_non_null(to);
    dc3_html_text(to, text);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(html, expected);
    free(html);
}

static void test_text(void **state)
{
    (void)state;
    check_text("a b\n\tc", "a b\n\tc");
    check_text("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
    check_text("\"&'", "&quot;&amp;&#39;");
    check_text("&lt;", "&amp;lt;");
    check_text("bl\xc3\xbc \xe2\x82\xac \xf0\x9f\x8e\xa8", "bl\xc3\xbc \xe2\x82\xac \xf0\x9f\x8e\xa8");
    check_text("\x07\x1b[31m\x7f", "\\x07\\x1b[31m\\x7f");
    check_text("\xc2\x9b", "\\u009b");
    check_text("gpj.\xe2\x80\xae"
               "exe",
               "gpj.\\u202eexe");
    check_text("\xe2\x81\xa6x\xef\xbb\xbf", "\\u2066x\\ufeff");
    check_text("\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80"); /* no UTF-8, and a surrogate */
    check_text("", "");
    check_text(NULL, "");
}

static void test_data(void **state)
{
    static const char nasty[] = "</script><!-- & \xe2\x80\xa8 \"\\";
    (void)state;
    char *html = NULL;
    size_t size;
    FILE *to = open_memstream(&html, &size);
    json_t *value = json_object(), *again;
    json_object_set_new(value, nasty, json_string(nasty));
    assert_int_equal(dc3_html_data(to, "data", value), DC3_OK);
    assert_int_equal(fclose(to), 0);
    /* One tag opens, one closes, and between them is the same value in ASCII. */
    char *start = strchr(html, '>') + 1, *end = strstr(start, "</script>\n");
    assert_non_null(end);
    assert_string_equal(end, "</script>\n");
    for (char *c = start; c < end; c++) assert_true(*c > 0 && *c != '<' && *c != '>' && *c != '&');
    again = json_loadb(start, (size_t)(end - start), 0, NULL);
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    free(html);
}

/* What a Content-Security-Policy names: printf abc | openssl dgst -sha256 -binary | base64 */
static void test_hash(void **state)
{
    (void)state;
    char *hash = dc3_html_hash("abc", 3);
    assert_string_equal(hash, "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    free(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_data),
                                       cmocka_unit_test(test_hash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
