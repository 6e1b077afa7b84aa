/* vocab.json, a zero byte, merges.txt; a tokenizer that opens also encodes a text. */
#include "fuzz.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *vocabulary;
    size_t length = fuzz_part(&data, &size, &vocabulary);
    fuzz_write("vocab.json", vocabulary, length);
    fuzz_write("merges.txt", data, size);
    dc3_tokenizer *tokenizer;
    if (dc3_tokenizer_open(fuzz_folder(), &tokenizer) == DC3_OK) {
        int64_t ids[16];
        dc3_tokenizer_encode(tokenizer, "a low sun, 3 Bäume\xff", 16, ids);
        dc3_tokenizer_close(&tokenizer);
    }
    return 0;
}
