/* Weights in the form that the products over tiles read, kept until they change. */
#include <stdlib.h>
#include "base/memory.h"
#include "kernels/tile_weights.h"

typedef struct tile_pack {
    dc3_pack base;
    dc3_conv_pass pass;
    void *data;
} tile_pack;

static const char tile_key; /* what such a form has as key: its address */

static void tile_pack_release(dc3_pack *pack)
{
    free(((tile_pack *)pack)->data);
    free(pack);
}

static dc3_status fill(dc3_weight *weight, const dc3_tile_linear *own, tile_pack *pack)
{
    int64_t co = dc3_weight_rows(weight), ci = dc3_weight_columns(weight);
    size_t size = (size_t)(co * ci) * sizeof(uint16_t);
    uint16_t *plain = dc3_alloc(size);
    if (!plain) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
    dc3_status status = dc3_weight_unpack(weight, DC3_BF16, plain);
    if (status == DC3_OK) {
        own->pack(ci, co, pack->pass, plain, pack->data);
        pack->base.version = weight->version;
    }
    free(plain);
    return status;
}

dc3_status dc3_tile_weight(dc3_weight *weight, const dc3_tile_linear *own, dc3_conv_pass pass,
                           const void **packed)
{
    for (dc3_pack *pack = weight->packs; pack; pack = pack->next)
        if (pack->key == &tile_key && ((tile_pack *)pack)->pass == pass) {
            *packed = ((tile_pack *)pack)->data;
            return pack->version == weight->version ? DC3_OK : fill(weight, own, (tile_pack *)pack);
        }
    tile_pack *made = calloc(1, sizeof *made);
    size_t size = own->packed_size(dc3_weight_columns(weight), dc3_weight_rows(weight), pass);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    made->pass = pass;
    made->data = dc3_alloc(size);
    dc3_status status =
        made->data ? fill(weight, own, made)
                   : dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
    if (status != DC3_OK) {
        tile_pack_release(&made->base);
        return status;
    }
    made->base = (dc3_pack){weight->packs, &tile_key, weight->version, tile_pack_release};
    weight->packs = &made->base;
    *packed = made->data;
    return DC3_OK;
}
