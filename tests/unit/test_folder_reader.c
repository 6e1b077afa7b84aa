/* Folders that cannot be listed, files in them that cannot be examined or vanish, names of classes. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "io/dataset.h"
#include "run_folder/state.h"
#include "teacher/classes.h"

enum { NOBODY = 65534 };

static char folder[64];

static void run(const char *command)
{
    char text[512];
    snprintf(text, sizeof text, "cd %s && %s", folder, command);
    assert_int_equal(system(text), 0);
}

/* Two classes; in each is a folder, closed in the first, and in the second one whose files cannot be
 * examined. Closed is closed to all but root, whose tests run as nobody. */
static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-closed-XXXXXX");
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0) return -1;
    run("mkdir -p cat/closed dog/half eel && touch cat/1.png cat/closed/2.png dog/1.png dog/half/3.png "
        "eel/1.png");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    run("chmod -R u+rwX . && rm -r cat dog eel");
    return rmdir(folder);
}

static dc3_dataset *open_closed(void)
{
    dc3_dataset *d;
    int is_root = geteuid() == 0;
    run("chmod 0 cat/closed && chmod 444 dog/half && chmod 0 eel");
    if (is_root) assert_int_equal(seteuid(NOBODY), 0);
    dc3_status status = dc3_dataset_open(folder, &d);
    if (is_root) assert_int_equal(seteuid(0), 0);
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
    return d;
}

static void check_skipped(const dc3_dataset *d, size_t i, const char *key, const char *reason)
{
    char text[256];
    assert_string_equal(dc3_dataset_skipped_key(d, i), key);
    snprintf(text, sizeof text, "%s/%s: %s", folder, key, reason);
    assert_string_equal(dc3_dataset_skipped_reason(d, i), text);
    strcat(text, ", skipped");
    assert_string_equal(dc3_dataset_note(d, i), text);
}

static void closed_folders(void **state)
{
    (void)state;
    dc3_dataset *d = open_closed();
    assert_int_equal(dc3_dataset_size(d), 2);
    assert_string_equal(dc3_dataset_key(d, 0), "cat/1.png");
    assert_string_equal(dc3_dataset_key(d, 1), "dog/1.png");
    assert_int_equal(dc3_dataset_skipped(d), 3);
    check_skipped(d, 0, "cat/closed", "cannot be listed: Permission denied");
    check_skipped(d, 1, "dog/half/3.png", "Permission denied");
    check_skipped(d, 2, "eel", "cannot be listed: Permission denied");
    assert_string_equal(dc3_dataset_note(d, 3), "class 'eel' has no images and is left out");
    assert_int_equal(dc3_dataset_notes(d), 4);
    assert_string_equal(dc3_dataset_fault(d), dc3_dataset_note(d, 0));
    assert_int_equal(dc3_dataset_check_skipped(d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "cat/closed: cannot be listed: Permission denied (strict)"));
    dc3_dataset_close(&d);
}

/* Why there are no images is said with the error. */
static void nothing_open(void **state)
{
    (void)state;
    dc3_dataset *d;
    int is_root = geteuid() == 0;
    run("chmod 0 cat dog eel");
    if (is_root) assert_int_equal(seteuid(NOBODY), 0);
    dc3_status status = dc3_dataset_open(folder, &d);
    if (is_root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found no images; "));
    assert_non_null(strstr(dc3_error_text(), "/cat: cannot be listed: Permission denied, skipped; "));
}

/* Links to the dataset's own folder and to the ones above it lead back: no image is counted in another class.
 */
static void links_back(void **state)
{
    (void)state;
    dc3_dataset *d;
    run("ln -s .. cat/up && ln -s ../.. cat/closed/above && ln -s . here");
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), 5);
    assert_int_equal(dc3_dataset_skipped(d), 3);
    check_skipped(d, 0, "cat/closed/above", "a link back to a folder above");
    check_skipped(d, 1, "cat/up", "a link back to a folder above");
    check_skipped(d, 2, "here", "a link back to a folder above");
    dc3_dataset_close(&d);
    run("rm here cat/up cat/closed/above");
}

/* The folder of a run holds its dataset. */
static void runs(void **state)
{
    (void)state;
    dc3_dataset *d;
    run("mkdir -p train/a && touch train/a/1.png dc3.json");
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "did you mean"));
    assert_non_null(strstr(dc3_error_text(), "/train"));
    run("rm dc3.json");
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_OK); /* train is a class like others */
    dc3_dataset_close(&d);
    run("rm -r train");
}

/* The same letters in two forms of Unicode, as macOS and Linux write them, are the same class for tests; two
 * such classes, and ones that differ in capitals, are told. */
static void forms_of_names(void **state)
{
    (void)state;
    char a[96], b[96];
    dc3_dataset *d, *val;
    run("mkdir -p a/caf\xc3\xa9 a/tea b/cafe\xcc\x81 b/tea && touch a/caf\xc3\xa9/1.png a/tea/1.png "
        "b/cafe\xcc\x81/1.png b/tea/1.png");
    snprintf(a, sizeof a, "%s/a", folder);
    snprintf(b, sizeof b, "%s/b", folder);
    assert_int_equal(dc3_dataset_open(a, &d), DC3_OK);
    assert_int_equal(dc3_dataset_open(b, &val), DC3_OK);
    if (dc3_same_classes(d, NULL, val) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_notes(d), 0);
    dc3_dataset_close(&val);
    dc3_dataset_close(&d);
    run("mv b/tea b/caf && cp -r b/cafe* a && cp -r a/tea a/Tea && cp -r a/tea 'a/tea '");
    assert_int_equal(dc3_dataset_open(a, &d), DC3_OK);
    assert_int_equal(dc3_dataset_classes(d), 5);
    assert_int_equal(dc3_dataset_notes(d), 1);
    assert_non_null(
        strstr(dc3_dataset_note(d, 0), "3 class names are like another but for capitals, spaces"));
    assert_null(dc3_dataset_fault(d));
    assert_int_equal(dc3_dataset_open(b, &val), DC3_OK);
    assert_int_equal(dc3_same_classes(d, NULL, val), DC3_ERR_ARGUMENT);
    dc3_dataset_close(&val);
    dc3_dataset_close(&d);
    run("rm -r a b");
}

static void hear_nothing(void *user, int64_t done, int64_t total)
{
    (void)user, (void)done, (void)total;
}

/* An image that vanishes once it was found ends nothing: it is listed, and said to be gone when a run
 * resumes. */
static void vanished(void **state)
{
    (void)state;
    dc3_dataset *d;
    dc3_state *s;
    int made;
    char text[512], place[96];
    run("mkdir run");
    snprintf(place, sizeof place, "%s/run", folder);
    assert_int_equal(dc3_state_open(place, &s, &made, text, sizeof text), DC3_OK);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_OK);
    run("mv cat/1.png kept");
    if (dc3_state_list(s, d, hear_nothing, NULL) != DC3_OK) fail_msg("%s", dc3_error_text());
    run("mv kept cat/1.png && rm dog/1.png");
    if (dc3_state_compare(s, d, text, sizeof text) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_string_equal(text, "1 changed: 'cat/1.png', 1 gone: 'dog/1.png'");
    dc3_dataset_close(&d);
    dc3_state_close(&s, 0);
    run("rm -r run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(closed_folders, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nothing_open, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(links_back, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(runs, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(vanished, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(forms_of_names, make_folder, remove_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
