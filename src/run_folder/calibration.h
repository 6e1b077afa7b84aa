/* OUT/calibration: the edits of images whose class is calibrated, until the run is complete, and what came of
 * each class. */
#ifndef DC3_RUN_FOLDER_CALIBRATION_H
#define DC3_RUN_FOLDER_CALIBRATION_H

#include "base/status.h"

/* "calibration" */
extern const char dc3_calibration_folder[];
/* "class-0003.json" of the dataset's class 3; returns name. */
enum { DC3_CALIBRATION_NAME = 32 };
const char *dc3_calibration_name(int label, char name[DC3_CALIBRATION_NAME]);
/* Removes both kinds of files from the run's folder, and the folder where it is empty then. A link is left
 * alone. */
dc3_status dc3_clear_calibration(const char *run);

#endif
