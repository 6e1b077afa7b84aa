/* Making latents and states. Private to this folder. */
#ifndef DC3_FINETUNE_ENCODING_H
#define DC3_FINETUNE_ENCODING_H

#include "finetune/encoded.h"

/* The states of all captions, for the caller to free; sets tokens and cut of *to. */
dc3_status dc3_encode_texts(const dc3_encoding *encoding, dc3_encoded *to, float **states);
/* Hands the latents of all images of *to to `append`, in their order, and then which of them are readable. */
dc3_status dc3_encode_images(const dc3_encoding *encoding, const dc3_encoded *to,
                             dc3_status (*append)(void *user, const void *data, size_t size), void *user);

#endif
