/* The adapters of a file. Private to this folder. */
#ifndef DC3_NN_LORA_PRIVATE_H
#define DC3_NN_LORA_PRIVATE_H

#include "nn/adapters/lora.h"

enum { DC3_LORA_NAME = 200 };

typedef struct dc3_adapter {
    dc3_lora_part part;
    char module[DC3_LORA_NAME + 4]; /* what it adapts; dots and underscores alike are underscores */
    const char *name;               /* of one of its tensors, for messages */
    const dc3_tensor *down, *up;    /* [r, in] or [r, in, kh, kw], and [out, r] or [out, r, 1, 1] */
    double alpha;                   /* or 0: as large as the rank */
} dc3_adapter;

struct dc3_lora {
    dc3_table *table;
    dc3_adapter *adapters;
    size_t count;
};

/* A module's name in the form of dc3_adapter, into text [DC3_LORA_NAME]; returns text. "text_model." goes,
 * which transformers 5 leaves out. */
const char *dc3_lora_module(const char *name, char *text);
/* Whether the tensor's numbers can be multiplied and added here. */
static inline int dc3_lora_float(const dc3_tensor *t)
{
    return t->dtype == DC3_F32 || t->dtype == DC3_BF16 || t->dtype == DC3_F16 || t->dtype == DC3_F64;
}
/* Sorts the table's tensors into adapters. */
dc3_status dc3_lora_read(dc3_lora *lora);

#endif
