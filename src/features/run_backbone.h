/* A run's backbone (train/backbone.h). */
#ifndef DC3_FEATURES_RUN_BACKBONE_H
#define DC3_FEATURES_RUN_BACKBONE_H

#include "features/run.h"

/* Opens the options' backbone, once the dataset is open and the teacher's path known: whose features the run
 * has, and whether its teacher is made of it. features: the method compares images by features; what: it, for
 * a message where there is no use for a backbone (DC3_ERR_OPTION). */
dc3_status dc3_run_open_backbone(dc3_run *run, int features, const char *what);
/* What the teacher that is made of it says of all images, by their features. */
dc3_status dc3_run_answer(dc3_run *run);

#endif
