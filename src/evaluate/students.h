/* Students side by side (students.c). */
#ifndef DC3_EVALUATE_STUDENTS_H
#define DC3_EVALUATE_STUDENTS_H

#include "evaluate/evaluation.h"

/* As `scored` of dc3_evaluate_all. */
typedef dc3_status dc3_student_scored(void *user, int student, const dc3_score *score);

/* The images that were trained on last: later students of them need not read them again. At first all is
 * zero. */
typedef struct dc3_students_kept {
    dc3_condensed *set;
    uint64_t key; /* a hash of their dataset's name, and of which of it they are */
} dc3_students_kept;

/* dc3_evaluate_all in one process. kept: what earlier calls left, and this one leaves; such calls are parts
 * of another, and do not note the images' folder as worked on. NULL: it is a whole one. */
dc3_status dc3_students_train(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                              dc3_students_kept *kept, dc3_student_scored *scored, void *user);
void dc3_students_release(dc3_students_kept *kept, const dc3_listener *listener);

#endif
