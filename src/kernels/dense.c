#include "kernels/dense.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/file.h"

int64_t dc3_weight_rows(const dc3_weight *weight)
{
    int64_t rows = 0;
    for (int i = 0; i < weight->parts; i++) rows += weight->part[i].shape[0];
    return rows;
}

int64_t dc3_weight_columns(const dc3_weight *weight)
{
    int64_t columns = 1;
    for (int i = 1; i < weight->part[0].ndim; i++) columns *= weight->part[0].shape[i];
    return columns;
}

dc3_status dc3_weight_unpack(const dc3_weight *weight, dc3_dtype type, void *to)
{
    char *out = to;
    for (int i = 0; i < weight->parts; i++) {
        const dc3_tensor *part = &weight->part[i];
        DC3_TRY(dc3_convert(part->data, part->dtype, out, type, dc3_count(part)));
        out += (size_t)dc3_count(part) * dc3_dtype_size(type);
        dc3_map_forget(part->data, dc3_bytes(part));
    }
    return DC3_OK;
}

void dc3_weight_release(dc3_weight *weight)
{
    while (weight->packs) {
        dc3_pack *pack = weight->packs;
        weight->packs = pack->next;
        pack->release(pack);
    }
}

/* A form once in the list stays, and what is in it is written before it is put there. */
static dc3_pack *find_pack(dc3_weight *weight, const dc3_packer *packer)
{
    dc3_pack *pack = __atomic_load_n(&weight->packs, __ATOMIC_ACQUIRE);
    while (pack && (pack->key != packer->key || (packer->fits && !packer->fits(packer->user, pack))))
        pack = pack->next;
    return pack;
}

static dc3_status add_pack(dc3_weight *weight, const dc3_packer *packer, dc3_pack **out)
{
    dc3_pack *pack = NULL;
    dc3_status status = packer->make(packer->user, weight, &pack);
    if (status == DC3_OK) status = packer->fill(packer->user, weight, pack);
    if (status != DC3_OK) {
        if (pack) pack->release(pack);
        return status;
    }
    pack->key = packer->key;
    pack->version = weight->version;
    pack->next = weight->packs;
    __atomic_store_n(&weight->packs, pack, __ATOMIC_RELEASE);
    *out = pack;
    return DC3_OK;
}

/* Whether what is in it is the weight's present values, written before the version was. */
static int is_present(const dc3_pack *pack, const dc3_weight *weight)
{
    return pack && __atomic_load_n(&pack->version, __ATOMIC_ACQUIRE) == weight->version;
}

#define FOUR_LOCKS                                                                                           \
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER

/* One of 16, so that threads that pack weights of their own seldom wait for each other. */
static pthread_mutex_t *lock_of(const dc3_weight *weight)
{
    static pthread_mutex_t locks[] = {FOUR_LOCKS, FOUR_LOCKS, FOUR_LOCKS, FOUR_LOCKS};
    return &locks[(uint64_t)(uintptr_t)weight * 0x9e3779b97f4a7c15U >> 60];
}

dc3_status dc3_weight_pack(dc3_weight *weight, const dc3_packer *packer, dc3_pack **out)
{
    pthread_mutex_t *lock = lock_of(weight);
    dc3_status status = DC3_OK;
    *out = find_pack(weight, packer);
    if (is_present(*out, weight)) return DC3_OK;
    pthread_mutex_lock(lock);
    *out = find_pack(weight, packer);
    if (!*out)
        status = add_pack(weight, packer, out);
    else if (!is_present(*out, weight)) {
        status = packer->fill(packer->user, weight, *out);
        if (status == DC3_OK) __atomic_store_n(&(*out)->version, weight->version, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(lock);
    return status;
}

int64_t dc3_conv_out_height(const dc3_conv_shape *s)
{
    int64_t room = s->h + s->pad_top + s->pad_bottom - s->kh;
    return room < 0 ? 0 : room / s->stride + 1;
}

int64_t dc3_conv_out_width(const dc3_conv_shape *s)
{
    int64_t room = s->w + s->pad_left + s->pad_right - s->kw;
    return room < 0 ? 0 : room / s->stride + 1;
}

dc3_conv_shape dc3_linear_as_conv(const dc3_linear_shape *s)
{
    return (dc3_conv_shape){.n = s->rows,
                            .h = 1,
                            .w = 1,
                            .ci = s->ci,
                            .co = s->co,
                            .kh = 1,
                            .kw = 1,
                            .stride = 1,
                            .type = s->type,
                            .act = s->act,
                            .bias = s->bias,
                            .residual = s->residual};
}

int64_t dc3_conv_columns(const dc3_conv_shape *s)
{
    return s->ci / (s->groups > 1 ? s->groups : 1) * s->kh * s->kw;
}
