/* A model's fingerprint covers the names and contents of all its files. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "run_folder/fingerprint.h"

static const char *const names[] = {"unet/model-00001-of-00002.safetensors", "unet/model.fp16.safetensors",
                                    "unet/model.safetensors.index.json", "tokenizer/merges.txt"};
enum { NAMES = sizeof names / sizeof *names };

static void whole_model(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-print-XXXXXX", *paths[NAMES], *below[2];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        below[i] = dc3_path_join(folder, i ? "tokenizer" : "unet");
        assert_int_equal(mkdir(below[i], 0700), 0);
    }
    for (int i = 0; i < NAMES; i++) {
        paths[i] = dc3_path_join(folder, names[i]);
        assert_int_equal(dc3_file_write(paths[i], "contents", 8), DC3_OK);
    }
    uint64_t first = dc3_fingerprint_folder(folder);
    assert_true(first && first == dc3_fingerprint_folder(folder));
    for (int i = 0; i < NAMES; i++) {
        assert_int_equal(dc3_file_write(paths[i], "contentS", 8), DC3_OK);
        assert_true(first != dc3_fingerprint_folder(folder));
        assert_int_equal(dc3_file_write(paths[i], "contents", 8), DC3_OK);
    }
    assert_true(first == dc3_fingerprint_folder(folder));
    unlink(paths[1]);
    assert_true(first != dc3_fingerprint_folder(folder));
    for (int i = 0; i < NAMES; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    for (int i = 0; i < 2; i++) {
        rmdir(below[i]);
        free(below[i]);
    }
    rmdir(folder);
}

/* Of a model the page and the samples of its training are no part; of other folders all is. */
static void beside_a_model(void **state)
{
    (void)state;
    char root[] = "/tmp/dc3-print-XXXXXX";
    assert_non_null(mkdtemp(root));
    char *index = dc3_path_join(root, "model_index.json"), *page = dc3_path_join(root, "report.html"),
         *samples = dc3_path_join(root, "samples");
    assert_int_equal(dc3_file_write(index, "{}", 2), DC3_OK);
    uint64_t first = dc3_fingerprint_folder(root);
    assert_int_equal(mkdir(samples, 0700), 0);
    assert_int_equal(dc3_file_write(page, "page", 4), DC3_OK);
    assert_true(first == dc3_fingerprint_folder(root));
    unlink(index);
    first = dc3_fingerprint_folder(root);
    rmdir(samples);
    assert_true(first != dc3_fingerprint_folder(root));
    unlink(page);
    rmdir(root);
    free(index), free(page), free(samples);
}

/* A name counts where the fingerprint is another, or there is none. */
static void names_of_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *was, *is;
        int named;
    } all[] = {{"{\"model\": \"a\", \"model_fingerprint\": \"1\"}",
                "{\"model\": \"b\", \"model_fingerprint\": \"1\"}", 0},
               {"{\"model\": \"a\", \"model_fingerprint\": \"1\"}",
                "{\"model\": \"b\", \"model_fingerprint\": \"2\"}", 1},
               {"{\"model\": \"a\"}", "{\"model\": \"b\", \"model_fingerprint\": \"2\"}", 1},
               {"{\"model\": \"a\"}", "{\"model\": \"b\"}", 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_t *was = json_loads(all[i].was, 0, NULL), *is = json_loads(all[i].is, 0, NULL);
        dc3_fingerprint_over_name(was, is, "model");
        assert_int_equal(json_object_get(was, "model") != NULL, all[i].named);
        assert_int_equal(json_object_get(is, "model") != NULL, all[i].named);
        json_decref(was), json_decref(is);
    }
}

/* A large file, which is not read whole: both ends and the middle count. */
static void large_file(void **state)
{
    (void)state;
    char path[] = "/tmp/dc3-print-XXXXXX";
    const off_t size = 80 << 20;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && ftruncate(fd, size) == 0);
    uint64_t first = dc3_fingerprint_file(path);
    const off_t places[] = {0, (size - (1 << 20)) / 7 * 3 + 100, size - 1};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pwrite(fd, "x", 1, places[i]), 1);
        assert_true(first != dc3_fingerprint_file(path));
        assert_int_equal(pwrite(fd, "", 1, places[i]), 1);
    }
    assert_true(first == dc3_fingerprint_file(path));
    assert_true(ftruncate(fd, size + 1) == 0 && first != dc3_fingerprint_file(path));
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_model), cmocka_unit_test(beside_a_model),
                                       cmocka_unit_test(names_of_the_same), cmocka_unit_test(large_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
