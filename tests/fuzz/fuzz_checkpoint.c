/* A training checkpoint: its counters, and all of it into a module of one layer; what is refused changes
 * nothing.
 */
#include "fuzz.h"
#include "learn/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float values[6];
    char path[FUZZ_PATH], *counters;
    float before[6] = {1, 2, 3, 4, 5, 6};
    int fd = fuzz_file(data, size, path);
    dc3_param param = {.name = "fc.weight", .value = dc3_view(values, DC3_F32, 2, (int64_t[]){2, 3})};
    dc3_training training = {.params = &param, .count = 1};
    if (dc3_checkpoint_counters(path, &counters) == DC3_OK) free(counters);
    memcpy(values, before, sizeof values);
    if (dc3_checkpoint_load(path, &training, &counters) == DC3_OK)
        free(counters);
    else if (memcmp(values, before, sizeof values) != 0)
        abort();
    close(fd);
    return 0;
}
