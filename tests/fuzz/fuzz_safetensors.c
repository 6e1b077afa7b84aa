/* The header of a safetensors file, and the first and last byte of each tensor that it promises. */
#include "fuzz.h"
#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile uint8_t sink;
    dc3_table *table = dc3_table_new("fuzz");
    if (dc3_safetensors_parse("fuzz", data, size, table) == DC3_OK)
        for (size_t i = 0; i < dc3_table_size(table); i++) {
            const dc3_tensor *t = dc3_table_at(table, i);
            size_t bytes = dc3_bytes(t);
            if (bytes) sink = ((const uint8_t *)t->data)[0] ^ ((const uint8_t *)t->data)[bytes - 1];
        }
    dc3_table_close(&table);
    (void)sink;
    return 0;
}
