/* What a network makes of a dataset's images before its last layer. */
#ifndef DC3_TEACHER_EMBED_H
#define DC3_TEACHER_EMBED_H

#include "io/dataset.h"
#include "teacher/teacher.h"

/* Which images, and how they are read. */
typedef struct dc3_embedding_call {
    dc3_teacher *teacher;
    const char *path; /* of its file */
    const dc3_dataset *data;
    const char *cache; /* folder that saves the result for other calls; NULL: none */
    const dc3_listener *listener;
    int64_t looked; /* set: images that the network was run on, 0 where they came from the cache */
    double seconds; /* set: that this took */
} dc3_embedding_call;

/* Into rows [images, teacher->info->embedding], each image as the teacher sees it, cropped to a square; the
 * first value of an image that cannot be read is NaN. DC3_ERR_CANCELLED, DC3_ERR_MEMORY; what the cache
 * cannot take is an error. */
dc3_status dc3_embed(dc3_embedding_call *embedding, float *rows);

#endif
