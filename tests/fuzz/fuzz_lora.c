/* A file of adapters, and merging it into the weights of two small layers. */
#include "fuzz.h"
#include "nn/adapters/lora.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float values[12];
    static const char *const names[] = {"mid_block.attentions.0.to_q.weight", "mid_block.conv.weight",
                                        "text_model.layers.0.q_proj.weight"};
    char path[FUZZ_PATH];
    int fd = fuzz_file(data, size, path);
    dc3_lora *lora;
    if (dc3_lora_open(path, &lora) == DC3_OK)
        for (int part = DC3_LORA_UNET; part <= DC3_LORA_TEXT_ENCODER; part++) {
            dc3_table *weights = dc3_table_new("weights");
            for (int i = 0; i < 3; i++)
                if (dc3_table_add(weights, names[i], dc3_view(values, DC3_F32, 2, (int64_t[]){4, 3})) !=
                    DC3_OK)
                    abort();
            (void)!dc3_lora_merge(lora, (dc3_lora_part)part, 0.5, &weights);
            dc3_table_close(&weights);
        }
    dc3_lora_close(&lora);
    close(fd);
    return 0;
}
