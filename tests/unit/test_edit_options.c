/* The settings of an edit by their table: which fields they are, what is taken from options, what is refused,
 * and JSON. */
#include "support/random_tensors.h"
#include <stdio.h>
#include "diffusion/edit_options.h"

static const dc3_edit_settings usual = {
    .size = 64, .steps = 7, .sampler = DC3_DDIM, .guidance = 3, .image_guidance = 1.25f};

static int same(const dc3_edit_settings *a, const dc3_edit_settings *b)
{
    return a->size == b->size && a->steps == b->steps && a->sampler == b->sampler &&
           a->guidance == b->guidance && a->image_guidance == b->image_guidance;
}

static void table(void **state)
{
    (void)state;
    static const char *const names[] = {"steps", "sampler", "guidance", "image_guidance"};
    dc3_condense_options c = dc3_condense_defaults();
    dc3_image_edit_options e = dc3_image_edit_defaults();
    dc3_generate_options g = dc3_generate_defaults();
    const void *in_generate[] = {&g.steps, &g.sampler, &g.guidance, &g}; /* images are not edited */
    const void *in_condense[] = {&c.steps, &c.sampler, &c.guidance, &c.image_guidance};
    const void *in_edit[] = {&e.steps, &e.sampler, &e.guidance, &e.image_guidance};
    for (int i = 0; i < 4; i++) {
        const dc3_edit_option *o = dc3_edit_option_at(i);
        assert_non_null(o);
        assert_string_equal(o->name, names[i]);
        assert_ptr_equal((const char *)&c + o->in_condense, in_condense[i]);
        assert_ptr_equal((const char *)&e + o->in_edit, in_edit[i]);
        assert_ptr_equal((const char *)&g + o->in_generate, in_generate[i]);
        for (int k = 0; k < (o->in_generate ? 3 : 2); k++) { /* what the defaults calls give */
            const void *field = k == 2 ? in_generate[i] : k ? in_edit[i] : in_condense[i];
            double unset = o->kind == DC3_EDIT_REAL ? *(const double *)field : *(const int *)field;
            assert_true(unset == o->unset);
        }
        assert_true(o->unset < o->least || o->kind == DC3_EDIT_WORD);
        assert_true(*o->help && *o->value);
    }
    assert_null(dc3_edit_option_at(4));
    assert_null(dc3_edit_option_at(-1));
}

static void taken(void **state)
{
    (void)state;
    dc3_condense_options c = dc3_condense_defaults();
    dc3_image_edit_options e = dc3_image_edit_defaults();
    dc3_edit_settings s = usual, wanted = usual;
    assert_int_equal(dc3_edit_settings_of_condense(&c, &s), DC3_OK);
    assert_int_equal(dc3_edit_settings_of_image(&e, &s), DC3_OK);
    assert_true(same(&s, &usual)); /* nothing is said */
    c.steps = 1000, c.guidance = 0;
    assert_int_equal(dc3_edit_settings_of_condense(&c, &s), DC3_OK);
    wanted.steps = 1000, wanted.guidance = 0;
    assert_true(same(&s, &wanted));
    dc3_generate_options g = dc3_generate_defaults();
    g.steps = 20, g.guidance = 1;
    assert_int_equal(dc3_edit_settings_of_generate(&g, &s), DC3_OK);
    wanted.steps = 20, wanted.guidance = 1;
    assert_true(same(&s, &wanted));
    e.sampler = DC3_EULER_ANCESTRAL, e.image_guidance = 100;
    assert_int_equal(dc3_edit_settings_of_image(&e, &s), DC3_OK);
    wanted.sampler = DC3_EULER_ANCESTRAL, wanted.image_guidance = 100;
    assert_true(same(&s, &wanted));
}

