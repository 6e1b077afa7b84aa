/* Teachers' files in one text, "A,B,C": their logits are averaged (learn/ensemble.h). */
#ifndef DC3_TEACHER_TEACHER_LIST_H
#define DC3_TEACHER_TEACHER_LIST_H

#include "dc3/listener.h"
#include "io/json.h"
#include "learn/ensemble.h"
#include "nn/classifier.h"

typedef struct dc3_teacher_list {
    int count; /* 1 to DC3_ENSEMBLE_MOST */
    char *paths[DC3_ENSEMBLE_MOST];
} dc3_teacher_list;

/* A name ends at a comma, but for commas of a file that is there: what is there as a whole is one file.
 * Whether there is one is not asked. DC3_ERR_OPTION (teacher) for an empty name, one that is given twice, and
 * too many. Free in any case. */
dc3_status dc3_teacher_list_read(const char *text, dc3_teacher_list *list);
/* The first of such a text, whose gradients are those for selection, which `listener` (NULL: nobody) hears
 * where there are more; the caller frees *path. */
dc3_status dc3_teacher_list_first(const char *text, const dc3_listener *listener, char **path);
void dc3_teacher_list_free(dc3_teacher_list *list);
/* A hash of their contents in their order; of one file that of the file (run_folder/fingerprint.h). */
json_t *dc3_teacher_list_fingerprint(const dc3_teacher_list *list);
/* The same of such a text; null where it is none. */
json_t *dc3_teachers_fingerprint(const char *text);

/* "convnet3, resnet18": the architectures of teachers as scores have them, objects with "arch". Returns
 * `text`. */
const char *dc3_teacher_names(const json_t *teachers, char *text, size_t size);

/* Pixels at which one of several teachers sees views of `size`: the only ones that its network takes, else
 * those of its training, where its file says them; else as they are, but as many as the network needs. */
int dc3_teacher_sees(const dc3_classifier_info *info, int size);

#endif
