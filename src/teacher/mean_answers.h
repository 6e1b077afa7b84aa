/* How often several teachers together are right about images that each of them is asked about. */
#ifndef DC3_TEACHER_MEAN_ANSWERS_H
#define DC3_TEACHER_MEAN_ANSWERS_H

#include "teacher/accuracy.h"

/* Zero at first. */
typedef struct dc3_mean_answers {
    int64_t n, classes; /* images asked about, in their order */
    int teachers;       /* asked so far */
    float *logits;      /* [n, classes] sums over the teachers */
    int *labels;        /* [n]; -1: the image cannot be read */
} dc3_mean_answers;

/* For the next teacher, who is asked about the same n images. DC3_ERR_MEMORY. */
dc3_status dc3_mean_answers_begin(dc3_mean_answers *answers, int64_t n, int64_t classes);
/* What it says of image i. */
void dc3_mean_answers_add(dc3_mean_answers *answers, int64_t i, int label, const float *logits);
/* Of the highest sum of the logits, of equal ones the first; an image with a sum that is not finite is not
 * right; `on` as in teacher/accuracy.h. */
dc3_teacher_accuracy dc3_mean_answers_accuracy(const dc3_mean_answers *answers, const char *on);
void dc3_mean_answers_free(dc3_mean_answers *answers);

#endif
