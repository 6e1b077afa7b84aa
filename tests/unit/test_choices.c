/* Words and constants: each word gives its constant and back, and what is neither is refused. */
#include "support/random_tensors.h"
#include "dc3/choices.h"

/* The words as users write them, in the order of their constants. */
static const struct {
    const char *setting, *words[20];
} settings[] = {
    {"dtype", {"auto", "f32", "bf16"}},
    {"fit", {"crop", "squash", "pad"}},
    {"format", {"png", "webp", "jpeg", "avif"}},
    {"combine", {"gradient", "random", "grid", "fourfold"}},
    {"compensation", {"random", "calibrated", "none"}},
    {"store", {"files", "tar", "copy", "link"}},
    {"balance", {"equal", "proportional", "sqrt"}},
    {"detail", {"keep", "edit"}},
    {"sampler",
     {"euler-ancestral", "euler", "ddim", "dpmpp-2m", "pndm", "ddpm", "heun", "lms", "lcm", "unipc",
      "dpmpp-1", "dpmpp-3m", "dpm-1", "dpm-2m", "dpm-3m", "dpmpp-1-sde", "dpmpp-2m-sde", "dpmpp-3m-sde"}},
    {"labels", {"soft", "stored", "hard"}},
    {"augment", {"rded", "none"}},
    {"recipe", {"classic", "rded", "dc3", "strong"}},
    {"loss", {"kl", "cosine", "mse"}},
    {"schedule", {"half-cosine", "cosine", "smooth"}},
    {"optimizer", {"sgd", "adamw"}},
    {"objective", {"graph-cut", "facility-location", "log-determinant"}},
    {"maximizer", {"naive", "lazy", "stochastic", "approximate-lazy"}},
    {"gradient", {"plain", "double-softmax"}},
    {"train", {"lora", "attention", "bias-norm", "all"}},
    {"lr_schedule", {"constant", "cosine"}},
    {"lora_layers", {"attention", "feed-forward", "convolutions"}}};

static void every_word(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        const char *const *names = dc3_option_names(settings[s].setting);
        int n = 0, value;
        for (; settings[s].words[n]; n++) {
            assert_string_equal(names[n], settings[s].words[n]);
            assert_int_equal(dc3_option_parse(settings[s].setting, names[n], &value), DC3_OK);
            assert_int_equal(value, n);
        }
        assert_null(names[n]);
        value = 7;
        assert_int_equal(dc3_option_parse(settings[s].setting, "", &value), DC3_ERR_OPTION);
        assert_int_equal(dc3_option_parse(settings[s].setting, NULL, &value), DC3_ERR_OPTION);
        assert_int_equal(value, 7);
    }
    assert_null(dc3_option_names("colour"));
    assert_int_equal(dc3_option_parse("colour", "red", &(int){0}), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_option_parse(NULL, "red", &(int){0}), DC3_ERR_ARGUMENT);
}

#define ROUND(type, setting_word, constant)                                                                  \
    do {                                                                                                     \
        type value = (type)99;                                                                               \
        assert_int_equal(type##_parse(setting_word, &value), DC3_OK);                                        \
        assert_int_equal(value, constant);                                                                   \
        assert_string_equal(type##_name(constant), setting_word);                                            \
        assert_null(type##_name((type)99));                                                                  \
        assert_null(type##_name((type)-1));                                                                  \
        assert_int_equal(type##_parse("no such word", &value), DC3_ERR_OPTION);                              \
        assert_int_equal(value, constant);                                                                   \
    } while (0)

static void typed(void **state)
{
    (void)state;
    ROUND(dc3_compute, "bf16", DC3_COMPUTE_BF16);
    ROUND(dc3_fit, "crop", DC3_FIT_CROP);
    ROUND(dc3_fit, "pad", DC3_FIT_PAD);
    ROUND(dc3_image_format, "png", DC3_PNG);
    ROUND(dc3_image_format, "jpeg", DC3_JPEG);
    ROUND(dc3_combine, "gradient", DC3_COMBINE_GRADIENT);
    ROUND(dc3_combine, "fourfold", DC3_COMBINE_FOURFOLD);
    ROUND(dc3_compensation_kind, "calibrated", DC3_COMPENSATION_CALIBRATED);
    ROUND(dc3_store_kind, "tar", DC3_STORE_TAR);
    ROUND(dc3_store_kind, "link", DC3_STORE_LINK);
    ROUND(dc3_balance, "sqrt", DC3_BALANCE_SQRT);
    ROUND(dc3_detail, "keep", DC3_DETAIL_KEEP);
    ROUND(dc3_sampler_kind, "euler-ancestral", DC3_EULER_ANCESTRAL);
    ROUND(dc3_sampler_kind, "dpmpp-2m", DC3_DPMPP_2M);
    ROUND(dc3_sampler_kind, "pndm", DC3_PNDM);
    ROUND(dc3_sampler_kind, "dpm-3m", DC3_DPM_3M);
    ROUND(dc3_sampler_kind, "dpmpp-3m-sde", DC3_DPMPP_3M_SDE);
    ROUND(dc3_label_kind, "soft", DC3_LABELS_SOFT);
    ROUND(dc3_label_kind, "hard", DC3_LABELS_HARD);
    ROUND(dc3_augment_kind, "none", DC3_AUGMENT_NONE);
    ROUND(dc3_recipe_kind, "strong", DC3_RECIPE_STRONG);
    ROUND(dc3_loss_kind, "cosine", DC3_LOSS_COSINE);
    ROUND(dc3_lr_schedule, "smooth", DC3_LR_SMOOTH);
    ROUND(dc3_optimizer_kind, "adamw", DC3_ADAMW);
    ROUND(dc3_objective, "log-determinant", DC3_LOG_DETERMINANT);
    ROUND(dc3_maximizer, "approximate-lazy", DC3_APPROXIMATE_LAZY_GREEDY);
    ROUND(dc3_gradient, "double-softmax", DC3_GRADIENT_DOUBLE_SOFTMAX);
    ROUND(dc3_selection_kind, "herding", DC3_SELECTION_HERDING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_word), cmocka_unit_test(typed)};
    return cmocka_run_group_tests_name("choices", tests, NULL, NULL);
}
