/* make_inception NETS.json FILE.safetensors: the FID's Inception with weights by formula (90 MB), for the
 * tests of the command line. */
#include <stdio.h>
#include "io/json.h"
#include "io/safetensors.h"
#include "support/hash_weights.h"

int main(int argc, char **argv)
{
    json_t *nets = NULL;
    if (argc != 3) return 2;
    dc3_table *table = NULL;
    int ok = dc3_json_read(argv[1], 1 << 20, &nets) == DC3_OK &&
             (table = hash_weights_table(nets, "inception")) != NULL &&
             dc3_safetensors_save(argv[2], table) == DC3_OK;
    if (!ok) fprintf(stderr, "%s\n", dc3_error_text());
    dc3_table_close(&table);
    json_decref(nets);
    return ok ? 0 : 1;
}
