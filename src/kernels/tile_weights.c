/* Weights in the form that the products over tiles read, kept until they change. */
#include <stdlib.h>
#include "base/memory.h"
#include "kernels/tile_weights.h"

/* Who packs what: one of the two kernels. */
typedef struct form {
    const dc3_tile_linear *linear;
    const dc3_tile_conv *conv;
    const dc3_conv_shape *shape; /* of conv */
    dc3_conv_pass pass;
} form;

typedef struct tile_pack {
    dc3_pack base; /* its key: the kernel */
    dc3_conv_pass pass;
    void *data;
} tile_pack;

static void tile_pack_release(dc3_pack *pack)
{
    free(((tile_pack *)pack)->data);
    free(pack);
}

static dc3_status fill(dc3_weight *weight, const form *f, tile_pack *pack)
{
    int64_t co = dc3_weight_rows(weight), ci = dc3_weight_columns(weight);
    size_t size = (size_t)(co * ci) * sizeof(uint16_t);
    uint16_t *plain = dc3_alloc(size);
    if (!plain) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
    dc3_status status = dc3_weight_unpack(weight, DC3_BF16, plain);
    if (status == DC3_OK) {
        if (f->linear)
            f->linear->pack(ci, co, f->pass, plain, pack->data);
        else
            f->conv->pack(f->shape, f->pass, plain, pack->data);
        pack->base.version = weight->version;
    }
    free(plain);
    return status;
}

static dc3_status packed_weight(dc3_weight *weight, const form *f, const void **packed)
{
    const void *key = f->linear ? (const void *)f->linear : (const void *)f->conv;
    for (dc3_pack *pack = weight->packs; pack; pack = pack->next)
        if (pack->key == key && ((tile_pack *)pack)->pass == f->pass) {
            *packed = ((tile_pack *)pack)->data;
            return pack->version == weight->version ? DC3_OK : fill(weight, f, (tile_pack *)pack);
        }
    tile_pack *made = calloc(1, sizeof *made);
    size_t size = f->linear
                      ? f->linear->packed_size(dc3_weight_columns(weight), dc3_weight_rows(weight), f->pass)
                      : f->conv->packed_size(f->shape, f->pass);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    made->pass = f->pass;
    made->data = dc3_alloc(size);
    dc3_status status =
        made->data ? fill(weight, f, made)
                   : dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
    if (status != DC3_OK) {
        tile_pack_release(&made->base);
        return status;
    }
    made->base = (dc3_pack){weight->packs, key, weight->version, tile_pack_release};
    weight->packs = &made->base;
    *packed = made->data;
    return DC3_OK;
}

dc3_status dc3_tile_linear_weight(dc3_weight *weight, const dc3_tile_linear *own, dc3_conv_pass pass,
                                  const void **packed)
{
    return packed_weight(weight, &(form){.linear = own, .pass = pass}, packed);
}

dc3_status dc3_tile_conv_weight(dc3_weight *weight, const dc3_tile_conv *own, const dc3_conv_shape *shape,
                                dc3_conv_pass pass, const void **packed)
{
    return packed_weight(weight, &(form){.conv = own, .shape = shape, .pass = pass}, packed);
}
