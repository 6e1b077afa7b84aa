/* LoRA files of one adapter each, in every form of names and type of numbers that is read, merged into a
 * small layer against the product written down; files and layers that are refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "io/safetensors.h"
#include "nn/adapters/lora.h"

enum { OUT = 2, IN = 3, R = 2 };

/* f16 and bf16 hold these numbers and their products without rounding. */
static float weight[OUT * IN] = {1, 2, 3, 4, 5, 6}, down[R * IN] = {1, 0, -1, 2, 1, 0},
                          up[OUT * R] = {1, 2, -1, 0.5f};
static const float product[OUT * IN] = {5, 2, -1, 0, 0.5f, 1}; /* up down */
static const char unet_layer[] = "down_blocks.0.attn.to_q.weight",
                  text_layer[] = "text_model.encoder.layers.0.self_attn.q_proj.weight";

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

static void add(dc3_table *table, const char *name, const void *values, dc3_dtype type, int ndim, int64_t a,
                int64_t b)
{
    must(dc3_table_add(table, name, dc3_view((void *)(uintptr_t)values, type, ndim, (int64_t[]){a, b})));
}

/* The same numbers in another float type; the table owns them. */
static void *in_type(dc3_table *table, const float *values, dc3_dtype type, int64_t n)
{
    void *copy = calloc((size_t)n, 8);
    assert_non_null(copy);
    must(dc3_table_own(table, copy, free));
    must(dc3_convert(values, DC3_F32, copy, type, n));
    return copy;
}

static dc3_status open_table(dc3_table *table, dc3_lora **lora)
{
    char path[] = "/tmp/dc3-lora-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    must(dc3_safetensors_save(path, table));
    dc3_table_close(&table);
    dc3_status status = dc3_lora_open(path, lora);
    unlink(path);
    return status;
}

static dc3_table *layer(const char *name, dc3_dtype type)
{
    dc3_table *weights = dc3_table_new("weights");
    add(weights, name, in_type(weights, weight, type, OUT * IN), type, 2, OUT, IN);
    return weights;
}

/* The adapter merged by half into the layer in this type is the product times rate / 2 added. */
static void check(dc3_lora *lora, dc3_lora_part part, dc3_dtype type, double rate)
{
    const char *name = part == DC3_LORA_UNET ? unet_layer : text_layer;
    dc3_table *weights = layer(name, type);
    float found[OUT * IN];
    assert_int_equal(dc3_lora_count(lora, part), 1);
    must(dc3_lora_merge(lora, part, 0.5, &weights));
    const dc3_tensor *t = dc3_table_find(weights, name);
    assert_non_null(t);
    assert_int_equal(t->dtype, type);
    must(dc3_convert(t->data, type, found, DC3_F32, OUT * IN));
    for (int i = 0; i < OUT * IN; i++)
        if (found[i] != weight[i] + (float)(rate / 2) * product[i])
            fail_msg("element %d: %g, expected %g", i, (double)found[i],
                     (double)(weight[i] + (float)(rate / 2) * product[i]));
    dc3_table_close(&weights);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *module, *down, *up;
        dc3_lora_part part;
    } forms[] = {{"unet.down_blocks.0.attn.to_q", ".lora_A.weight", ".lora_B.weight", DC3_LORA_UNET},
                 {"unet.down_blocks.0.attn.to_q", ".lora.down.weight", ".lora.up.weight", DC3_LORA_UNET},
                 {"unet.down_blocks.0.attn.to_q", ".lora_linear_layer.down.weight",
                  ".lora_linear_layer.up.weight", DC3_LORA_UNET},
                 {"down_blocks.0.attn.processor.to_q", "_lora.down.weight", "_lora.up.weight", DC3_LORA_UNET},
                 {"lora_unet_down_blocks_0_attn_to_q", ".lora_down.weight", ".lora_up.weight", DC3_LORA_UNET},
                 {"text_encoder.text_model.encoder.layers.0.self_attn.q_proj",
                  ".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight", DC3_LORA_TEXT_ENCODER},
                 {"text_encoder.text_model.encoder.layers.0.self_attn.to_q", "_lora.down.weight",
                  "_lora.up.weight", DC3_LORA_TEXT_ENCODER},
                 {"lora_te_text_model_encoder_layers_0_self_attn_q_proj", ".lora_down.weight",
                  ".lora_up.weight", DC3_LORA_TEXT_ENCODER}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char name[200];
        dc3_lora *lora;
        dc3_table *table = dc3_table_new("test");
        snprintf(name, sizeof name, "%s%s", forms[i].module, forms[i].down);
        add(table, name, down, DC3_F32, 2, R, IN);
        snprintf(name, sizeof name, "%s%s", forms[i].module, forms[i].up);
        add(table, name, up, DC3_F32, 2, OUT, R);
        must(open_table(table, &lora));
        check(lora, forms[i].part, DC3_F32, 1);
        dc3_lora_close(&lora);
    }
}

