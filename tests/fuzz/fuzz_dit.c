/* The tensors of a diffusion transformer by its authors' names: the configuration that they show, and the
 * network of it. */
#include "fuzz.h"
#include "io/safetensors.h"
#include "nn/dit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int heads = 0; heads < 2; heads++) {
        dc3_table *table = dc3_table_new("fuzz");
        dc3_dit_config config;
        dc3_dit *dit = NULL;
        if (!table) abort();
        if (dc3_safetensors_parse("fuzz", data, size, table) == DC3_OK &&
            dc3_dit_config_of(table, heads, &config) == DC3_OK &&
            dc3_dit_open(NULL, &config, &table, &dit) == DC3_OK && dc3_dit_parameters(dit) < 1)
            abort();
        dc3_dit_close(&dit);
        dc3_table_close(&table);
    }
    return 0;
}
