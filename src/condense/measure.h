/* What is measured: datasets, and sums over their pictures. Private to this folder. */
#ifndef DC3_CONDENSE_MEASURE_H
#define DC3_CONDENSE_MEASURE_H

#include "condense/teacher.h"
#include "dc3/measure.h"
#include "io/dataset.h"
#include "io/json.h"
#include "metrics/colour_histogram.h"
#include "metrics/density.h"
#include "metrics/kernel_distance.h"
#include "metrics/moments.h"

enum { DC3_MEASURE_BATCH = 16, DC3_REASON_SIZE = 256 };

/* Of a class, or of all pictures. */
typedef struct dc3_colour_sums {
    int64_t images;
    double colourfulness, squares;
    dc3_levels levels;
    dc3_colour_histogram histogram;
} dc3_colour_sums;

/* Of all pictures' features. */
typedef struct dc3_feature_sums {
    dc3_moments *moments; /* NULL: no network looks at them */
    dc3_feature_sample *sample;
} dc3_feature_sums;

/* One of the datasets. */
typedef struct dc3_subject {
    const char *path;
    char *folder;     /* that holds the pictures */
    json_t *document; /* dc3.json of a run; NULL: no run */
    dc3_dataset *data;
    dc3_colour_sums *classes; /* [classes] */
    dc3_colour_sums all;
    dc3_feature_sums features;
    json_t *skipped;      /* list of [key, reason] */
    json_t *fidelity;     /* NULL: there is none */
    json_t *distribution; /* of the features; NULL: no network looks at them */
} dc3_subject;

typedef struct dc3_measuring {
    const dc3_measure_options *options;
    dc3_measure_report *report;
    dc3_subject *subjects; /* [count]; the first is the reference */
    int count;
    dc3_teacher teacher; /* net NULL: none */
    float *views;        /* [DC3_MEASURE_BATCH, size, size, 3], of the network whose features are compared */
    float *embeddings, *logits; /* [DC3_MEASURE_BATCH, ..] */
} dc3_measuring;

/* measure.c */
/* Notes a picture that is passed over, fatal with strict. */
dc3_status dc3_measure_skip(dc3_measuring *m, dc3_subject *s, const char *key, const char *reason);
/* A number, or null where it is none. */
void dc3_measure_set(json_t *object, const char *key, double value);
/* The classes' place of that name, or -1; *hint is where it is looked for first. */
int dc3_measure_class(const dc3_dataset *data, const char *name, size_t length, int *hint);

/* measure_colour.c */
void dc3_colour_sums_add(dc3_colour_sums *sums, const dc3_image *image);
void dc3_colour_sums_merge(dc3_colour_sums *to, const dc3_colour_sums *from);
/* Everything about `sums`; densities with the bandwidths of `reference`, distances from it unless it is
 * `sums` itself. reference NULL: `sums` has bandwidths of its own. `curve`: with the curves. */
json_t *dc3_colour_to_json(const dc3_colour_sums *sums, const dc3_colour_sums *reference, int curve);

/* measure_features.c: the network that the options name, whose features are compared. */
dc3_status dc3_measure_open_network(dc3_measuring *m);
void dc3_measure_close_network(dc3_measuring *m);
/* What the teacher sees of a picture: [size, size, 3] in 0 to 1. */
dc3_status dc3_measure_view(const dc3_measuring *m, const dc3_image *image, float *to);
/* size * size * 3 */
size_t dc3_measure_view_values(const dc3_measuring *m);
/* Makes room for a subject's features, if there is a network. */
dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s);
void dc3_features_close(dc3_subject *s);
/* Adds the features of the views of a batch; wanted [DC3_MEASURE_BATCH] says which. */
dc3_status dc3_features_add(dc3_measuring *m, dc3_subject *s, const int *wanted);
/* Fills s->distribution from all features, with the distances from the reference's. */
dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s);

/* measure_fidelity.c: fills s->fidelity, where the subject is a run whose pictures have one original each. */
dc3_status dc3_measure_fidelity(dc3_measuring *m, dc3_subject *s);

/* measure_table.c: the table for people of what dc3_measure gives as JSON; caller frees, NULL without memory.
 */
char *dc3_measure_table(const json_t *document, int per_class);

#endif