/* The projections of the oldest form by their layers' names: each meets its layer. */
static void projections(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"to_q", "q_proj"}, {"to_k", "k_proj"}, {"to_v", "v_proj"}, {"to_out", "out_proj"}};
    for (size_t i = 0; i < 4; i++) {
        char name[120];
        dc3_lora *lora;
        dc3_table *table = dc3_table_new("test");
        snprintf(name, sizeof name, "text_encoder.text_model.l.0.%s_lora.down.weight", pairs[i][0]);
        add(table, name, down, DC3_F32, 2, R, IN);
        snprintf(name, sizeof name, "text_encoder.text_model.l.0.%s_lora.up.weight", pairs[i][0]);
        add(table, name, up, DC3_F32, 2, OUT, R);
        must(open_table(table, &lora));
        snprintf(name, sizeof name, "text_model.l.0.%s.weight", pairs[i][1]);
        dc3_table *weights = layer(name, DC3_F32);
        must(dc3_lora_merge(lora, DC3_LORA_TEXT_ENCODER, 1, &weights));
        assert_true(*(const float *)dc3_table_find(weights, name)->data == weight[0] + product[0]);
        dc3_table_close(&weights);
        dc3_lora_close(&lora);
    }
}

#define UNET "lora_unet_down_blocks_0_attn_to_q"

/* Halves in one type, an alpha in another. */
static dc3_table *adapter(dc3_dtype type, const void *alpha, dc3_dtype alpha_type, int ndim, int64_t count)
{
    dc3_table *table = dc3_table_new("test");
    add(table, UNET ".lora_down.weight", in_type(table, down, type, R * IN), type, 2, R, IN);
    add(table, UNET ".lora_up.weight", in_type(table, up, type, OUT * R), type, 2, OUT, R);
    add(table, UNET ".alpha", alpha, alpha_type, ndim, count, 0);
    return table;
}

static void types(void **state)
{
    (void)state;
    static const dc3_dtype floats[] = {DC3_F32, DC3_F16, DC3_BF16, DC3_F64};
    static const int64_t i64 = 4;
    static const int32_t i32 = 4;
    static const int16_t i16 = 4;
    static const int8_t i8 = 4;
    static const float f32 = 4;
    static const uint16_t f16 = 0x4400; /* 4 */
    static const struct {
        const void *value;
        dc3_dtype type;
    } alphas[] = {{&i64, DC3_I64}, {&i64, DC3_U64}, {&i32, DC3_I32}, {&i32, DC3_U32}, {&i16, DC3_I16},
                  {&i16, DC3_U16}, {&i8, DC3_I8},   {&i8, DC3_U8},   {&f32, DC3_F32}, {&f16, DC3_F16}};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof alphas / sizeof *alphas; k++) {
            dc3_lora *lora;
            must(open_table(adapter(floats[i], alphas[k].value, alphas[k].type, (int)k % 2, 1), &lora));
            for (size_t w = 0; w < 4; w++) check(lora, DC3_LORA_UNET, floats[w], 4.0 / R);
            dc3_lora_close(&lora);
        }
}

static void expect(dc3_status status, const char *words)
{
    assert_int_not_equal(status, DC3_OK);
    if (!strstr(dc3_error_text(), words)) fail_msg("no '%s' in: %s", words, dc3_error_text());
}

