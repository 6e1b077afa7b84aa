/* The teachers whose logits are stored: one, or several whose logits are averaged. */
#ifndef DC3_LABELS_LABEL_TEACHERS_H
#define DC3_LABELS_LABEL_TEACHERS_H

#include "dc3/label.h"
#include "teacher/check.h"
#include "teacher/teacher_list.h"

typedef struct dc3_label_teachers {
    dc3_teacher_list list;
    dc3_teacher of[DC3_ENSEMBLE_MOST];
    dc3_ensemble nets; /* theirs */
    int size;          /* of a view's side, pixels */
} dc3_label_teachers;

/* Reads which files there are: those of the options, else the run's own. */
dc3_status dc3_label_teachers_find(const dc3_label_options *options, dc3_label_teachers *teachers);
/* Opens them, for views as large as the options say, else as the first wants them, else `side`; each must
 * tell the classes `names` apart. Always close. */
dc3_status dc3_label_teachers_open(const dc3_label_options *options, int side, const json_t *names,
                                   dc3_label_teachers *teachers);
void dc3_label_teachers_close(dc3_label_teachers *teachers);
/* Asks each about the sample's images: it must be one of these classes. check: all but its path. */
dc3_status dc3_label_teachers_check(dc3_label_teachers *teachers, const dc3_teacher_check *check,
                                    const dc3_teacher_sample *sample);
/* Adds to the labels' info which they are. */
void dc3_label_teachers_describe(const dc3_label_teachers *teachers, json_t *info);
/* Says which they are; *seconds: what a view takes. Closes all contexts but the first, which serves all from
 * here on. */
dc3_status dc3_label_teachers_measure(dc3_label_teachers *teachers, const dc3_listener *listener,
                                      double *seconds);
/* A look (ops/look.h) of theirs at views [size, size, 3] in [0, 1]: the first part of its values is the
 * logits [classes]. The caller adds what else there is. */
dc3_look dc3_label_teachers_look(const dc3_label_teachers *teachers);

#endif
