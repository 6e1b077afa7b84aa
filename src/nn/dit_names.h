/* What the tensors of diffusion transformers are called. Private to this folder. */
#ifndef DC3_NN_DIT_NAMES_H
#define DC3_NN_DIT_NAMES_H

#include "tensor/table.h"

/* Forms of names; %d is the block's number. */
typedef struct dc3_dit_names {
    const char *patches, *time1, *time2, *classes; /* an embedder for each block where these have a %d */
    const char *condition, *q, *k, *v, *out, *fc1, *fc2;
    const char *condition_last, *last;
    double freq_shift; /* of the time embedding (nn/time_embedding.h) */
} dc3_dit_names;

/* diffusers' names where the table has them or is NULL, else the authors', in which q names queries, keys and
 * values and k and v are NULL. */
const dc3_dit_names *dc3_dit_names_of(const dc3_table *table);
/* A form with the block's number, into text [DC3_NAME_SIZE]; returns text. */
const char *dc3_dit_name(char *text, const char *form, int block);
/* How many embedders there are: 1 where all blocks share one, which without `trainable` they do also where
 * those of the table are the same bytes, as in checkpoints that diffusers has converted; else `layers`. */
int dc3_dit_embedders(const dc3_table *table, const dc3_dit_names *names, int layers, int trainable);

#endif
