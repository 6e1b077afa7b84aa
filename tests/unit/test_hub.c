/* Names of the hub, its cache on the disk, and which files of a repository are needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "dc3/hub.h"
#include "hub/cache.h"
#include "hub/digest.h"
#include "hub/name.h"
#include "hub/wanted.h"

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

static void titles(void **state)
{
    static const char *const all[][2] = {{"/x/models--a--b-c/snapshots/%s", "a/b-c@0123456"},
                                         {"/x/models--a--b-c/snapshots/%s/", "a/b-c@0123456"},
                                         {"models--a--b-c/snapshots/main", "main"},
                                         {"/x/models--b/snapshots/%s", commit},
                                         {"/x/dc3-mini", "dc3-mini"},
                                         {"dc3-mini/", "dc3-mini"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char title[100], *folder = g_strdup_printf(all[i][0], commit);
        dc3_hub_cache_title(folder, title, sizeof title);
        assert_string_equal(title, all[i][1]);
        g_free(folder);
    }
}

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
    static const char by_commit[] = "hf:o/n@0123456789abcdef0123456789abcdef01234567";
    assert_int_equal(dc3_hub_find(by_commit, &path), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), "only single files"));
    assert_int_equal(dc3_hub_cache_link(folder, commit, "a.safetensors", digest), DC3_OK);
    assert_int_equal(dc3_hub_find(by_commit, &path), DC3_OK);
    assert_string_equal(strrchr(path, '/'), "/a.safetensors");
    free(path);
    assert_int_equal(dc3_hub_cache_link(folder, commit, "b.safetensors", digest), DC3_OK);
    assert_int_equal(dc3_hub_find(by_commit, &path), DC3_ERR_OPTION);
    assert_int_equal(dc3_hub_cache_link(folder, commit, "model_index.json", digest), DC3_OK);
    assert_int_equal(dc3_hub_find(by_commit, &path), DC3_OK);
    assert_string_equal(strrchr(path, '/') + 1, commit);
    free(path);
    assert_int_equal(unlink(blob), 0);
    assert_int_equal(dc3_hub_find("hf:o/n:unet/c.json", &path), DC3_ERR_IO);
    assert_int_equal(dc3_remove_tree(root), 0);
    free(blob), free(folder);
}

/* What git hash-object and sha256sum say of "hello\n". */
static void hashes_are_those_of_git(void **state)
{
    static const char blob[] = "ce013625030ba8dba906f756967f9e9ca394464a",
                      sha256[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    (void)state;
    for (int i = 0; i < 2; i++) {
        dc3_digest *sum = dc3_digest_open(i ? sha256 : blob, 6);
        dc3_digest_add(sum, "hel", 3);
        dc3_digest_add(sum, "lo\n", 3);
        assert_string_equal(dc3_digest_text(sum), i ? sha256 : blob);
        dc3_digest_close(&sum);
    }
}

/* ---- what is needed ---- */

enum { MOST = 24 };

/* The files of `listed` (NULL behind the last) that are chosen are those of `expected`, in its order. */
static void chosen(const char *const *listed, const char *file, int fp16, dc3_status status,
                   const char *const *expected)
{
    dc3_hub_file files[MOST] = {{0}};
    dc3_hub_listing listing = {.files = files};
    char owner[] = "o/n", branch[] = "main", wanted[MOST];
    dc3_hub_name name = {owner, branch, (char *)(uintptr_t)file};
    dc3_listener nobody = {.user = NULL};
    for (; listed[listing.count]; listing.count++)
        files[listing.count].path = (char *)(uintptr_t)listed[listing.count];
    assert_int_equal(dc3_hub_choose(&listing, &name, fp16, &nobody, wanted), status);
    if (status != DC3_OK) return;
    for (int i = 0; i < listing.count; i++) {
        if (!wanted[i]) continue;
        assert_non_null(*expected);
        assert_string_equal(listed[i], *expected++);
    }
    assert_null(*expected);
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void parts_of_a_pipeline_are_needed(void **state)
{
    const char *const files[] = {".gitattributes",
                                 "README.md",
                                 "model_index.json",
                                 "pix2pix.ckpt",
                                 "safety_checker/config.json",
                                 "safety_checker/model.safetensors",
                                 "scheduler/scheduler_config.json",
                                 "text_encoder/config.json",
                                 "text_encoder/model.fp16.safetensors",
                                 "text_encoder/model.safetensors",
                                 "text_encoder/pytorch_model.bin",
                                 "tokenizer/merges.txt",
                                 "tokenizer/vocab.json",
                                 "unet/config.json",
                                 "unet/diffusion_pytorch_model.bin",
                                 "unet/diffusion_pytorch_model.non_ema.safetensors",
                                 "unet/diffusion_pytorch_model.safetensors",
                                 "vae/config.json",
                                 "vae/diffusion_pytorch_model.fp16.safetensors",
                                 "vae/diffusion_pytorch_model.safetensors",
                                 NULL};
    (void)state;
#define HEAD "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json"
    chosen(files, NULL, 0, DC3_OK,
           LIST(HEAD, "text_encoder/model.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json",
                "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json",
                "vae/diffusion_pytorch_model.safetensors"));
    chosen(files, NULL, 1, DC3_OK,
           LIST(HEAD, "text_encoder/model.fp16.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json",
                "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json",
                "vae/diffusion_pytorch_model.fp16.safetensors"));
    chosen(files, "pix2pix.ckpt", 0, DC3_OK, LIST("pix2pix.ckpt"));
    chosen(files, "pix2pix.pt", 0, DC3_ERR_IO, NULL);
}

static void other_weights_are_needed(void **state)
{
    (void)state;
    chosen(LIST("model_index.json", "unet/config.json", "unet/diffusion_flax_model.msgpack"), NULL, 0,
           DC3_ERR_IO, NULL);
    chosen(LIST("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin"), NULL, 0, DC3_OK,
           LIST("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin"));
    chosen(LIST("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"), NULL, 1,
           DC3_ERR_OPTION, NULL);
#define SHARDS                                                                                               \
    "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"
    chosen(LIST("config.json", "model-1-of-x.safetensors", SHARDS, "tf_model.h5"), NULL, 0, DC3_OK,
           LIST("config.json", SHARDS));
    chosen(LIST("config.json", SHARDS), "model.safetensors.index.json", 0, DC3_OK, LIST(SHARDS));
#define HALF                                                                                                 \
    "model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors",                        \
        "model.safetensors.index.fp16.json"
    chosen(LIST("config.json", SHARDS, HALF, "preprocessor_config.json"), NULL, 1, DC3_OK,
           LIST("config.json", HALF, "preprocessor_config.json"));
    chosen(LIST("config.json", SHARDS, HALF), NULL, 0, DC3_OK, LIST("config.json", SHARDS));
    chosen(LIST("config.json", HALF), NULL, 0, DC3_OK, LIST("config.json", HALF));
    chosen(LIST("config.json", SHARDS, HALF), "model.safetensors.index.fp16.json", 0, DC3_OK, LIST(HALF));
#define HALF_OF_UNET                                                                                         \
    "unet/diffusion_pytorch_model.bin.index.fp16.json", "unet/diffusion_pytorch_model.fp16-1-of-1.bin"
    chosen(LIST("model_index.json", "unet/config.json", HALF_OF_UNET), NULL, 1, DC3_OK,
           LIST("model_index.json", "unet/config.json", HALF_OF_UNET));
    chosen(LIST("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin",
                "unet/diffusion_pytorch_model.bin.index.fp16.json"),
           NULL, 0, DC3_OK, LIST("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin"));
    chosen(LIST("README.md", "style.safetensors"), NULL, 0, DC3_OK, LIST("style.safetensors"));
    chosen(LIST("a.safetensors", "b.safetensors"), NULL, 0, DC3_ERR_OPTION, NULL);
    chosen(LIST("README.md"), NULL, 0, DC3_ERR_IO, NULL);
    chosen(LIST("x.safetensors"), "x.safetensors", 1, DC3_ERR_OPTION, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_have_parts),
                                       cmocka_unit_test(odd_names_are_refused),
                                       cmocka_unit_test(titles),
                                       cmocka_unit_test(files_are_found_by_name),
                                       cmocka_unit_test(hashes_are_those_of_git),
                                       cmocka_unit_test(parts_of_a_pipeline_are_needed),
                                       cmocka_unit_test(other_weights_are_needed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
