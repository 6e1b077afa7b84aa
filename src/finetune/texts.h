/* The texts that a U-Net is trained under: each image's caption, each different one once. */
#ifndef DC3_FINETUNE_TEXTS_H
#define DC3_FINETUNE_TEXTS_H

#include "io/dataset.h"

typedef struct dc3_texts {
    char **texts; /* [count]; the first is the empty one, for captions that are left out */
    int64_t count;
    int64_t *of; /* [images of the dataset], the place of each one's text */
} dc3_texts;

/* By `form`, with the class's name in place of its one "{}"; or, with `file`, as that file's lines say:
 * JSON objects with "file_name", an image's path below the dataset, and "text". names: a file of lines
 * "FOLDER NAME" with what some classes are called in captions, or NULL; else underscores and dashes of a
 * folder's name become spaces. DC3_ERR_FORMAT where an image has no text or a name's folder is no class,
 * DC3_ERR_OPTION for a form without "{}". Free in any case. */
dc3_status dc3_texts_make(const dc3_dataset *data, const char *form, const char *file, const char *names,
                          dc3_texts *captions);
void dc3_texts_free(dc3_texts *captions);

#endif
