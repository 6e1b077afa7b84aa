/* A manifest: the first byte says of which kind, the rest are its rows, with paths to nothing and to the file
 * itself.
 */
#include "fuzz.h"
#include "io/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH + 32];
    dc3_dataset *d;
    const char *name = size && *data == 'j' ? "a.jsonl" : "a.csv";
    fuzz_write("1.png", (const uint8_t *)"", 0);
    fuzz_write("2.png", (const uint8_t *)"", 0);
    fuzz_write(name, data + (size > 0), size - (size > 0));
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    for (int test = 0; test < 2; test++) {
        if (dc3_dataset_open_chosen(path, NULL, test, NULL, NULL, &d) != DC3_OK) continue;
        for (int64_t i = 0; i < dc3_dataset_size(d); i++)
            if (!*dc3_dataset_key(d, i) || !*dc3_dataset_class_name(d, dc3_dataset_label(d, i))) abort();
        dc3_dataset_close(&d);
    }
    return 0;
}
