/* CIFAR binaries: the names of the classes, a zero byte, records; as CIFAR-10, as CIFAR-100 and as a Python
 * batch, and the first and last image of what is accepted. */
#include "fuzz.h"
#include "io/dataset.h"

static void open_one(const char *name)
{
    char path[FUZZ_PATH + 32];
    dc3_dataset *d;
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    if (dc3_dataset_open(path, &d) != DC3_OK) return;
    int64_t n = dc3_dataset_size(d), items[] = {0, n - 1};
    for (int i = 0; i < 2; i++) {
        dc3_image image;
        int label = dc3_dataset_label(d, items[i]);
        if (label < 0 || label >= dc3_dataset_classes(d) || !*dc3_dataset_class_name(d, label)) abort();
        if (dc3_dataset_read(d, items[i], 0, 0, DC3_FIT_CROP, &image) == DC3_OK) dc3_image_free(&image);
    }
    dc3_dataset_close(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *names;
    size_t length = fuzz_part(&data, &size, &names);
    fuzz_write("batches.meta.txt", names, length);
    fuzz_write("fine_label_names.txt", names, length);
    fuzz_write("data_batch_1.bin", data, size);
    fuzz_write("train.bin", data, size);
    fuzz_write("data_batch_1", data, size);
    open_one("data_batch_1.bin");
    open_one("data_batch_1");
    open_one("train.bin");
    return 0;
}
