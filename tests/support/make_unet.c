/* make_unet CONFIG.json FILE.safetensors: the weights of a new U-Net of that configuration, for the tests of
 * the command line. */
#include <stdio.h>
#include "io/safetensors.h"
#include "nn/unet_2d_condition.h"

int main(int argc, char **argv)
{
    dc3_unet_config config;
    dc3_unet *unet = NULL;
    size_t count = 0;
    if (argc != 3) return 2;
    dc3_table *none = NULL, *table = dc3_table_new(argv[2]);
    int ok = table && dc3_unet_config_read(argv[1], &config) == DC3_OK &&
             dc3_unet_open_to_train(NULL, &config, &none, 1, &unet) == DC3_OK;
    dc3_param *params = ok ? dc3_unet_params(unet, &count) : NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = dc3_table_add(table, params[i].name, params[i].value) == DC3_OK;
    ok = ok && dc3_safetensors_save(argv[2], table) == DC3_OK;
    if (!ok) fprintf(stderr, "%s\n", dc3_error_text());
    dc3_table_close(&table);
    dc3_unet_close(&unet);
    return ok ? 0 : 1;
}
