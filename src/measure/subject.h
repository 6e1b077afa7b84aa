/* What is measured: datasets, and sums over their images. */
#ifndef DC3_MEASURE_SUBJECT_H
#define DC3_MEASURE_SUBJECT_H

#include "teacher/teacher.h"
#include "dc3/measure.h"
#include "io/dataset.h"
#include "io/json.h"
#include "metrics/colour_histogram.h"
#include "metrics/density_distance.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"
#include "metrics/moments.h"
#include "nn/inception.h"
#include "select/image_rows.h"

enum { DC3_MEASURE_BATCH = 16, DC3_REASON_SIZE = 256 }; /* images that a network sees at once */

/* Of a class, or of all images. */
typedef struct dc3_colour_sums {
    int64_t images;
    double colourfulness, squares;
    dc3_levels levels;
    dc3_colour_histogram histogram;
    dc3_density_curve *curves; /* [3], of the reference: with its own bandwidths; else NULL */
} dc3_colour_sums;

/* The networks that look at every image: each sees its own view; and one that has looked, whose features are
 * in files. */
enum { DC3_BY_TEACHER, DC3_BY_INCEPTION, DC3_BY_FILE, DC3_NETWORKS };
typedef struct dc3_network {
    int size;                  /* of the views, pixels; 0: it does not look */
    int64_t features, classes; /* of an image; 0 features: it is not there */
} dc3_network;

/* What they say of one image. */
typedef struct dc3_answers {
    const float *embeddings[DC3_NETWORKS], *logits[DC3_NETWORKS]; /* of one that does not look: NULL */
    const float *before; /* the teacher's logits of its original; NULL: it is not asked */
} dc3_answers;

/* What one network says of all images. */
typedef struct dc3_feature_sums {
    dc3_moments *moments; /* NULL: it does not look, or at training images */
    dc3_feature_sample *sample;
    dc3_inception_score *score; /* the formula on the classes of a network; NULL: it has none */
    int64_t *ranks;             /* [images], a random order, which says what part of the score is whose */
} dc3_feature_sums;

typedef struct dc3_pairing dc3_pairing;

/* One of the datasets. */
typedef struct dc3_subject {
    const char *path;
    char *folder;     /* that holds the images */
    json_t *document; /* dc3.json of a run; NULL: no run */
    int made;         /* a run, or generated: the choice is not of its images */
    dc3_dataset *data;
    dc3_colour_sums *classes; /* [classes] */
    dc3_colour_sums all;
    dc3_density_curve *curves; /* of the reference, [classes + 1, 3] */
    dc3_feature_sums features[DC3_NETWORKS];
    dc3_image_rows *given;              /* features of a file; NULL: none */
    dc3_pairing *pairing;               /* with the originals; NULL: there are none */
    json_t *skipped;                    /* list of [key, reason] */
    json_t *fidelity, *coverage;        /* NULL: there is none */
    json_t *distribution[DC3_NETWORKS]; /* of the features; NULL: it does not look */
} dc3_subject;

typedef struct dc3_measuring {
    const dc3_measure_options *options;
    dc3_measure_report *report;
    dc3_subject *subjects; /* [count]; the first is the reference */
    int count;
    int chosen, splits; /* datasets that the choice is of; of them manifests of which it says a split */
    dc3_subject
        *training; /* what a generator was trained on, of which all features are kept; NULL: not given */
    int64_t done, total; /* images of all datasets */
    dc3_network networks[DC3_NETWORKS];
    dc3_teacher teacher; /* net NULL: none */
    dc3_inception *inception;
    dc3_ctx *ctx; /* in f32 */
} dc3_measuring;

/* Notes an image that is skipped, fatal with strict. */
dc3_status dc3_measure_skip(dc3_measuring *m, dc3_subject *s, const char *key, const char *reason);
/* A number, or null where it is none. */
void dc3_measure_set(json_t *object, const char *key, double value);
/* The classes' place of that name, or -1; *hint is where it is looked for first. */
int dc3_measure_class(const dc3_dataset *data, const char *name, size_t length, int *hint);

/* How a run brought its images to a size. */
dc3_fit dc3_measure_fit(const dc3_subject *s);

#endif
