/* What a training reads again and again, made once and kept in a file: the images' latents and the texts'
 * states, or ids. */
#ifndef DC3_FINETUNE_ENCODED_H
#define DC3_FINETUNE_ENCODED_H

#include "finetune/texts.h"
#include "finetune/model.h"

typedef struct dc3_encoding {
    const dc3_base_model *model;
    const dc3_dataset *data;
    const dc3_texts *captions; /* NULL: of a transformer of classes */
    int64_t tokens;            /* of a text */
    int ids;                   /* of texts their ids alone: the text encoder is trained */
    int size, flip;            /* pixels of a side; whether mirror images are wanted too */
    int strict;                /* the first image that cannot be read is a failure */
    dc3_dtype dtype;           /* that the networks compute in */
    int threads;
    const char *path;     /* of the file */
    int made;             /* it must be there: another rank has made it */
    const char *settings; /* all that it depends on, as text: a file of others is made anew */
    const dc3_listener *listener;
} dc3_encoding;

typedef struct dc3_encoded {
    dc3_table *table;               /* the file, mapped; what is below lies in it */
    int64_t images, sides, h, w, c; /* sides: 2 with mirror images, else 1 */
    const float *latents;    /* [images, sides, h, w, c]: means of the posterior times the VAE's factor */
    const uint8_t *readable; /* [images]; of others the latents are zeros */
    int64_t texts, tokens, channels;
    const float *states; /* [texts, tokens, channels] of the captions, or NULL */
    const int64_t *ids;  /* [texts, tokens] of them in its place, or NULL */
    int64_t skipped;     /* images that cannot be read */
    int64_t cut;         /* texts of more tokens, of which the last are left out */
} dc3_encoded;

/* Reads the file, or makes it, whole or not at all. DC3_ERR_FORMAT for a file of other shapes, where no image
 * can be read, and with `strict` where one cannot. Close in any case. */
dc3_status dc3_encoded_open(const dc3_encoding *encoding, dc3_encoded *encoded);
void dc3_encoded_close(dc3_encoded *encoded);

#endif