static void refused_files(void **state)
{
    (void)state;
    static const int64_t numbers[2] = {4, 4}, below = -1;
    static const char odd[] = "{\"unet.x.lora_A.weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],"
                              "\"data_offsets\":[0,2]}}";
    unsigned char head[8] = {sizeof odd - 1};
    char path[] = "/tmp/dc3-lora-XXXXXX";
    dc3_lora *lora;
    expect(open_table(adapter(DC3_F32, numbers, DC3_I64, 1, 2), &lora), ".alpha' should be one number");
    expect(open_table(adapter(DC3_F32, numbers, DC3_BOOL, 0, 1), &lora), ".alpha' should be one number");
    expect(open_table(adapter(DC3_F32, &below, DC3_I64, 0, 1), &lora), "is -1; expected 0 to 1e6");
    dc3_table *table = dc3_table_new("test");
    add(table, UNET ".lora_down.weight", numbers, DC3_I64, 2, 1, 2);
    expect(open_table(table, &lora), "lora_down.weight' is of type i64; expected f32, f16, bf16 or f64");
    assert_null(lora);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, head, 8), 8);
    assert_int_equal(write(fd, odd, sizeof odd - 1), sizeof odd - 1);
    assert_int_equal(write(fd, head, 2), 2);
    close(fd);
    expect(dc3_lora_open(path, &lora), "'unet.x.lora_A.weight' is a tensor of type F8_E4M3");
    unlink(path);
}

/* Layers that no adapter fits, of no rows too; what else their file has stays with the merged. */
static void layers(void **state)
{
    (void)state;
    static const int64_t alpha = 4, whole[OUT * IN];
    static const struct {
        int ndim;
        int64_t a, b;
        dc3_dtype type;
        const char *words;
    } bad[] = {{0, 0, 0, DC3_F32, "has 0 of 0"},
               {2, 0, 8, DC3_F32, "has 0 of 0"},
               {1, OUT, 0, DC3_F32, "has 2 of 1"},
               {2, OUT, IN, DC3_I64, "which is of type i64"}};
    dc3_lora *lora;
    const char *what, *name;
    must(open_table(adapter(DC3_F32, &alpha, DC3_I64, 0, 1), &lora));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dc3_table *weights = dc3_table_new("weights"), *before = weights;
        add(weights, unet_layer, whole, bad[i].type, bad[i].ndim, bad[i].a, bad[i].b);
        expect(dc3_lora_merge(lora, DC3_LORA_UNET, 1, &weights), bad[i].words);
        assert_ptr_equal(weights, before);
        dc3_table_close(&weights);
    }
    dc3_table *weights = layer(unet_layer, DC3_F32);
    must(dc3_table_add_odd(weights, "scale", "a tensor of type F8"));
    must(dc3_lora_merge(lora, DC3_LORA_UNET, 1, &weights));
    name = dc3_table_odd_at(weights, 0, &what);
    assert_string_equal(name, "scale");
    assert_string_equal(what, "a tensor of type F8");
    dc3_table_close(&weights);
    dc3_lora_close(&lora);
}

/* Both parts stored and read again; a name that could not be read is not stored. */
static void saved(void **state)
{
    (void)state;
    char path[] = "/tmp/dc3-lora-XXXXXX", text[sizeof text_layer], unet[sizeof unet_layer], wide[200];
    int fd = mkstemp(path);
    dc3_lora *lora;
    assert_true(fd >= 0);
    close(fd);
    snprintf(text, sizeof text, "%.*s", (int)sizeof text_layer - 8, text_layer);
    snprintf(unet, sizeof unet, "%.*s", (int)sizeof unet_layer - 8, unet_layer);
    dc3_tensor a = dc3_view(down, DC3_F32, 2, (int64_t[]){R, IN}),
               b = dc3_view(up, DC3_F32, 2, (int64_t[]){OUT, R});
    dc3_lora_layer of[] = {{DC3_LORA_UNET, unet, a, b, 4}, {DC3_LORA_TEXT_ENCODER, text, a, b, 0}};
    must(dc3_lora_save(path, of, 2));
    must(dc3_lora_open(path, &lora));
    check(lora, DC3_LORA_UNET, DC3_F32, 4.0 / R);
    check(lora, DC3_LORA_TEXT_ENCODER, DC3_F32, 1);
    dc3_lora_close(&lora);
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = 0;
    of[1].module = wide;
    expect(dc3_lora_save(path, of, 2), "a name of 226 characters, 'text_encoder.xxx");
    must(dc3_lora_open(path, &lora)); /* what was there */
    assert_int_equal(dc3_lora_count(lora, DC3_LORA_TEXT_ENCODER), 1);
    dc3_lora_close(&lora);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names),  cmocka_unit_test(projections),
                                       cmocka_unit_test(types),  cmocka_unit_test(refused_files),
                                       cmocka_unit_test(layers), cmocka_unit_test(saved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
