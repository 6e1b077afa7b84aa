/* Making latents and states. Private to this folder. */
#ifndef DC3_FINETUNE_ENCODING_H
#define DC3_FINETUNE_ENCODING_H

#include "finetune/encoded.h"

/* Hands the states, or ids, of all captions of *to to `append`, in their order, and then how many captions
 * are cut, as one int64_t. */
dc3_status dc3_encode_texts(const dc3_encoding *encoding, const dc3_encoded *to,
                            dc3_status (*append)(void *user, const void *data, size_t size), void *user);
/* Hands the latents of all images of *to to `append`, in their order, and then which of them are readable.
 * With `strict` DC3_ERR_FORMAT names the first that is not. */
dc3_status dc3_encode_images(const dc3_encoding *encoding, const dc3_encoded *to,
                             dc3_status (*append)(void *user, const void *data, size_t size), void *user);

#endif
