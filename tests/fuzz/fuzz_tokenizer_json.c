/* tokenizer.json; a tokenizer that opens also encodes a text. */
#include "fuzz.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_write("tokenizer.json", data, size);
    dc3_tokenizer *tokenizer;
    if (dc3_tokenizer_open(fuzz_folder(), &tokenizer) == DC3_OK) {
        int64_t ids[16];
        dc3_tokenizer_encode(tokenizer, "a low sun, 3 Bäume\xff blur", 16, ids);
        dc3_tokenizer_close(&tokenizer);
    }
    return 0;
}
