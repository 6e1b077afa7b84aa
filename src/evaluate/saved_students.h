/* Students of `dc3 evaluate` and `dc3 compare` that are saved until their command is complete, below a
 * folder: students/HASH.checkpoint while one is trained, students/HASH.json, its score, once it is finished.
 * The hash is of what the student depends on, which the files say too. */
#ifndef DC3_EVALUATE_SAVED_STUDENTS_H
#define DC3_EVALUATE_SAVED_STUDENTS_H

#include "dc3/evaluate.h"
#include "io/json.h"
#include "learn/trainer.h"

/* Where a student's training is. */
typedef struct dc3_student_place {
    int epoch;     /* finished ones */
    int64_t first; /* images of the next that are done */
    double sum;    /* of their losses */
} dc3_student_place;

typedef struct dc3_saved_student {
    char *folder; /* FOLDER/students */
    char *checkpoint, *score;
    json_t *settings; /* what the student depends on */
    double saved;     /* when the checkpoint was written last */
    double saving;    /* seconds that it took */
    int held;         /* the checkpoint, once this process wrote it; -1: none */
} dc3_saved_student;

/* Takes `settings` over; makes nothing yet. Always close. */
dc3_status dc3_saved_student_open(const char *folder, json_t *settings, dc3_saved_student *entry);
void dc3_saved_student_close(dc3_saved_student *entry);
/* 1 if the student is finished: what training and testing put into *score is there then, and what was right
 * by class in *classes, which the caller releases (NULL: an earlier version did not save it). */
int dc3_saved_student_finished(const dc3_saved_student *entry, dc3_score *score, json_t **classes);
/* Puts an interrupted student back; where there is none, or a damaged one, nothing changes. */
dc3_status dc3_saved_student_resume(const dc3_saved_student *entry, dc3_trainer *student,
                                    dc3_student_place *place, dc3_score *score);
/* Writes the checkpoint, between steps: every minute, with `now` at once; but where that would take more than
 * a twentieth of the time, more seldom. */
dc3_status dc3_saved_student_save(dc3_saved_student *entry, int now, const dc3_trainer *student,
                                  const dc3_student_place *place, const dc3_score *score);
/* Writes the score and what was right by class, and removes the checkpoint. */
dc3_status dc3_saved_student_finish(const dc3_saved_student *entry, const dc3_score *score,
                                    const json_t *classes);

#endif
