/* The soft labels of a condensed dataset, and every view of those that are accepted. */
#include "fuzz.h"
#include "labels/soft_labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH];
    dc3_soft_labels labels;
    int fd = fuzz_file(data, size, path);
    if (dc3_soft_labels_open(path, &labels) == DC3_OK) {
        float *logits = malloc((size_t)labels.classes * sizeof *logits);
        for (int64_t i = 0; logits && i < labels.n * labels.views && i < 64; i++)
            dc3_soft_labels_get(&labels, i / labels.n, i % labels.n, logits);
        free(logits);
        dc3_soft_labels_free(&labels);
    }
    close(fd);
    return 0;
}
