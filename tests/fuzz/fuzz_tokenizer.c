/* vocab.json, a zero byte, merges.txt; a tokenizer that opens also encodes a text. */
#include "fuzz.h"
#include <string.h>
#include "nn/tokenizer.h"

static void write_file(const char *folder, const char *name, const uint8_t *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char folder[64];
    if (!*folder) {
        const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof folder, "%s/dc3-fuzz-XXXXXX", memory);
        if (!mkdtemp(folder)) abort();
    }
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t first = zero ? (size_t)(zero - data) : size;
    write_file(folder, "vocab.json", data, first);
    write_file(folder, "merges.txt", zero ? zero + 1 : data, zero ? size - first - 1 : 0);
    dc3_tokenizer *tokenizer;
    if (dc3_tokenizer_open(folder, &tokenizer) == DC3_OK) {
        int64_t ids[16];
        dc3_tokenizer_encode(tokenizer, "a low sun, 3 Bäume\xff", 16, ids);
        dc3_tokenizer_close(&tokenizer);
    }
    return 0;
}
