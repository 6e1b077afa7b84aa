/* The teacher of a run: the one that is given, or its own, trained in its folder. */
#ifndef DC3_FEATURES_RUN_TEACHER_H
#define DC3_FEATURES_RUN_TEACHER_H

#include "features/run.h"
#include "train/own_teacher.h"

/* Opens run->teacher_path and checks its classes. */
dc3_status dc3_run_open_teacher(dc3_run *run);
/* Trains the run's own teacher, if that is not done yet, and opens it. */
dc3_status dc3_run_train_teacher(dc3_run *run);
/* Another rank's part in that (dc3_own_teacher_stage); user: its run. */
dc3_status dc3_run_serve_teacher(void *user, const void *known, size_t bytes);
/* 1 if the run's own teacher is made of its features (a linear probe), once they are there. */
int dc3_run_probes_features(const dc3_run *run);
/* Then: makes it, if that is not done yet, opens it, and has what it says of all images. */
dc3_status dc3_run_probe(dc3_run *run);
/* What rank 0 has decided of the teacher (ranks/share.h), and that taken by another, which opens the teacher
 * where rank 0 asks it. */
typedef struct dc3_run_decided {
    int probes, has_teacher;
} dc3_run_decided;
dc3_run_decided dc3_run_decide(const dc3_run *run);
dc3_status dc3_run_take_decided(dc3_run *run, const dc3_run_decided *decided);
/* What the training depends on, for dc3.json. */
json_t *dc3_run_teacher_plan(const dc3_run *run);
/* Of several teachers, which was taken, for dc3.json; NULL: there is one, or it is not known yet. */
json_t *dc3_run_teacher_choice(const dc3_run *run);
/* Pixels at which it will see images. */
int dc3_run_teacher_size(const dc3_run *run);
/* Pixels at which students see the run's images where nothing else is said: as its teacher does, else as they
 * would be stored without a search, up to 224. */
int dc3_run_view_size(const dc3_run *run);
/* What it will cost, measured on a step. */
dc3_status dc3_run_measure_teacher(const dc3_run *run, dc3_teacher_cost *cost);

#endif
