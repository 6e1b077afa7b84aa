/* make_teacher FILE.safetensors CLASSES [blind|PIXELS]: a ConvNet-3 for 32 pixels, or another multiple of 8,
 * with weights by formula, for the tests of the command line; a blind one has kernels of 0, so that all
 * images are the same to it. */
#include <stdio.h>
#include <string.h>
#include "io/safetensors.h"
#include "support/hash_weights.h"

static int is_blind;

static int add(dc3_table *table, const char *name, int ndim, const int64_t *shape)
{
    dc3_tensor t = dc3_view(NULL, DC3_F32, ndim, shape);
    t.data = malloc(dc3_bytes(&t));
    if (!t.data) return 0;
    hash_weights(name, ndim, shape, 0.6, t.data);
    if (is_blind && ndim == 4) memset(t.data, 0, dc3_bytes(&t));
    return dc3_table_own(table, t.data, free) == DC3_OK && dc3_table_add(table, name, t) == DC3_OK;
}

int main(int argc, char **argv)
{
    static const char *const norm[] = {"weight", "bias", "running_mean", "running_var"};
    char name[64];
    if (argc < 3) return 2;
    is_blind = argc == 4 && strcmp(argv[3], "blind") == 0;
    dc3_table *table = dc3_table_new("teacher");
    int64_t classes = atoi(argv[2]), width = 32, ok = table != NULL, pixels = argc == 4 ? atoi(argv[3]) : 0;
    int64_t across = (pixels ? pixels : 32) / 8; /* of the last layer's input */
    for (int i = 0; ok && i < 3; i++) {
        snprintf(name, sizeof name, "features.%d.weight", 4 * i);
        ok = add(table, name, 4, (int64_t[]){width, i ? width : 3, 3, 3});
        snprintf(name, sizeof name, "features.%d.bias", 4 * i);
        ok = ok && add(table, name, 1, &width);
        for (int k = 0; ok && k < 4; k++) {
            snprintf(name, sizeof name, "features.%d.%s", 4 * i + 1, norm[k]);
            ok = add(table, name, 1, &width);
        }
    }
    ok = ok && add(table, "classifier.weight", 2, (int64_t[]){classes, width * across * across}) &&
         add(table, "classifier.bias", 1, &classes) && dc3_safetensors_save(argv[1], table) == DC3_OK;
    if (!ok) fprintf(stderr, "%s\n", dc3_error_text());
    dc3_table_close(&table);
    return ok ? 0 : 1;
}
