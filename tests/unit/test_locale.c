/* A program whose LC_NUMERIC writes 1,5: what is stored for programs is the same as under "C". */
#include "support/small_dataset.h"
#include <ctype.h>
#include <locale.h>
#include "dc3/dc3.h"

static char folder[] = "/tmp/dc3-locale-XXXXXX";

/* A file in `folder`; the caller frees. */
static char *contents(const char *name, size_t *size)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s is missing", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    char *text = calloc(1, *size + 1);
    rewind(file);
    assert_int_equal(fread(text, 1, *size, file), *size);
    fclose(file);
    return text;
}

static dc3_condense_report condense(const char *name)
{
    char data[sizeof folder + 8], out[sizeof folder + 32], cache[sizeof folder + 32];
    dc3_condense_options c = dc3_condense_defaults();
    dc3_condense_report report;
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    c.data = data, c.out = out, c.cache = cache, c.editor = DC3_MODELS "/dc3-mini", c.teacher = "none";
    c.steps = 1, c.guidance = 2.5, c.select.ipc = 1;
    if (dc3_condense(&c, &report) != DC3_OK) fail_msg("%s", dc3_error_text());
    return report;
}

static void same(const char *a, const char *b)
{
    size_t size[2];
    char *text[2] = {contents(a, &size[0]), contents(b, &size[1])};
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(text[0], text[1], size[0]);
    free(text[0]), free(text[1]);
}

/* Every number in a file behind `before` has a point and no comma; returns how many there are. */
static int numbers(const char *name, const char *before)
{
    size_t size;
    int count = 0;
    char *text = contents(name, &size);
    for (char *at = text; (at = memmem(at, size - (size_t)(at - text), before, strlen(before))); count++) {
        at += strlen(before);
        size_t digits = strspn(at, "0123456789");
        if (!digits || at[digits] != '.' || !isdigit((unsigned char)at[digits + 1]))
            fail_msg("%s: %.20s", name, at);
    }
    free(text);
    return count;
}

static void decimal_comma(void **state)
{
    (void)state;
    char command[400], cache[40] = "", path[sizeof folder + 64];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 > %s/log 2>&1", folder,
             folder);
    int made = system(command);
    setenv("LOCPATH", folder, 1);
    if (made != 0 || !setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        print_message("skipped: no locale with a decimal comma can be made here (localedef)\n");
        skip();
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    dc3_condense_report comma = condense("comma");
    assert_true(comma.cached_seconds == 0);
    assert_true(numbers("comma/report.html", "<rect width=\"") > 0);
    snprintf(path, sizeof path, "%s/cache", folder);
    snprintf(command, sizeof command, "ls %s", path);
    FILE *list = popen(command, "r");
    assert_int_equal(fscanf(list, "%39s", cache), 1);
    pclose(list);
    snprintf(path, sizeof path, "cache/%s", cache);
    assert_int_equal(numbers(path, "\"seconds\":\""), 1);
    comma = condense("again"); /* from the cache */
    setlocale(LC_NUMERIC, "C");
    dc3_condense_report point = condense("point");
    assert_true(comma.cached_seconds > 0 && comma.cached_seconds == point.cached_seconds);
    const char *const files[] = {"dc3.json", "selection.json", "train/metadata.jsonl", "pictures.txt"};
    for (int i = 0; i < 4; i++) {
        char a[40], b[40];
        snprintf(a, sizeof a, "comma/%s", files[i]);
        snprintf(b, sizeof b, "point/%s", files[i]);
        same(a, b);
    }
}

static int set_up(void **state)
{
    (void)state;
    small_dataset(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    setlocale(LC_NUMERIC, "C");
    remove_folder(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decimal_comma)};
    return cmocka_run_group_tests_name("locale", tests, set_up, tear_down);
}
