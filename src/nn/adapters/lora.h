/* Low-rank adapters (LoRA, Hu et al. 2022) of a U-Net or a text encoder: of a weight W [out, in] the product
 * of up [out, r] and down [r, in], by which it becomes W + scale alpha / r up down; a convolution's kernels
 * count as columns. Read as diffusers writes them ("unet.MODULE.lora_A.weight", and its older forms) and as
 * kohya's scripts do
 * ("lora_unet_MODULE.lora_down.weight" with underscores); matrices of f32, f16, bf16 or f64, an alpha of
 * these or of integers. */
#ifndef DC3_NN_LORA_H
#define DC3_NN_LORA_H

#include "tensor/table.h"

typedef struct dc3_lora dc3_lora;

typedef enum dc3_lora_part { DC3_LORA_UNET, DC3_LORA_TEXT_ENCODER } dc3_lora_part;

/* path: a file, or a folder with pytorch_lora_weights.safetensors. DC3_ERR_FORMAT where it holds no adapters
 * or one lacks a half, DC3_ERR_UNSUPPORTED for other kinds of adapters (DoRA, LoHa, LoKr, ...) and other
 * parts. */
dc3_status dc3_lora_open(const char *path, dc3_lora **lora);
/* Accepts NULL; nulls. */
void dc3_lora_close(dc3_lora **lora);
/* How many adapters it has for the part. */
size_t dc3_lora_count(const dc3_lora *lora, dc3_lora_part part);

/* Adds the part's adapters to its weights. *weights becomes a table with the merged tensors, in the types
 * that they had, and the others as they were; it owns the old one. DC3_ERR_FORMAT, and *weights as it was,
 * where a weight is not there or has another shape, which is so with a LoRA for another model. */
dc3_status dc3_lora_merge(const dc3_lora *lora, dc3_lora_part part, double scale, dc3_table **weights);

/* An adapter to be stored. */
typedef struct dc3_lora_layer {
    dc3_lora_part part;
    const char *module; /* as its weight is called, without ".weight" */
    dc3_tensor down,
        up;       /* f32 in memory of the host: [r, in] or [r, in, kh, kw], and [out, r] or [out, r, 1, 1] */
    double alpha; /* 0: as large as the rank */
} dc3_lora_layer;

/* Writes a safetensors file that diffusers' load_lora_weights reads, whole or not at all. up is stored times
 * alpha / r, since diffusers takes an adapter without an alpha to have one as large as its rank. */
dc3_status dc3_lora_save(const char *path, const dc3_lora_layer *layers, size_t count);

#endif
