/* Which accuracies and which names of classes tell that a teacher is one of a dataset's classes. */
#include "support/random_tensors.h"
#include "teacher/check.h"
#include "teacher/imagenet.h"

/* Right answers among n at chance c. The probabilities of so many right answers by guessing are from the
 * binomial distribution, in exact fractions. */
static void verdicts(void **state)
{
    (void)state;
    static const struct {
        int64_t right, n;
        double chance;
        dc3_verdict verdict;
    } cases[] = {
        {60, 200, 0.1, DC3_TEACHER_FITS},     /* three times chance */
        {59, 200, 0.1, DC3_TEACHER_WRONG},    /* unlikely by guessing, but too seldom right */
        {20, 200, 0.1, DC3_TEACHER_WRONG},    /* chance itself */
        {0, 200, 0.1, DC3_TEACHER_WRONG},     /* classes in another order */
        {4, 10, 0.1, DC3_TEACHER_WRONG},      /* 4 of 10 or more: 0.0128 */
        {5, 10, 0.1, DC3_TEACHER_FITS},       /* 0.0016 */
        {3, 1000, 0.001, DC3_TEACHER_WRONG},  /* three times chance, but 0.080 by guessing */
        {6, 1000, 0.001, DC3_TEACHER_FITS},   /* 0.0006 */
        {28, 40, 0.5, DC3_TEACHER_FITS},      /* two classes: 0.0083 */
        {27, 40, 0.5, DC3_TEACHER_WRONG},     /* 0.019 */
        {6, 40, 0.5, DC3_TEACHER_WRONG},      /* the two swapped */
        {30, 60, 1.0 / 3, DC3_TEACHER_FITS},  /* three classes: 0.0058 */
        {29, 60, 1.0 / 3, DC3_TEACHER_WRONG}, /* 0.012 */
        {50, 80, 0.25, DC3_TEACHER_FITS},     /* four: half-way between chance and always */
        {49, 80, 0.25, DC3_TEACHER_WRONG},    {60, 100, 0.2, DC3_TEACHER_FITS}, /* five: three times chance */
        {59, 100, 0.2, DC3_TEACHER_WRONG},    {6, 6, 0.5, DC3_TEACHER_UNCLEAR}, /* even 6 of 6: 0.0156 */
        {0, 6, 0.5, DC3_TEACHER_UNCLEAR},     {7, 7, 0.5, DC3_TEACHER_FITS},    /* 0.0078 */
        {0, 0, 0.1, DC3_TEACHER_UNCLEAR},     {5, 5, 1, DC3_TEACHER_UNCLEAR},   /* one class */
        {180, 200, 0.9, DC3_TEACHER_WRONG}, /* always the most frequent class */
        {195, 200, 0.9, DC3_TEACHER_FITS},
    };
    /* Of ten classes one has a quarter of the images: right for 60 % is enough, or for 40 %, but not for 29
     * %. */
    assert_int_equal(dc3_teacher_verdict(120, 200, 0.25, 0.1), DC3_TEACHER_FITS);
    assert_int_equal(dc3_teacher_verdict(80, 200, 0.25, 0.1), DC3_TEACHER_FITS);
    assert_int_equal(dc3_teacher_verdict(58, 200, 0.25, 0.1), DC3_TEACHER_WRONG);
    assert_int_equal(dc3_teacher_verdict(58, 200, 0.15, 0.1), DC3_TEACHER_WRONG);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dc3_teacher_verdict(cases[i].right, cases[i].n, cases[i].chance, cases[i].chance) !=
            cases[i].verdict)
            fail_msg("%lld of %lld at %g", (long long)cases[i].right, (long long)cases[i].n, cases[i].chance);
}

