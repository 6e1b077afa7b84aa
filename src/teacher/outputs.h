/* A classifier of other classes than a dataset's, of whose outputs only the dataset's are used. */
#ifndef DC3_TEACHER_OUTPUTS_H
#define DC3_TEACHER_OUTPUTS_H

#include "teacher/teacher.h"

/* What is wanted of a classifier. */
typedef struct dc3_teacher_outputs {
    const char *path; /* of its file */
    const char *list; /* file of the names of its classes, a line each in the order of its outputs; of a line
                         that begins with a WordNet id and a blank the id is the name. NULL: none */
    const char *data; /* where the dataset is, for messages */
    const json_t *names; /* of the dataset's classes, in order */
    const dc3_listener *listener;
} dc3_teacher_outputs;

/* Leaves the classifier, before it runs, the outputs that are the dataset's classes, in their order, and says
 * so. It knows its classes by the list, which must name them all; else, where it has more outputs than the
 * dataset classes, by *classes, what its file says, and a classifier of 1,000 classes by the order of
 * ImageNet's, where all of the dataset's are WordNet ids of those. *classes is released and nulled where
 * outputs were chosen, since they say nothing then that was not compared. Without any of it nothing happens:
 * dc3_teacher_check_classes tells. DC3_ERR_IO where the list cannot be read, DC3_ERR_ARGUMENT where it has
 * another number of names than the classifier outputs, or lacks a class of the dataset or has it twice. */
dc3_status dc3_teacher_choose_outputs(const dc3_teacher_outputs *wanted, dc3_classifier *net,
                                      json_t **classes);

#endif
