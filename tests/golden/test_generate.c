/* Images that tiny models generate against diffusers' pipelines (tools/golden/generate.py): texts by models
 * of epsilon and of velocity, with and without guidance, at another size, with adapters; classes. And that an
 * image depends on its seed alone. */
#include "support/golden_file.h"
#include "support/skips.h"
#include "generate/generator.h"

enum { SIZE = 24, MOST = 3, ROOM = MOST * SIZE * SIZE * 3 };

/* Single precision through four steps; bf16 keeps 8 bits a layer; with adapters weights are rounded to f16,
 * as their file has them, and diffusers keeps the two apart. */
static const double limit = 1e-4, bf16_limit = 0.03, merged_limit = 2e-3;

static const char *const prompts[] = {"a red fish in the sea", "a photo of a sunny lake"};

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

static int open_file(void **state)
{
    (void)state;
    return open_golden_file("generate/golden.safetensors");
}

static dc3_generator *open_model(const char *model, const char *lora, dc3_dtype dtype)
{
    char path[512], file[512];
    dc3_generator *g;
    snprintf(path, sizeof path, "%s/generate/%s", DC3_TEST_DATA, model);
    snprintf(file, sizeof file, "%s/generate/%s", DC3_TEST_DATA, lora ? lora : "");
    dc3_generator_options o = {.lora = lora ? file : NULL, .lora_scale = 1, .dtype = dtype, .threads = 2};
    must(dc3_generator_open(path, &o, &g));
    return g;
}

static const dc3_tensor *wanted(const char *net, const char *what)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", net, what);
    return find(name, -1);
}

/* |a - b| / |b|. */
static double relative(const float *a, const dc3_tensor *b)
{
    double error = 0, norm = 0;
    const float *y = b->data;
    for (int64_t i = 0; i < dc3_count(b); i++) {
        error += pow((double)a[i] - (double)y[i], 2);
        norm += (double)y[i] * (double)y[i];
    }
    return sqrt(error / norm);
}

/* The case's images, and where there are some its latents, are diffusers'. */
static void check(const char *name, const char *model, const char *lora, float guidance, dc3_dtype dtype,
                  double most)
{
    static float noises[2 * ROOM], images[ROOM], latents[ROOM];
    static const int64_t labels[] = {7, 0, 999};
    const dc3_tensor *noise = wanted(name, "noise"), *found;
    dc3_generator *g = open_model(model, lora, dtype);
    dc3_edit_settings s = dc3_generator_defaults(g);
    assert_int_equal(s.sampler, DC3_DDIM);
    s.steps = 4, s.guidance = guidance;
    s.size = (int)noise->shape[1] * dc3_generator_describe(g).factor;
    assert_true(dc3_count(noise) <= ROOM);
    memcpy(noises, noise->data, dc3_bytes(noise)); /* the sampler takes no more */
    dc3_generator_request q = {.n = (int)noise->shape[0],
                               .prompts = prompts,
                               .negative = "rain",
                               .labels = labels,
                               .noises = noises,
                               .images = images,
                               .latents = latents};
    must(dc3_generator_run(g, &s, &q));
    double error = relative(images, wanted(name, "images"));
    if (!(error < most)) fail_msg("%s: relative error of the images %g", name, error);
    char text[80];
    snprintf(text, sizeof text, "%s.latents", name);
    found = dc3_table_find(golden, text);
    if (found && !(relative(latents, found) < most))
        fail_msg("%s: relative error of the latents %g", name, relative(latents, found));
    print_message("%s, %s: within %.1e\n", name, dc3_dtype_name(dtype), error);
    dc3_generator_close(&g);
}

static void texts(void **state)
{
    (void)state;
    check("text", "text", NULL, 5, DC3_F32, limit);
    check("text_large", "text", NULL, 5, DC3_F32, limit);
    check("text_plain", "text", NULL, 1, DC3_F32, limit);
    check("text_v", "text_v", NULL, 5, DC3_F32, limit);
    if (can_bf16("text")) check("text_plain", "text", NULL, 1, DC3_BF16, bf16_limit);
}

static void adapters(void **state)
{
    (void)state;
    check("text_lora", "text", "lora", 5, DC3_F32, merged_limit);
}

static void classes(void **state)
{
    (void)state;
    check("classes", "classes", NULL, 4, DC3_F32, limit);
    if (can_bf16("classes")) check("classes", "classes", NULL, 4, DC3_BF16, bf16_limit);
}

