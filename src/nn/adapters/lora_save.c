/* LoRA files in the form of diffusers. */
#include <stdio.h>
#include <stdlib.h>
#include "io/safetensors.h"
#include "nn/adapters/lora_private.h"

/* up times alpha / r, memory of the table's own. */
static dc3_status add_up(dc3_table *table, const char *name, const dc3_lora_layer *layer)
{
    int64_t r = layer->down.shape[0], count = dc3_count(&layer->up);
    double rate = layer->alpha > 0 ? layer->alpha / (double)r : 1;
    dc3_tensor up = layer->up;
    float *values = malloc((size_t)count * sizeof *values);
    dc3_status status =
        values ? dc3_table_own(table, values, free) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status != DC3_OK) {
        free(values);
        return status;
    }
    for (int64_t i = 0; i < count; i++) values[i] = (float)(rate * (double)((const float *)up.data)[i]);
    up.data = values;
    return dc3_table_add(table, name, up);
}

static dc3_status add_layer(dc3_table *table, const dc3_lora_layer *layer)
{
    static const char *const parts[] = {"unet", "text_encoder"};
    char name[DC3_LORA_NAME];
    int length = snprintf(name, sizeof name, "%s.%s.lora_A.weight", parts[layer->part], layer->module);
    if (length >= DC3_LORA_NAME) /* as dc3_lora_open has it */
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: a name of %d characters, '%.100s...'; expected up to %d",
                        dc3_table_origin(table), length, name, DC3_LORA_NAME - 1);
    DC3_TRY(dc3_table_add(table, name, layer->down));
    snprintf(name, sizeof name, "%s.%s.lora_B.weight", parts[layer->part], layer->module);
    return add_up(table, name, layer);
}

dc3_status dc3_lora_save(const char *path, const dc3_lora_layer *layers, size_t count)
{
    dc3_table *table = dc3_table_new(path);
    dc3_status status = table ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_table_set_text(table, "format", "pt");
    for (size_t i = 0; i < count && status == DC3_OK; i++) status = add_layer(table, &layers[i]);
    if (status == DC3_OK) status = dc3_safetensors_save(path, table);
    dc3_table_close(&table);
    return status;
}
