/* Guidance by text and by image (Brooks et al. 2023, equation 3): which of the denoiser's predictions an edit
 * is made of at --guidance and --image-guidance 0 and 1, and that it is linear in both. */
#include "support/random_tensors.h"
#include "diffusion/editor_private.h"
#include "diffusion/guidance.h"
#include "io/safetensors.h"

enum { SIZE = 32, LATENTS = 16 * 16 * 4, TOKENS = 16 };

typedef struct edits {
    dc3_table *golden;
    dc3_editor *editor;
    dc3_edit_settings settings;
    float image[2][SIZE * SIZE * 3];
    int64_t ids[2][2 * TOKENS]; /* of two instructions, each with the empty text behind it */
} edits;

static int open_editor(void **state)
{
    static edits e;
    if (dc3_safetensors_open(DC3_TEST_DATA "/ip2p/golden.safetensors", &e.golden) != DC3_OK ||
        dc3_editor_open(DC3_TEST_DATA "/ip2p", DC3_F32, 2, &e.editor) != DC3_OK)
        return -1;
    memcpy(e.image[0], dc3_table_find(e.golden, "picture")->data, sizeof e.image[0]);
    for (int i = 0; i < SIZE * SIZE * 3; i++) e.image[1][i] = 1 - e.image[0][i];
    memcpy(e.ids[0], dc3_table_find(e.golden, "ids")->data, sizeof e.ids[0]);
    memcpy(e.ids[1], e.ids[0], sizeof e.ids[1]);
    e.ids[1][1] = e.ids[0][2] == 1 ? 2 : 1; /* another first word */
    e.settings = dc3_editor_defaults(e.editor);
    e.settings.size = SIZE;
    e.settings.steps = 1;
    e.settings.sampler = DC3_DDIM; /* whose only step is linear in the prediction */
    *state = &e;
    return 0;
}

static int close_editor(void **state)
{
    edits *e = *state;
    dc3_editor_close(&e->editor);
    dc3_table_close(&e->golden);
    return 0;
}

/* The latents of one edit. */
static void edit(edits *e, int image, int text, double guidance, double image_guidance, float *latents)
{
    static float out[SIZE * SIZE * 3];
    uint64_t seed = 3;
    e->settings.guidance = (float)guidance, e->settings.image_guidance = (float)image_guidance;
    dc3_edit_request request = {.rgb = e->image[image],
                                .n = 1,
                                .ids = e->ids[text],
                                .seeds = &seed,
                                .edits = out,
                                .latents = latents};
    if (dc3_editor_run(e->editor, &e->settings, &request) != DC3_OK) fail_msg("%s", dc3_error_text());
}

static double apart(edits *e, const double *one, const double *two)
{
    float a[LATENTS], b[LATENTS];
    edit(e, (int)one[0], (int)one[1], one[2], one[3], a);
    edit(e, (int)two[0], (int)two[1], two[2], two[3], b);
    return distance(DC3_F32, a, b, LATENTS);
}

/* {image, text, guidance, image guidance}: pairs that see the same, and pairs that do not. */
static void what_is_seen(void **state)
{
    static const double same[][2][4] = {
        {{0, 0, 0, 1}, {0, 1, 0, 1}},     /* text guidance 0: any text */
        {{0, 0, 0, 1.7}, {0, 1, 0, 1.7}}, /* so too beside another image guidance */
        {{0, 0, 0, 0}, {1, 1, 0, 0}},     /* both 0: any image too */
    };
    static const double other[][2][4] = {
        {{0, 0, 1, 1}, {0, 1, 1, 1}},                               /* both 1: the text and the image */
        {{0, 0, 1, 1}, {1, 0, 1, 1}}, {{0, 0, 0, 1}, {1, 0, 0, 1}}, /* text guidance 0: the image */
        {{0, 0, 1, 0}, {0, 1, 1, 0}}, /* image guidance 0: the text still, and the image against it */
        {{0, 0, 1, 0}, {1, 0, 1, 0}},
    };
    for (int i = 0; i < 3; i++)
        if (apart(*state, same[i][0], same[i][1]) != 0) fail_msg("pair %d that sees the same differs", i);
    for (int i = 0; i < 5; i++)
        if (apart(*state, other[i][0], other[i][1]) < 1e-3)
            fail_msg("pair %d that sees another thing agrees", i);
}

/* From the edits at 0 and 1 that at any other guidance. */
static void linear(void **state)
{
    static const double guidances[][2] = {{1, 1}, {4, 1.5}, {2.5, 0.5}, {0.5, 3}};
    float none[LATENTS], image[LATENTS], both[LATENTS], found[LATENTS], expected[LATENTS];
    edit(*state, 0, 0, 0, 0, none);
    edit(*state, 0, 0, 0, 1, image);
    edit(*state, 0, 0, 1, 1, both);
    for (int g = 0; g < 4; g++) {
        double t = guidances[g][0], s = guidances[g][1];
        edit(*state, 0, 0, t, s, found);
        for (int i = 0; i < LATENTS; i++)
            expected[i] =
                (float)(none[i] + s * ((double)image[i] - none[i]) + t * ((double)both[i] - image[i]));
        double error = distance(DC3_F32, found, expected, LATENTS);
        if (!(error < 1e-4)) fail_msg("guidance %g and %g: %g off", t, s, error);
    }
}

/* A prediction of weight 0 is not computed. */
static void rows(void **state)
{
    (void)state;
    static const struct {
        float guidance, image_guidance;
        int kinds;
        float weight[3];
        int text[3], image[3];
    } cases[] = {{4, 1.5f, 3, {4, -2.5f, -0.5f}, {1, 0, 0}, {1, 1, 0}},
                 {1, 1, 1, {1}, {1}, {1}},
                 {0, 1, 1, {1}, {0}, {1}},
                 {0, 0, 1, {1}, {0}, {0}},
                 {0, 2, 2, {2, -1}, {0, 0}, {1, 0}},
                 {3, 1, 2, {3, -2}, {1, 0}, {1, 1}}};
    for (int i = 0; i < 6; i++) {
        dc3_edit_settings s = {.guidance = cases[i].guidance, .image_guidance = cases[i].image_guidance};
        dc3_guidance g = dc3_guidance_of(&s, 2);
        assert_int_equal(g.kinds, cases[i].kinds);
        assert_int_equal(dc3_guidance_rows(&g), 2 * cases[i].kinds);
        for (int k = 0; k < g.kinds; k++) {
            assert_true(g.weight[k] == cases[i].weight[k]);
            assert_int_equal(g.text[k], cases[i].text[k]);
            assert_int_equal(g.image[k], cases[i].image[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_seen), cmocka_unit_test(linear),
                                       cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, open_editor, close_editor);
}
