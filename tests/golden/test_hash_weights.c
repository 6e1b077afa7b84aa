/* The weights by formula against samples of those that PyTorch computed with (tools/golden/classifiers.py).
 */
#include "support/hash_weights.h"
#include "support/random_tensors.h"
#include <stdio.h>
#include "io/json.h"
#include "io/safetensors.h"

static void check_net(const json_t *nets, const char *net, const dc3_table *golden)
{
    char prefix[64];
    int found = 0;
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s.sample.", net);
    dc3_table *table = hash_weights_table(nets, net);
    assert_non_null(table);
    for (size_t i = 0; i < dc3_table_size(golden); i++) {
        const char *name = dc3_table_name(golden, i);
        if (strncmp(name, prefix, length) != 0) continue;
        const dc3_tensor *sample = dc3_table_at(golden, i), *t = dc3_table_find(table, name + length);
        assert_non_null(t);
        int64_t n = dc3_count(sample);
        const float *last = (const float *)t->data + dc3_count(t) - n;
        assert_memory_equal(last, sample->data, (size_t)n * sizeof *last);
        found++;
    }
    assert_int_equal(found, 5);
    dc3_table_close(&table);
}

static void samples(void **state)
{
    (void)state;
    json_t *nets, *net;
    const char *name;
    dc3_table *golden;
    assert_int_equal(dc3_json_read(DC3_TEST_DATA "/classifiers/nets.json", 1 << 20, &nets), DC3_OK);
    assert_int_equal(dc3_safetensors_open(DC3_TEST_DATA "/classifiers/golden.safetensors", &golden), DC3_OK);
    assert_true(json_object_size(nets) >= 8);
    json_object_foreach(nets, name, net) check_net(nets, name, golden);
    assert_null(hash_weights_table(nets, "resnet19"));
    dc3_table_close(&golden);
    json_decref(nets);
}

static void input(void **state)
{
    (void)state;
    dc3_table *golden;
    assert_int_equal(dc3_safetensors_open(DC3_TEST_DATA "/classifiers/golden.safetensors", &golden), DC3_OK);
    const dc3_tensor *x =
        dc3_table_find(golden, "input32"); /* [2, 32, 32, 3]; the formula counts [2, 3, 32, 32] */
    assert_non_null(x);
    for (int64_t p = 0; p < 2 * 32 * 32; p++)
        for (int64_t c = 0; c < 3; c++) {
            int64_t index = (p / 1024 * 3 + c) * 1024 + p % 1024;
            float want = (float)(4 * hash_uniform(hash_name("input32"), index));
            assert_true(((const float *)x->data)[p * 3 + c] == want);
        }
    dc3_table_close(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples), cmocka_unit_test(input)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
