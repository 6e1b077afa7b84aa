/* The words that a model knows: what is found in a prompt, what is told of the others. */
#include "support/random_tensors.h"
#include "base/text.h"
#include "dc3/editor.h"
#include "diffusion/concepts.h"

static const char *const text =
    "{\"sunny\": [\"sunshine\", \"sunlight\"], \"golden hour\": [\"golden\"], \"ice\": [\"under water\"]}";

static dc3_concepts *open_text(void)
{
    dc3_concepts *c;
    json_t *json = json_loads(text, 0, NULL);
    assert_int_equal(dc3_concepts_open(json, "f.json", &c), DC3_OK);
    json_decref(json);
    return c;
}

static void known(void **state)
{
    (void)state;
    static const char *const yes[] = {"sunny",
                                      "Sunny!",
                                      "make it SUNNY, please",
                                      "golden-hour",
                                      "golden hour",
                                      "a golden lake",
                                      "Make it look as if it were under water",
                                      "ice"};
    static const char *const no[] = {"", "moonlight", "sunnyside", "under the water", "rice", "icy", "hour"};
    dc3_concepts *c = open_text();
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!dc3_concepts_know(c, yes[i])) fail_msg("does not know '%s'", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (dc3_concepts_know(c, no[i])) fail_msg("knows '%s'", no[i]);
        assert_true(dc3_concepts_know(NULL, no[i]));
    }
    dc3_concepts_close(&c);
    assert_null(c);
    dc3_concepts_close(&c);
}

static void notes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"sunny", ""},
        {"Make the picture look golden", ""},
        {"moonlight",
         "m does not know 'moonlight' (nearest: 'sunlight'), and so changes next to nothing; it knows "
         "sunny, golden hour, ice"},
        {"asdfqwer",
         "m does not know 'asdfqwer', and so changes next to nothing; it knows sunny, golden hour, ice"},
        {"golden moonlight", "m does not know 'moonlight' (nearest: 'sunlight') of 'golden moonlight'"},
        {"sunny sky, sunny sea", "m does not know 'sky', 'sea' of 'sunny sky, sunny sea'"},
        {"huor",
         "m does not know 'huor' (nearest: 'golden hour'), and so changes next to nothing; it knows sunny, "
         "golden hour, ice"},
        {"golden huor", "m does not know 'huor' (nearest: 'golden hour') of 'golden huor'"},
        {"a suny watr",
         "m does not know 'suny' (nearest: 'sunny'), 'watr' (nearest: 'under water'), and so changes next to "
         "nothing; it knows sunny, golden hour, ice"},
        {"the", "m does not know 'the', and so changes next to nothing; it knows sunny, golden hour, ice"}};
    dc3_concepts *c = open_text();
    char note[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(dc3_concepts_note(c, "m", cases[i][0], note, sizeof note), cases[i][1]);
        assert_string_equal(dc3_concepts_note(NULL, "m", cases[i][0], note, sizeof note), "");
    }
    dc3_concepts_note(c, "m", "sunny moonlight", note, 12);
    assert_int_equal(strlen(note), 11);
    dc3_concepts_close(&c);
}

static void long_prompt(void **state)
{
    (void)state;
    dc3_concepts *c = open_text();
    char prompt[3000], note[1000];
    memset(prompt, 'x', sizeof prompt), prompt[sizeof prompt - 1] = 0;
    assert_false(dc3_concepts_know(c, prompt));
    for (size_t i = 1; i < sizeof prompt - 1; i += 2) prompt[i] = ' ';
    dc3_concepts_note(c, "m", prompt, note, sizeof note);
    assert_true(strlen(note) > 0 && strlen(note) < sizeof note);
    dc3_concepts_close(&c);
}

static void damaged(void **state)
{
    (void)state;
    static const char *const texts[] = {"[]", "3", "{}", "{\"a\": [3]}", "{\"\": []}", "{\"a\": [\"\"]}"};
    dc3_concepts *c;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        if (dc3_concepts_open(json, "f.json", &c) != DC3_ERR_FORMAT) fail_msg("accepted: %s", texts[i]);
        assert_null(c);
        json_decref(json);
    }
    assert_int_equal(dc3_concepts_open(NULL, "f.json", &c), DC3_OK);
    assert_null(c);
}

static void heard(void *user, const char *line)
{
    snprintf(user, 1000, "%s", line);
}

/* The bundled model knows the ten prompts of the paper; an edit by another word tells its listener. */
static void bundled(void **state)
{
    (void)state;
    static const char *const usual[] = {"sunny",    "golden hour", "sepia",         "vivid colors",
                                        "daylight", "rainy",       "snowy",         "frozen lake",
                                        "infrared", "underwater",  "natural colors"};
    dc3_image_editor *editor;
    dc3_image_edit_options o = dc3_image_edit_defaults();
    uint8_t image[8 * 8 * 3] = {0}, edit[8 * 8 * 3];
    char line[1000] = "";
    dc3_image_editor_options e = dc3_image_editor_defaults();
    assert_int_equal(dc3_image_editor_open(DC3_MODELS "/dc3-mini", &e, &editor), DC3_OK);
    const char *const *names = dc3_image_editor_concepts(editor);
    for (int i = 0; i < 11; i++) assert_string_equal(names[i], usual[i]);
    assert_null(names[11]);
    assert_null(dc3_image_editor_concepts(NULL));
    o.listener.message = heard, o.listener.user = line;
    assert_int_equal(dc3_image_editor_edit(editor, &o, 1, 8, 8, image, &usual[1], NULL, edit), DC3_OK);
    assert_string_equal(line, "");
    assert_int_equal(
        dc3_image_editor_edit(editor, &o, 1, 8, 8, image, (const char *[]){"moonlight"}, NULL, edit), DC3_OK);
    assert_non_null(strstr(line, "dc3-mini does not know 'moonlight' (nearest: 'sunlight')"));
    dc3_image_editor_close(&editor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(notes),
                                       cmocka_unit_test(long_prompt), cmocka_unit_test(damaged),
                                       cmocka_unit_test(bundled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
