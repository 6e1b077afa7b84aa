#include "kernels/amx/conv_patches.h"

#include <string.h>
#include "kernels/tile_linear.h"

/* The linear layer; a patch's values are in the order of a kernel's: [channels][rows][columns]. */
static dc3_linear_shape layer_of(const dc3_conv_shape *s)
{
    return (dc3_linear_shape){.rows = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s),
                              .ci = s->ci * s->kh * s->kw,
                              .co = s->co,
                              .type = s->type};
}

/* Bytes of all patches. */
static size_t patches_size(const dc3_conv_shape *s)
{
    dc3_linear_shape l = layer_of(s);
    return ((size_t)(l.rows * l.ci) * sizeof(uint16_t) + 63) / 64 * 64;
}

/* A row of patches to the rows of an image that it covers. */
static void write_row(const dc3_conv_shape *s, const uint16_t *patches, uint16_t *image)
{
    int64_t area = s->kh * s->kw;
    for (int64_t p = 0; p < dc3_conv_out_width(s); p++, patches += area * s->ci)
        for (int64_t ky = 0; ky < s->kh; ky++) {
            uint16_t *to = image + (ky * s->w + p * s->stride) * s->ci;
            for (int64_t kx = 0; kx < s->kw; kx++)
                for (int64_t c = 0; c < s->ci; c++) *to++ = patches[c * area + ky * s->kw + kx];
        }
}

/* Pixels of no patch are zero. */
static void write_images(const dc3_conv_shape *s, const uint16_t *patches, uint16_t *images)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), row = ow * s->kh * s->kw * s->ci;
    int64_t line = s->w * s->ci;
    if (s->kh * oh < s->h || s->kw * ow < s->w)
        memset(images, 0, (size_t)(s->n * s->h * line) * sizeof *images);
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * oh; r++)
        write_row(s, patches + r * row, images + (r / oh * s->h + r % oh * s->stride) * line);
}

size_t AMX(patches_packed_size)(const dc3_conv_shape *s)
{
    return AMX(linear).packed_size(s->ci * s->kh * s->kw, s->co, DC3_PASS_DATA);
}

void AMX(patches_pack)(const dc3_conv_shape *s, const uint16_t *w, void *packed)
{
    AMX(linear).pack(s->ci * s->kh * s->kw, s->co, DC3_PASS_DATA, w, packed);
}

void AMX(patches_data)(const dc3_conv_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    dc3_linear_shape l = layer_of(s);
    AMX(linear).data(&l, dy, packed, scratch, (char *)scratch + patches_size(s));
    write_images(s, scratch, dx);
}

size_t AMX(patches_scratch)(const dc3_conv_shape *s)
{
    dc3_linear_shape l = layer_of(s);
    size_t more = s->groups > 1 ? 0 : AMX(linear).scratch(&l, DC3_PASS_DATA);
    return more ? patches_size(s) + more : 0;
}
