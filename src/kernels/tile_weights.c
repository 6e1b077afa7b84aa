/* Weights in the form that the products over tiles read, kept until they change. */
#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "kernels/tile_weights.h"

/* Who packs what: one of the two kernels. */
typedef struct form {
    const dc3_tile_linear *linear;
    const dc3_tile_conv *conv;
    const dc3_conv_shape *shape; /* of conv */
    dc3_conv_pass pass;
    uint16_t *plain; /* room for the weight in bf16, or NULL */
} form;

typedef struct tile_pack {
    dc3_pack base; /* its key: the kernel */
    dc3_conv_pass pass;
    dc3_conv_shape shape; /* of conv */
    void *data;
} tile_pack;

static void tile_pack_release(dc3_pack *pack)
{
    free(((tile_pack *)pack)->data);
    free(pack);
}

size_t dc3_tile_weight_size(const dc3_weight *weight)
{
    return (size_t)(dc3_weight_rows(weight) * dc3_weight_columns(weight)) * sizeof(uint16_t);
}

/* All parts in bf16, one behind the other; those of f32, which change in training, by all threads. */
static dc3_status in_bf16(const dc3_weight *weight, uint16_t *to)
{
    for (int i = 0; i < weight->parts; i++)
        if (weight->part[i].dtype != DC3_F32) return dc3_weight_unpack(weight, DC3_BF16, to);
    for (int i = 0; i < weight->parts; i++) {
        const dc3_tensor *part = &weight->part[i];
        dc3_kernels_best()->cast(DC3_F32, part->data, DC3_BF16, to, dc3_count(part));
        to += dc3_count(part);
        dc3_map_forget(part->data, dc3_bytes(part));
    }
    return DC3_OK;
}

static const void *key_of(const form *f)
{
    return f->linear ? (const void *)f->linear : (const void *)f->conv;
}

static void pack_as(const form *f, dc3_conv_pass pass, const dc3_weight *weight, const uint16_t *plain,
                    dc3_pack *pack)
{
    void *data = ((tile_pack *)pack)->data;
    if (f->linear)
        f->linear->pack(dc3_weight_columns(weight), dc3_weight_rows(weight), pass, plain, data);
    else
        f->conv->pack(f->shape, pass, plain, data);
}

/* Whether a form is that of f's shape in its own pass. The gradient of the data by a stride has a form by the
 * stride and the padding, which say what taps belong together. */
static int is_same(const form *f, const tile_pack *pack)
{
    if (f->linear || pack->pass == DC3_PASS_FORWARD) return 1;
    const dc3_conv_shape *a = f->shape, *b = &pack->shape;
    return a->stride == b->stride &&
           (a->stride == 1 || (a->pad_top == b->pad_top && a->pad_left == b->pad_left &&
                               a->pad_bottom == b->pad_bottom && a->pad_right == b->pad_right));
}

/* The other pass's form too if there is one, while the values are at hand: a step of training takes both. */
static dc3_status fill(const void *user, dc3_weight *weight, dc3_pack *pack)
{
    const form *f = user;
    size_t size = dc3_tile_weight_size(weight);
    uint16_t *plain = f->plain ? f->plain : dc3_alloc(size);
    if (!plain) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
    dc3_status status = in_bf16(weight, plain);
    if (status == DC3_OK) pack_as(f, f->pass, weight, plain, pack);
    for (dc3_pack *other = weight->packs; status == DC3_OK && other; other = other->next)
        if (other != pack && other->key == key_of(f) && other->version != weight->version &&
            is_same(f, (const tile_pack *)other)) {
            pack_as(f, ((tile_pack *)other)->pass, weight, plain, other);
            __atomic_store_n(&other->version, weight->version, __ATOMIC_RELEASE);
        }
    if (!f->plain) free(plain);
    return status;
}

static int fits(const void *user, const dc3_pack *pack)
{
    const tile_pack *have = (const tile_pack *)pack;
    return have->pass == ((const form *)user)->pass && is_same(user, have);
}

static dc3_status make(const void *user, const dc3_weight *weight, dc3_pack **pack)
{
    const form *f = user;
    size_t size = f->linear
                      ? f->linear->packed_size(dc3_weight_columns(weight), dc3_weight_rows(weight), f->pass)
                      : f->conv->packed_size(f->shape, f->pass);
    tile_pack *made = calloc(1, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    made->base.release = tile_pack_release;
    made->pass = f->pass;
    if (f->conv) made->shape = *f->shape;
    made->data = dc3_alloc(size);
    *pack = &made->base;
    return made->data ? DC3_OK
                      : dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
}

static dc3_status packed_weight(dc3_weight *weight, const form *f, const void **packed)
{
    dc3_packer packer = {.key = key_of(f), .user = f, .fits = fits, .make = make, .fill = fill};
    dc3_pack *pack;
    DC3_TRY(dc3_weight_pack(weight, &packer, &pack));
    *packed = ((tile_pack *)pack)->data;
    return DC3_OK;
}

dc3_status dc3_tile_linear_weight(dc3_weight *weight, const dc3_tile_linear *own, dc3_conv_pass pass,
                                  void *plain, const void **packed)
{
    return packed_weight(weight, &(form){.linear = own, .pass = pass, .plain = plain}, packed);
}

dc3_status dc3_tile_conv_weight(dc3_weight *weight, const dc3_tile_conv *own, const dc3_conv_shape *shape,
                                dc3_conv_pass pass, void *plain, const void **packed)
{
    return packed_weight(weight, &(form){.conv = own, .shape = shape, .pass = pass, .plain = plain}, packed);
}