/* What directories say of how they are run, and classes by name and number. */
static void described(void **state)
{
    (void)state;
    dc3_generator *g = open_model("classes", NULL, DC3_F32);
    dc3_generator_info info = dc3_generator_describe(g);
    dc3_edit_settings s = dc3_generator_defaults(g);
    assert_string_equal(info.name, "classes");
    assert_int_equal(info.classes, 1000);
    assert_int_equal(info.factor, 2);
    assert_int_equal(info.unit, 4);
    assert_int_equal(s.size, 16);
    assert_int_equal(s.steps, 50);
    assert_true(s.guidance == 4);
    static const struct {
        const char *word;
        int64_t label;
    } known[] = {{"tench", 0}, {"Tinca_tinca", 0}, {"tench, Tinca tinca", 0}, {"Golden Retriever", 207},
                 {"207", 207}, {"999", 999},       {"n01440764", 0},          {"n01443537", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int64_t label = -1;
        must(dc3_generator_class(g, known[i].word, &label));
        assert_int_equal(label, known[i].label);
    }
    static const char *const unknown[] = {"1000", "-1", "", "tinca", "n99999999", "4294967296000"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        int64_t label;
        assert_int_equal(dc3_generator_class(g, unknown[i], &label), DC3_ERR_OPTION);
        assert_string_equal(dc3_error_setting(), "classes");
    }
    char text[40];
    assert_string_equal(dc3_generator_class_name(g, 0, text, sizeof text), "tench");
    assert_string_equal(dc3_generator_class_name(g, 999, text, sizeof text), "999");
    dc3_generator_close(&g);
    g = open_model("text", NULL, DC3_F32);
    assert_int_equal(dc3_generator_describe(g).classes, 0);
    assert_true(dc3_generator_defaults(g).guidance == 7.5f);
    dc3_generator_close(&g);
}

/* Of an image of a batch nothing but its own seed and prompt matters; also beside others. */
static void by_seed(void **state)
{
    (void)state;
    static float both[2 * 16 * 16 * 3], one[16 * 16 * 3];
    dc3_generator *g = open_model("text", NULL, DC3_F32), *beside;
    dc3_edit_settings s = dc3_generator_defaults(g);
    s.steps = 2;
    uint64_t seeds[2];
    for (int i = 0; i < 2; i++) seeds[i] = dc3_generator_seed(5, prompts[i], 3);
    assert_true(seeds[0] != seeds[1] && seeds[0] != dc3_generator_seed(5, prompts[0], 4));
    assert_true(seeds[0] != dc3_generator_seed(6, prompts[0], 3));
    dc3_generator_request q = {.n = 2, .prompts = prompts, .seeds = seeds, .images = both};
    must(dc3_generator_run(g, &s, &q));
    q = (dc3_generator_request){.n = 1, .prompts = prompts + 1, .seeds = seeds + 1, .images = one};
    must(dc3_generator_open_beside(g, 1, &beside));
    must(dc3_generator_run(beside, &s, &q));
    assert_true(distance(DC3_F32, one, both + 16 * 16 * 3, 16 * 16 * 3) < 1e-3);
    assert_true(distance(DC3_F32, one, both, 16 * 16 * 3) > 0.01);
    double bytes = dc3_generator_bytes(g, &s, 1);
    assert_true(bytes > 0 && dc3_generator_bytes(g, &s, 8) > 2 * bytes);
    assert_true(dc3_generator_flops(g, &s, 2) > 1.5 * dc3_generator_flops(g, &s, 1));
    dc3_generator_close(&beside);
    dc3_generator_close(&g);
}

static void refused(void **state)
{
    (void)state;
    dc3_generator *g;
    dc3_generator_options o = {.lora_scale = 1, .dtype = DC3_F32, .threads = 1};
    static const struct {
        const char *model, *lora, *text;
        dc3_status status;
    } wrong[] = {
        {"/ip2p", NULL, "it is an InstructPix2Pix, which edits images", DC3_ERR_UNSUPPORTED},
        {"/generate/nothing", NULL, "expected a diffusers directory with a model_index.json", DC3_ERR_IO},
        {"/generate/classes", "/generate/lora", "low-rank adapters are for U-Nets", DC3_ERR_UNSUPPORTED},
        {"/generate/text", "/lora/kohya.safetensors", "is the LoRA for another model?", DC3_ERR_FORMAT}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char path[512], lora[512];
        snprintf(path, sizeof path, "%s%s", DC3_TEST_DATA, wrong[i].model);
        snprintf(lora, sizeof lora, "%s%s", DC3_TEST_DATA, wrong[i].lora ? wrong[i].lora : "");
        o.lora = wrong[i].lora ? lora : NULL;
        assert_int_equal(dc3_generator_open(path, &o, &g), wrong[i].status);
        assert_null(g);
        if (!strstr(dc3_error_text(), wrong[i].text))
            fail_msg("expected '%s' in: %s", wrong[i].text, dc3_error_text());
    }
    float image[16 * 16 * 3];
    uint64_t seed = 1;
    g = open_model("classes", NULL, DC3_F32);
    dc3_edit_settings s = dc3_generator_defaults(g);
    dc3_generator_request q = {.n = 1, .prompts = prompts, .seeds = &seed, .images = image};
    assert_int_equal(dc3_generator_run(g, &s, &q), DC3_ERR_ARGUMENT); /* no class */
    s.size = 18;
    assert_int_equal(dc3_generator_check(g, &s), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(), "size: expected a multiple of 4 from 4 to 4096, found 18");
    dc3_generator_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts),   cmocka_unit_test(adapters),
                                       cmocka_unit_test(classes), cmocka_unit_test(described),
                                       cmocka_unit_test(by_seed), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, open_file, close_golden);
}
