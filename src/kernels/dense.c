#include "kernels/dense.h"

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

int64_t dc3_conv_out_height(const dc3_conv_shape *s)
{
    return (s->h + s->pad_top + s->pad_bottom - s->kh) / s->stride + 1;
}

int64_t dc3_conv_out_width(const dc3_conv_shape *s)
{
    return (s->w + s->pad_left + s->pad_right - s->kw) / s->stride + 1;
}

int64_t dc3_conv_columns(const dc3_conv_shape *s)
{
    return s->ci / (s->groups > 1 ? s->groups : 1) * s->kh * s->kw;
}
