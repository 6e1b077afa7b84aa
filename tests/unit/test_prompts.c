/* Prompts (docs/method.md, Colour compensation): which there are, which are drawn for an image, and the
 * instruction that is made of one. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "diffusion/prompts.h"

static const char *const warm[5] = {"sunny", "golden hour", "sepia", "vivid colors", "daylight"};
static const char *const cold[5] = {"rainy", "snowy", "frozen lake", "infrared", "underwater"};

static dc3_prompts the_papers(void)
{
    dc3_prompts p;
    assert_int_equal(dc3_prompts_read(NULL, &p), DC3_OK);
    return p;
}

static int place(const char *const *list, const char *prompt)
{
    for (int i = 0; i < 5; i++)
        if (strcmp(list[i], prompt) == 0) return i;
    return -1;
}

static void the_ten(void **state)
{
    (void)state;
    dc3_prompts p = the_papers();
    assert_int_equal(p.warm_count, 5), assert_int_equal(p.cold_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(p.warm[i], warm[i]);
        assert_string_equal(p.cold[i], cold[i]);
    }
}

/* A warm one and then a cold one: those of items 0 to 5 under two seeds. */
static void pairs(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, item;
        const char *warm, *cold;
    } drawn[] = {
        {0, 0, "daylight", "rainy"},    {0, 1, "sepia", "rainy"},
        {0, 2, "sunny", "rainy"},       {0, 3, "golden hour", "underwater"},
        {7, 0, "golden hour", "snowy"}, {7, 1, "vivid colors", "frozen lake"},
    };
    dc3_prompts p = the_papers();
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        const char *out[2];
        dc3_prompts_draw(&p, drawn[i].seed, drawn[i].item, 1, out);
        assert_string_equal(out[0], drawn[i].warm);
        assert_string_equal(out[1], drawn[i].cold);
    }
}

/* Two different warm ones, then two different cold ones. */
static void fours(void **state)
{
    (void)state;
    static const char *const drawn[2][4] = {{"daylight", "sepia", "snowy", "rainy"},
                                            {"sepia", "golden hour", "snowy", "frozen lake"}};
    dc3_prompts p = the_papers();
    for (uint64_t item = 0; item < 200; item++) {
        const char *out[4];
        dc3_prompts_draw(&p, 0, item, 2, out);
        assert_true(place(warm, out[0]) >= 0 && place(warm, out[1]) >= 0 && out[0] != out[1]);
        assert_true(place(cold, out[2]) >= 0 && place(cold, out[3]) >= 0 && out[2] != out[3]);
        for (int i = 0; item < 2 && i < 4; i++) assert_string_equal(out[i], drawn[item][i]);
    }
}

/* Each prompt as often as the others, and the cold one does not depend on the warm one: 25 pairs of 2,500
 * draws, expected 100 times each with a deviation of 10. */
static void uniform(void **state)
{
    (void)state;
    int count[5][5] = {{0}};
    dc3_prompts p = the_papers();
    for (uint64_t item = 0; item < 2500; item++) {
        const char *out[2];
        dc3_prompts_draw(&p, 3, item, 1, out);
        count[place(warm, out[0])][place(cold, out[1])]++;
    }
    for (int i = 0; i < 25; i++) assert_in_range(count[i / 5][i % 5], 50, 150);
}

static dc3_status read_text(const char *text, dc3_prompts *p)
{
    char path[] = "/tmp/dc3-prompts-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
    dc3_status status = dc3_prompts_read(path, p);
    unlink(path);
    return status;
}

static void from_a_file(void **state)
{
    (void)state;
    dc3_prompts p;
    assert_int_equal(read_text("# mine\nwarm: a red desert \r\n\n  cold:fog\nwarm:\tcandle light\n", &p),
                     DC3_OK);
    assert_int_equal(p.warm_count, 2), assert_int_equal(p.cold_count, 1);
    assert_string_equal(p.warm[0], "a red desert");
    assert_string_equal(p.warm[1], "candle light");
    assert_string_equal(p.cold[0], "fog");
    /* A list that is too short for two different ones begins again. */
    const char *out[4];
    dc3_prompts_draw(&p, 0, 0, 2, out);
    assert_true(strcmp(out[0], out[1]) != 0);
    assert_string_equal(out[2], "fog"), assert_string_equal(out[3], "fog");
    const struct {
        const char *text, *message;
    } refused[] = {{"warm: sun\n", "found 1 and 0"},
                   {"cold: fog\n", "found 0 and 1"},
                   {"warm: sun\nhot: fire\n", "found 'hot: fire'"},
                   {"warm: sun\ncold:  \n", "expected a prompt of 1 to 199 bytes, found 0"}};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(read_text(refused[i].text, &p), DC3_ERR_FORMAT);
        if (!strstr(dc3_error_text(), refused[i].message))
            fail_msg("%s: %s", refused[i].text, dc3_error_text());
    }
    assert_int_equal(dc3_prompts_read("/nowhere/prompts.txt", &p), DC3_ERR_IO);
}

/* A prompt becomes the paper's sentence; a sentence (several words, a capital first) is taken as it is. */
static void instruction(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"sunny", "Adjust the color hue to be sunny and preserve all details and content"},
        {"frozen lake", "Adjust the color hue to be frozen lake and preserve all details and content"},
        {"Sepia", "Adjust the color hue to be Sepia and preserve all details and content"},
        {"100% red", "Adjust the color hue to be 100% red and preserve all details and content"},
        {"Make it snow.", "Make it snow."},
        {"Make it 100%d blue", "Make it 100%d blue"}};
    char out[DC3_PROMPT_SIZE + 100];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dc3_instruction(texts[i][0], out);
        assert_string_equal(out, texts[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_ten),     cmocka_unit_test(pairs),
                                       cmocka_unit_test(fours),       cmocka_unit_test(uniform),
                                       cmocka_unit_test(from_a_file), cmocka_unit_test(instruction)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
