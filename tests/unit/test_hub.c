/* Names of the hub, and its cache on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "dc3/hub.h"
#include "hub/cache.h"
#include "hub/name.h"

/* ---- names ---- */

static void names_have_parts(void **state)
{
    static const struct {
        const char *text, *repository, *revision, *file;
    } good[] = {{"hf:a/b", "a/b", "main", NULL},
                {"hf:timbrooks/instruct-pix2pix", "timbrooks/instruct-pix2pix", "main", NULL},
                {"hf:a-b/c.d_e@v1.0", "a-b/c.d_e", "v1.0", NULL},
                {"hf:a/b@refs/pr/1:unet/x.json", "a/b", "refs/pr/1", "unet/x.json"},
                {"hf:a/b:x@y:z", "a/b", "main", "x@y:z"}};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        dc3_hub_name name;
        assert_true(dc3_hub_is_name(good[i].text));
        assert_int_equal(dc3_hub_name_read(good[i].text, &name), DC3_OK);
        assert_string_equal(name.repository, good[i].repository);
        assert_string_equal(name.revision, good[i].revision);
        if (good[i].file)
            assert_string_equal(name.file, good[i].file);
        else
            assert_null(name.file);
        dc3_hub_name_free(&name);
    }
}

static void odd_names_are_refused(void **state)
{
    static const char *const bad[] = {"a/b",        "hf:",         "hf:a",        "hf:a/",
                                      "hf:/b",      "hf:a/b/c",    "hf:../b",     "hf:a/..",
                                      "hf:a/b--c",  "hf:a/b..c",   "hf:a/-b",     "hf:a/b.",
                                      "hf:a/b c",   "hf:a/b@",     "hf:a/b@../x", "hf:a/b@/x",
                                      "hf:a/b@x/",  "hf:a/b:",     "hf:a/b:../x", "hf:a/b:/x",
                                      "hf:a/b:x/.", "hf:a/b:x//y", "hf:a/b:x\\y", "hf:a/b:x\ny"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dc3_hub_name name;
        assert_int_equal(dc3_hub_name_read(bad[i], &name), DC3_ERR_OPTION);
        assert_string_equal(dc3_error_setting(), "name");
        assert_non_null(strstr(dc3_error_text(), "expected"));
        dc3_hub_name_free(&name);
    }
}

/* ---- the cache ---- */

static const char commit[] = "0123456789abcdef0123456789abcdef01234567", digest[] = "aa";

static void enter_cache(char *folder)
{
    strcpy(folder, "/tmp/dc3-hub-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("HF_HUB_CACHE", folder, 1), 0);
}

/* A file of a model is found by its name once it is there and its revision is noted, by Python's layout. */
static void files_are_found_by_name(void **state)
{
    char root[64], link[64], *path;
    (void)state;
    enter_cache(root);
    char *folder = dc3_hub_cache_folder(root, "o/n"), *blob = dc3_hub_cache_blob(folder, digest);
    assert_int_equal(dc3_hub_find("hf:o/n", &path), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), "dc3 pull hf:o/n"));
    assert_int_equal(dc3_make_folder_of(blob), DC3_OK);
    assert_int_equal(dc3_file_write(blob, "x", 1), DC3_OK);
    assert_int_equal(dc3_hub_cache_link(folder, commit, "unet/c.json", digest), DC3_OK);
    assert_int_equal(dc3_hub_cache_link(folder, commit, "unet/c.json", digest), DC3_OK);
    assert_int_equal(dc3_hub_find("hf:o/n", &path), DC3_ERR_IO);
    assert_int_equal(dc3_hub_cache_note(folder, "refs/pr/1", commit), DC3_OK);
    assert_int_equal(dc3_hub_cache_note(folder, "main", commit), DC3_OK);
    assert_int_equal(dc3_hub_find("hf:o/n@refs/pr/1:unet/d.json", &path), DC3_ERR_IO);
    assert_int_equal(dc3_hub_find("hf:o/n@refs/pr/1:unet/c.json", &path), DC3_OK);
    char expected[256];
    snprintf(expected, sizeof expected, "%s/models--o--n/snapshots/%s/unet/c.json", root, commit);
    assert_string_equal(path, expected);
    ssize_t length = readlink(path, link, sizeof link - 1);
    assert_true(length > 0);
    link[length] = 0;
    assert_string_equal(link, "../../../blobs/aa");
    free(path);
    assert_int_equal(dc3_hub_find("hf:o/n@0123456789abcdef0123456789abcdef01234567", &path), DC3_OK);
    free(path);
    assert_int_equal(unlink(blob), 0);
    assert_int_equal(dc3_hub_find("hf:o/n:unet/c.json", &path), DC3_ERR_IO);
    assert_int_equal(dc3_remove_tree(root), 0);
    free(blob), free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_have_parts),
                                       cmocka_unit_test(odd_names_are_refused),
                                       cmocka_unit_test(files_are_found_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
