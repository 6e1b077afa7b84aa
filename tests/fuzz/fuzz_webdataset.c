/* A tar of a WebDataset: its listing, and the bytes of its first members, which no decoder of images gets.
 */
#include "fuzz.h"
#include "io/datasets/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH + 32];
    dc3_dataset *d;
    fuzz_write("a.tar", data, size);
    snprintf(path, sizeof path, "%s/a.tar", fuzz_folder());
    if (dc3_dataset_open(path, &d) != DC3_OK) return 0;
    for (int64_t i = 0; i < dc3_dataset_size(d) && i < 8; i++) {
        const dc3_item *item = &d->items[i];
        void *bytes;
        if (!*dc3_dataset_key(d, i) || !*dc3_dataset_class_name(d, item->label)) abort();
        dc3_status status = item->spooled
                                ? dc3_read_part_of(d->spool, path, item->offset, item->size, &bytes)
                                : dc3_read_part(d->text + item->file, item->offset, item->size, &bytes);
        if (status == DC3_OK) free(bytes);
    }
    dc3_dataset_close(&d);
    return 0;
}
