/* Distances of datasets in the features of the networks. */
#ifndef DC3_MEASURE_FEATURES_H
#define DC3_MEASURE_FEATURES_H

#include "measure/subject.h"

/* Opens the options' files of features, one for each subject that is open: its `given`. */
dc3_status dc3_features_open_files(dc3_measuring *m);
/* Makes room for a subject's features. */
dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s);
void dc3_features_close(dc3_subject *s);
/* Adds what the networks said of an image. */
dc3_status dc3_features_add(const dc3_measuring *m, dc3_subject *s, int64_t item, const dc3_answers *answers);
/* Fills s->distribution from all features, with the distances from the reference's. */
dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s);

#endif