static void refused(void **state)
{
    (void)state;
#define REFUSED(field, value, text)                                                                          \
    do {                                                                                                     \
        dc3_condense_options c = dc3_condense_defaults();                                                    \
        dc3_image_edit_options e = dc3_image_edit_defaults();                                                \
        dc3_edit_settings s = usual;                                                                         \
        c.field = value, e.field = value;                                                                    \
        assert_int_equal(dc3_edit_settings_of_condense(&c, &s), DC3_ERR_OPTION);                             \
        assert_string_equal(dc3_error_text(), text);                                                         \
        assert_string_equal(dc3_error_setting(), #field);                                                    \
        assert_int_equal(dc3_edit_settings_of_image(&e, &s), DC3_ERR_OPTION);                                \
        assert_string_equal(dc3_error_text(), text);                                                         \
        assert_true(same(&s, &usual));                                                                       \
        s.field = value;                                                                                     \
        assert_int_equal(dc3_edit_settings_check(&s), DC3_ERR_OPTION);                                       \
        assert_string_equal(dc3_error_text(), text);                                                         \
    } while (0)
    REFUSED(steps, -1, "steps: expected 1 to 1000, found -1");
    REFUSED(steps, 1001, "steps: expected 1 to 1000, found 1001");
    REFUSED(sampler, (dc3_sampler_kind)18, "sampler: expected a constant from -1 to 17, found 18");
    REFUSED(sampler, (dc3_sampler_kind)-2, "sampler: expected a constant from -1 to 17, found -2");
    REFUSED(guidance, -0.5f, "guidance: expected 0 to 100, found -0.5");
    REFUSED(guidance, 101, "guidance: expected 0 to 100, found 101");
    REFUSED(image_guidance, 1000, "image_guidance: expected 0 to 100, found 1000");
    REFUSED(image_guidance, NAN, "image_guidance: expected 0 to 100, found nan");
    dc3_edit_settings s = usual;
    s.steps = 0;
    assert_int_equal(dc3_edit_settings_check(&s), DC3_ERR_OPTION); /* the model has decided by then */
}

static void json(void **state)
{
    (void)state;
    json_t *o = json_object();
    dc3_edit_settings s = usual, other = {.size = 64};
    dc3_edit_settings_write(&s, o);
    char *text = json_dumps(o, JSON_REAL_PRECISION(5));
    assert_string_equal(text,
                        "{\"steps\": 7, \"sampler\": \"ddim\", \"guidance\": 3.0, \"image_guidance\": 1.25}");
    free(text);
    assert_int_equal(dc3_edit_settings_read(o, "f.json", &other), DC3_OK);
    assert_true(same(&s, &other));
    assert_int_equal(dc3_edit_settings_read(NULL, "f.json", &s), DC3_OK);
    assert_true(same(&s, &usual));
    const struct {
        const char *key;
        json_t *value;
        const char *text;
    } wrong[] = {{"steps", json_integer(0), "f.json: 'steps'"},
                 {"steps", json_integer(1001), "f.json: 'steps'"},
                 {"guidance", json_real(100.5), "f.json: 'guidance'"},
                 {"image_guidance", json_string("1"), "f.json: 'image_guidance'"},
                 {"sampler", json_string("best"),
                  "f.json: 'sampler' is 'best'; expected euler-ancestral, euler, ddim, dpmpp-2m, pndm, ddpm, "
                  "heun, lms, lcm, unipc, "
                  "dpmpp-1, dpmpp-3m, dpm-1, dpm-2m, dpm-3m, dpmpp-1-sde, dpmpp-2m-sde or dpmpp-3m-sde"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *damaged = json_copy(o);
        json_object_set_new(damaged, wrong[i].key, wrong[i].value);
        assert_int_equal(dc3_edit_settings_read(damaged, "f.json", &s), DC3_ERR_FORMAT);
        if (!strstr(dc3_error_text(), wrong[i].text)) fail_msg("%s", dc3_error_text());
        json_decref(damaged);
    }
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(taken),
                                       cmocka_unit_test(refused), cmocka_unit_test(json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
