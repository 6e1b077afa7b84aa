/* Which files of a repository dc3 needs. */
#ifndef DC3_HUB_WANTED_H
#define DC3_HUB_WANTED_H

#include "hub/listing.h"

/* Marks them: wanted[i] is 1 for file i [listing->count], else 0. With a file in the name it alone, or with
 * an index of shards these as well. Of a diffusion model (model_index.json) the configurations and the
 * tokenizer of its parts, and of each part with a config.json its weights: safetensors, in one file or in
 * shards, else the variant fp16, else .bin. Of other repositories config.json, preprocessor_config.json and
 * the weights that they stand beside, else pytorch_lora_weights.safetensors, else the only safetensors file
 * that there is. With `fp16` the variant of that name is taken where there is one. Says to `listener` what is
 * taken for want of what was expected. DC3_ERR_IO where something that dc3 needs is not there, DC3_ERR_OPTION
 * (fp16) where no part has the variant. */
dc3_status dc3_hub_choose(const dc3_hub_listing *listing, const dc3_hub_name *name, int fp16,
                          const dc3_listener *listener, char *wanted);

#endif
