/* What is measured: datasets, and sums over their pictures. Private to this folder. */
#ifndef DC3_CONDENSE_MEASURE_H
#define DC3_CONDENSE_MEASURE_H

#include "condense/teacher.h"
#include "dc3/measure.h"
#include "io/dataset.h"
#include "io/json.h"
#include "metrics/colour_histogram.h"
#include "metrics/density_distance.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"
#include "metrics/moments.h"
#include "nn/inception.h"

enum { DC3_MEASURE_BATCH = 16, DC3_REASON_SIZE = 256 };

/* Of a class, or of all pictures. */
typedef struct dc3_colour_sums {
    int64_t images;
    double colourfulness, squares;
    dc3_levels levels;
    dc3_colour_histogram histogram;
    dc3_density_curve *curves; /* [3], of the reference: with its own bandwidths; else NULL */
} dc3_colour_sums;

/* The networks that look at every picture: each sees its own view. */
enum { DC3_BY_TEACHER, DC3_BY_INCEPTION, DC3_NETWORKS };
typedef struct dc3_network {
    int size;                   /* of the views, pixels; 0: it is not there */
    int64_t features, classes;  /* of a picture */
    float *views;               /* [DC3_MEASURE_BATCH, size, size, 3] */
    float *embeddings, *logits; /* [DC3_MEASURE_BATCH, ..], what it says of the batch */
} dc3_network;

/* What one network says of all pictures. */
typedef struct dc3_feature_sums {
    dc3_moments *moments; /* NULL: it does not look */
    dc3_feature_sample *sample;
    dc3_inception_score *score; /* of Inception; else NULL */
    int64_t *ranks;             /* [pictures], a random order, which says what part of the score is whose */
} dc3_feature_sums;

typedef struct dc3_pairing dc3_pairing;

/* One of the datasets. */
typedef struct dc3_subject {
    const char *path;
    char *folder;     /* that holds the pictures */
    json_t *document; /* dc3.json of a run; NULL: no run */
    dc3_dataset *data;
    dc3_colour_sums *classes; /* [classes] */
    dc3_colour_sums all;
    dc3_density_curve *curves; /* of the reference, [classes + 1, 3] */
    dc3_feature_sums features[DC3_NETWORKS];
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
    dc3_network networks[DC3_NETWORKS];
    dc3_teacher teacher; /* net NULL: none */
    dc3_inception *inception;
    dc3_ctx *inception_ctx;
} dc3_measuring;

/* measure.c */
/* Notes a picture that is passed over, fatal with strict. */
dc3_status dc3_measure_skip(dc3_measuring *m, dc3_subject *s, const char *key, const char *reason);
/* A number, or null where it is none. */
void dc3_measure_set(json_t *object, const char *key, double value);
/* The classes' place of that name, or -1; *hint is where it is looked for first. */
int dc3_measure_class(const dc3_dataset *data, const char *name, size_t length, int *hint);

/* How a run brought its pictures to a size. */
dc3_fit dc3_measure_fit(const dc3_subject *s);

/* measure_colour.c */
void dc3_colour_sums_add(dc3_colour_sums *sums, const dc3_image *image);
void dc3_colour_sums_merge(dc3_colour_sums *to, const dc3_colour_sums *from);
/* Makes the curves of the reference, with which those of all datasets are compared. */
dc3_status dc3_colour_curves(dc3_subject *reference);
/* Everything about `sums`; densities with the bandwidths of `reference`, distances from it unless it is
 * `sums` itself. reference NULL: `sums` has bandwidths of its own. `curve`: with the curves. */
json_t *dc3_colour_to_json(const dc3_colour_sums *sums, const dc3_colour_sums *reference, int curve);

/* measure_networks.c: the networks that the options name. */
dc3_status dc3_networks_open(dc3_measuring *m);
void dc3_networks_close(dc3_measuring *m);
/* size * size * 3 */
size_t dc3_view_values(const dc3_network *network);
/* What network `k` sees of a picture: to [size, size, 3], in 0 to 1 for the teacher. */
dc3_status dc3_network_view(const dc3_measuring *m, int k, const dc3_image *image, float *to);
/* Network `k` on views of DC3_MEASURE_BATCH pictures, which it changes: embeddings and logits as in
 * dc3_network. A picture's answer does not depend on the others. */
dc3_status dc3_network_run(dc3_measuring *m, int k, float *views, float *embeddings, float *logits);

/* measure_features.c: distances of datasets in the features of the networks. */
/* Makes room for a subject's features. */
dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s);
void dc3_features_close(dc3_subject *s);
/* Adds what the networks said of the batch whose first picture is `first`; wanted [DC3_MEASURE_BATCH]. */
dc3_status dc3_features_add(const dc3_measuring *m, dc3_subject *s, int64_t first, const int *wanted);
/* Fills s->distribution from all features, with the distances from the reference's. */
dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s);

/* measure_fidelity.c: stored pictures against their originals, while they are measured. */
/* Fills s->pairing, where the subject is a run whose pictures have one original each. */
dc3_status dc3_pairing_open(dc3_measuring *m, dc3_subject *s);
void dc3_pairing_close(dc3_pairing **pairing);
/* Compares the item-th picture, the i-th of its batch. Threads may call it at once. */
void dc3_pairing_measure(const dc3_measuring *m, dc3_pairing *pairing, int64_t item, int i,
                         const dc3_image *stored);
/* Adds the batch, after the networks have looked; wanted [DC3_MEASURE_BATCH] says what was compared. */
dc3_status dc3_pairing_add(dc3_measuring *m, dc3_subject *s, int64_t first, const int *wanted);
/* Fills s->fidelity. */
void dc3_pairing_finish(dc3_subject *s);
/* The originals, or NULL; `from`: the number of a stored picture's, negative where it is not known. */
const dc3_dataset *dc3_pairing_originals(const dc3_pairing *pairing);
int64_t dc3_pairing_original(const dc3_pairing *pairing, int64_t item);

/* measure_coverage.c: fills the coverage of each subject that has a pairing. */
dc3_status dc3_measure_coverage(dc3_measuring *m);

/* measure_table.c: the table for people of what dc3_measure gives as JSON; caller frees, NULL without memory.
 */
char *dc3_measure_table(const json_t *document, int per_class);

#endif
