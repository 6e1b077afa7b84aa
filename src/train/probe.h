/* A linear probe (Alain and Bengio 2016): the last layer of a trained network made anew for other classes. */
#ifndef DC3_TRAIN_PROBE_H
#define DC3_TRAIN_PROBE_H

#include "dc3/train.h"
#include "io/dataset.h"
#include "teacher/teacher.h"

/* dc3_train_in_run of options that have a backbone, after they were taken and their threads set. */
dc3_status dc3_probe_train(const dc3_train_options *options, const char *run, dc3_train_report *report);

/* Embeddings of a dataset's images that are known already. */
typedef struct dc3_probe_rows {
    const dc3_teacher *backbone; /* whose they are */
    const dc3_dataset *data;
    int64_t n;
    const int64_t *items; /* [n], numbers of the images */
    const float *x;       /* [n, backbone->info->embedding] */
} dc3_probe_rows;
/* The same on them alone: neither the dataset nor the backbone's file is read. */
dc3_status dc3_probe_train_rows(const dc3_train_options *options, const char *run, const dc3_probe_rows *rows,
                                dc3_train_report *report);

/* Seconds of the regression on n rows of d values in so many classes, measured on some; about. */
dc3_status dc3_probe_measure(int64_t n, int64_t d, int64_t classes, int threads, double *seconds);

#endif
