/* Students of `dc3 evaluate` and `dc3 compare` that are kept until their command is complete, in one folder:
 * students.json, the scores of those that are finished, and student.checkpoint, the one that is being
 * trained. Both say what their students depend on, and are used for the same students only. */
#ifndef DC3_CONDENSE_KEPT_STUDENTS_H
#define DC3_CONDENSE_KEPT_STUDENTS_H

#include "dc3/evaluate.h"
#include "io/json.h"
#include "learn/trainer.h"

/* Where a student's training is. */
typedef struct dc3_student_place {
    int epoch;     /* finished ones */
    int64_t first; /* pictures of the next that are done */
    double sum;    /* of their losses */
} dc3_student_place;

typedef struct dc3_kept_students {
    const char *folder;
    const dc3_listener *listener;
    char *checkpoint; /* FOLDER/student.checkpoint */
    json_t *settings; /* what the student depends on */
    double saved;     /* when the checkpoint was written last */
    double saving;    /* seconds that it took */
    int failed;       /* something could not be written, which the listener was told: nothing more is kept */
} dc3_kept_students;

/* Takes `settings` over, keeps the others; always close. */
dc3_status dc3_kept_open(const char *folder, json_t *settings, const dc3_listener *listener,
                         dc3_kept_students *kept);
void dc3_kept_close(dc3_kept_students *kept);
/* 1 if the student is finished: what training and testing put into *score is there then. */
int dc3_kept_finished(const dc3_kept_students *kept, dc3_score *score);
/* Puts a student that was cut off back; where there is none, or another, or a damaged one, nothing changes.
 */
void dc3_kept_go_on(const dc3_kept_students *kept, dc3_trainer *student, dc3_student_place *place,
                    dc3_score *score);
/* Writes the checkpoint: `now`, or every minute, or where that would take more than a twentieth of the time,
 * more seldom. Between steps only. */
void dc3_kept_save(dc3_kept_students *kept, int now, const dc3_trainer *student,
                   const dc3_student_place *place, const dc3_score *score);
/* Adds a finished student and removes its checkpoint. */
void dc3_kept_finish(dc3_kept_students *kept, const dc3_score *score);
/* Removes the finished students of a folder. */
void dc3_kept_forget(const char *folder);

#endif
