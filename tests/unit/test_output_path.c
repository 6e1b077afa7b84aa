/* Where a command may write. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/output_path.h"

static const dc3_output_kind notes = {"notes", "text", (const char *const[]){".txt", ".md", NULL},
                                      (const char *const[]){"one", "two", NULL}};

static void write_text(const char *path, const char *text)
{
    assert_int_equal(dc3_file_write(path, text, strlen(text)), DC3_OK);
}

static void refused(const char *path, int force, const char *input, const char *text)
{
    char *place;
    dc3_input inputs[] = {{"nothing", NULL}, {"the input", input}};
    dc3_output_path output = {"out", path, &notes, force, inputs, 2};
    assert_int_equal(dc3_output_path_check(&output, &place), DC3_ERR_OPTION);
    assert_null(place);
    assert_string_equal(dc3_error_setting(), "out");
    if (!strstr(dc3_error_text(), text)) fail_msg("'%s' is not in: %s", text, dc3_error_text());
}

static void taken(const char *path, int force, const char *input, const char *expected)
{
    char *place;
    dc3_input inputs[] = {{"the input", input}};
    dc3_output_path output = {"out", path, &notes, force, inputs, 1};
    if (dc3_output_path_check(&output, &place) != DC3_OK) fail_msg("%s: %s", path, dc3_error_text());
    assert_string_equal(place, expected);
    free(place);
}

static int enter(void **state)
{
    char folder[] = "/tmp/dc3_output_XXXXXX";
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char here[256], command[300];
    (void)state;
    if (!getcwd(here, sizeof here)) return -1;
    snprintf(command, sizeof command, "cd / && rm -rf '%s'", here);
    return system(command);
}

static void names(void **state)
{
    (void)state;
    taken("a.txt", 0, NULL, "a.txt");
    taken("a.MD", 0, NULL, "a.MD");
    taken("a", 0, NULL, "a");
    taken(".hidden", 0, NULL, ".hidden");
    assert_int_equal(mkdir("v1.2", 0777), 0);
    taken("./v1.2/../a.txt", 0, NULL, "./v1.2/../a.txt");
    refused("a.text", 1, NULL,
            "notes are written as text; expected a name that ends with .txt or .md, found a.text");
    refused("a.txt.gz", 1, NULL, "ends with .txt or .md");
    refused("", 1, NULL, "empty name");
    refused("missing/a.txt", 1, NULL, "found no folder missing");
    refused("v1.2", 1, NULL, "found the folder v1.2");
    refused("/dev/null", 1, NULL, "device or pipe");
}

static void inputs(void **state)
{
    (void)state;
    assert_int_equal(dc3_make_dirs("data/class/deep"), DC3_OK);
    write_text("photo.txt", "one two");
    assert_int_equal(link("photo.txt", "hard.txt"), 0);
    assert_int_equal(symlink("photo.txt", "soft.txt"), 0);
    assert_int_equal(symlink("soft.txt", "softer.txt"), 0);
    static const char *const same[] = {"photo.txt", "./photo.txt", "data/../photo.txt", "hard.txt",
                                       "softer.txt"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        refused(same[i], 1, "photo.txt", "apart from the input");
    static const char *const within[] = {"data/a.txt", "data/class/deep/a.txt", "data/../data/a.txt"};
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        refused(within[i], 1, "data/class/..", "which lies in data/class/..");
    taken("beside.txt", 0, "photo.txt", "beside.txt");
    taken("data.txt", 0, "data", "data.txt");
    /* A file that the dataset has by a hard link or by a link; a folder that it has by a link. */
    assert_int_equal(link("photo.txt", "data/class/image"), 0);
    refused("photo.txt", 1, "data", "is where a link leads in data");
    assert_int_equal(unlink("data/class/image"), 0);
    assert_int_equal(symlink("../../photo.txt", "data/class/image"), 0);
    refused("hard.txt", 1, "data", "is where a link leads in data");
    assert_int_equal(dc3_make_dirs("far/away"), DC3_OK);
    assert_int_equal(symlink("../far", "data/more"), 0);
    refused("far/away/new.txt", 1, "data", "is where a link leads in data");
    /* A link back to a folder above the dataset does not make everything there part of it. */
    assert_int_equal(symlink("../..", "data/class/up"), 0);
    taken("beside.txt", 0, "data", "beside.txt");
    taken("gone.txt", 0, "no such input", "gone.txt");
}

static void what_is_there(void **state)
{
    (void)state;
    write_text("other.txt", "some body else's");
    write_text("half.txt", "one");
    write_text("own.txt", "two and one");
    write_text("empty.txt", "");
    refused("other.txt", 0, NULL, "not known as notes that dc3 wrote; choose another name, or give force");
    refused("half.txt", 0, NULL, "not known as notes");
    taken("other.txt", 1, NULL, "other.txt");
    taken("own.txt", 0, NULL, "own.txt");
    taken("empty.txt", 0, NULL, "empty.txt");
    assert_int_equal(symlink("new/target.txt", "link.txt"), 0);
    refused("link.txt", 0, NULL, "found no folder ./new");
    assert_int_equal(dc3_make_dirs("new"), DC3_OK);
    taken("link.txt", 0, NULL, "./new/target.txt");
    write_text("new/target.txt", "foreign");
    refused("link.txt", 0, NULL, "not known as notes");
    assert_int_equal(symlink("loop.txt", "loop.txt"), 0);
    refused("loop.txt", 1, NULL, "loop.txt");
}

static void folders(void **state)
{
    (void)state;
    dc3_input data = {"the dataset", "data"};
    assert_int_equal(dc3_make_dirs("data/class"), DC3_OK);
    static const char *const bad[] = {"data", "data/out", "data/class/../out/more", ".", "data/.."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(dc3_output_folder_check("out", bad[i], &data, 1), DC3_ERR_ARGUMENT);
        assert_non_null(strstr(dc3_error_text(), "apart from the dataset"));
    }
    static const char *const good[] = {"out", "data2", "not/yet/there"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(dc3_output_folder_check("out", good[i], &data, 1), DC3_OK);
    write_text("file", "x");
    assert_int_equal(dc3_output_folder_check("out", "file/out", &data, 1), DC3_ERR_OPTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(names, enter, leave),
                                       cmocka_unit_test_setup_teardown(inputs, enter, leave),
                                       cmocka_unit_test_setup_teardown(what_is_there, enter, leave),
                                       cmocka_unit_test_setup_teardown(folders, enter, leave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
