/* Students as pieces of work of several ranks (ranks/share.h): a rank trains one with all of its threads,
 * writes its checkpoint and its saved score, and tells rank 0 what came of it, which is that of one process.
 */
#ifndef DC3_EVALUATE_SHARED_STUDENTS_H
#define DC3_EVALUATE_SHARED_STUDENTS_H

#include "evaluate/students.h"

/* The name of the stage. */
extern const char dc3_students_stage[];

/* Students that rank 0 shares. */
typedef struct dc3_shared_students {
    const dc3_evaluate_options *const *list; /* [count] */
    const int64_t *numbers;                  /* [count] by which other ranks know them; NULL: their places */
    int count;
    int64_t classes; /* at the most, of all of them */
    dc3_tests *tests;
    const dc3_listener *listener; /* hears what is said of them, each text once, and how many are done */
    dc3_student_scored *scored;   /* in their order, as of dc3_evaluate_all */
    void *user;
} dc3_shared_students;

/* On rank 0; fails as dc3_evaluate_all does, or where a rank is lost. None has minutes, whose epochs would be
 * those of one rank. The flag that it reads is that of the calling thread. */
dc3_status dc3_students_share(const dc3_shared_students *students);

/* On the others: their part in the stage (dc3_stage), by `user`, a dc3_students_service. */
typedef struct dc3_students_service {
    void *user;
    dc3_status (*options)(void *user, int64_t number, dc3_evaluate_options *options);
    dc3_tests *tests;
} dc3_students_service;
dc3_status dc3_students_serve(void *service, const void *known, size_t bytes);

#endif