/* Checks names; the error's text must have all of `texts`. */
static void check(const char *known, const char *expected, int any, dc3_status status, int named,
                  const char *const *texts)
{
    json_t *a = known ? json_loads(known, 0, NULL) : NULL, *b = json_loads(expected, 0, NULL);
    dc3_listener quiet = {0};
    dc3_teacher_check c = {.path = "t.pth", .data = "photos", .names = b, .any = any, .listener = &quiet};
    assert_int_equal(dc3_teacher_check_names(&c, a), status);
    assert_int_equal(c.named, named);
    for (int i = 0; texts && texts[i]; i++)
        if (!strstr(dc3_error_text(), texts[i])) fail_msg("'%s' is not in: %s", texts[i], dc3_error_text());
    json_decref(a);
    json_decref(b);
}

static void names(void **state)
{
    (void)state;
    static const char *const order[] = {"t.pth", "another order: cat, dog, ant", "expected ant, cat, dog",
                                        NULL};
    static const char *const others[] = {"other classes: ant, cat, owl", "photos are ant, cat, dog",
                                         "any_teacher", NULL};
    check(NULL, "[\"ant\", \"cat\"]", 0, DC3_OK, 0, NULL);
    check("[\"ant\", \"cat\"]", "[\"ant\", \"cat\"]", 0, DC3_OK, 1, NULL);
    check("[\"0\", \"1\"]", "[\"0\", \"1\"]", 0, DC3_OK, 0, NULL); /* MNIST's digits or CIFAR's numbers? */
    check("[\"0\", \"1\"]", "[\"ant\", \"cat\"]", 0, DC3_OK, 0, NULL); /* the answers tell */
    check("[\"ant\", \"cat\"]", "[\"0\", \"1\"]", 0, DC3_OK, 0, NULL);
    check("[\"cat\", \"dog\", \"ant\"]", "[\"ant\", \"cat\", \"dog\"]", 0, DC3_ERR_ARGUMENT, 0, order);
    check("[\"cat\", \"dog\", \"ant\"]", "[\"ant\", \"cat\", \"dog\"]", 1, DC3_ERR_ARGUMENT, 0, order);
    check("[\"ant\", \"cat\", \"owl\"]", "[\"ant\", \"cat\", \"dog\"]", 0, DC3_ERR_ARGUMENT, 0, others);
    check("[\"ant\", \"cat\", \"owl\"]", "[\"ant\", \"cat\", \"dog\"]", 1, DC3_OK, 0, NULL);
}

/* What a file says comes back; what is no accuracy is none. */
static void texts(void **state)
{
    (void)state;
    char text[DC3_ACCURACY_TEXT];
    dc3_teacher_accuracy a = {.top1 = 0.6, .images = 60, .on = "held-out images"}, none;
    json_t *object = dc3_teacher_accuracy_to_json(&a);
    dc3_teacher_accuracy b = dc3_teacher_accuracy_of_json(object);
    assert_string_equal(dc3_teacher_accuracy_text(&b, text), "top-1 60.00 % on 60 held-out images");
    json_decref(object);
    static const char *const bad[] = {"{}", "{\"top1\": \"x\"}", "{\"top1\": 1.5}", "{\"top1\": -1}", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        object = json_loads(bad[i], 0, NULL);
        none = dc3_teacher_accuracy_of_json(object);
        assert_string_equal(dc3_teacher_accuracy_text(&none, text), "accuracy not known");
        json_decref(object);
    }
}

/* ImageNet's classes by their WordNet ids: known ones, and what is none. */
static void imagenet(void **state)
{
    static const struct {
        const char *name;
        int output;
    } cases[] = {
        {"n01440764", 0},  {"n03888257", 701}, {"n15075141", 999}, {"n01440765", -1},  {"n00000000", -1},
        {"n99999999", -1}, {"n1440764", -1},   {"n01440764x", -1}, {"n014407640", -1}, {"tench", -1},
        {"", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dc3_imagenet_class(cases[i].name) != cases[i].output) fail_msg("%s", cases[i].name);
    assert_true(dc3_is_wordnet_id("n01440764 tench"));
    assert_false(dc3_is_wordnet_id("n0144076"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts), cmocka_unit_test(names),
                                       cmocka_unit_test(texts), cmocka_unit_test(imagenet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
