/* NumPy's arrays, alone and in archives, and each byte of those that are accepted. */
#include "fuzz.h"
#include "io/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile uint8_t sink;
    dc3_table *table = dc3_table_new("fuzz");
    if ((dc3_npz_probe(data, size) ? dc3_npz_parse : dc3_npy_parse)("fuzz", data, size, table) == DC3_OK)
        for (size_t i = 0; i < dc3_table_size(table); i++) {
            const dc3_tensor *t = dc3_table_at(table, i);
            for (size_t k = 0; k < dc3_bytes(t); k++) sink ^= ((const uint8_t *)t->data)[k];
        }
    dc3_table_close(&table);
    (void)sink;
    return 0;
}
