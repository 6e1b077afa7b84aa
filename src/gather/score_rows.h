/* Rows of scores, which say what they are of (docs/formats.md), and whether that is a run. */
#ifndef DC3_GATHER_SCORE_ROWS_H
#define DC3_GATHER_SCORE_ROWS_H

#include "io/json.h"

/* What a run's rows are of. */
typedef struct dc3_identity {
    char *stored, *dataset; /* hashes, as texts */
    int64_t images, all;    /* stored ones; those of the dataset */
    const char *method;     /* owned by the document */
    int64_t ipc;
    const json_t *classes; /* the same */
} dc3_identity;

/* Of the run `folder` with this dc3.json, which must stay; `images` is the caller's to set. Always free. */
dc3_status dc3_identity_of(const char *folder, const json_t *document, dc3_identity *is);
void dc3_identity_free(dc3_identity *is);

typedef enum dc3_row_kind {
    DC3_ROW_OTHER,  /* of other data */
    DC3_ROW_OWN,    /* of the run's images */
    DC3_ROW_LIKE,   /* a comparison's: other images by the same method, as many of the same dataset */
    DC3_ROW_BESIDE, /* a comparison's: another method or number of images, of the same dataset */
    DC3_ROW_FULL,   /* students that were trained on all of the dataset */
    DC3_ROW_KINDS
} dc3_row_kind;

dc3_row_kind dc3_row_kind_of(const dc3_identity *is, const json_t *row);

/* Adds to `rows` those of the file that are of the run or its dataset, without those that are there already;
 * counts [DC3_ROW_KINDS] how many of each kind the file has. DC3_ERR_FORMAT where there are none at all. */
dc3_status dc3_rows_read(const dc3_identity *is, const char *path, json_t *rows, int *counts);

/* A member of a row, 0 where it is no number, and "" where it is no text. */
double dc3_row_number(const json_t *row, const char *key);
const char *dc3_row_text(const json_t *row, const char *key);

/* How far the accuracies of rows may be off, as standard deviations in points, the largest of the rows: by
 * the number of test images (binomial: sqrt(p (1 - p) / n)), and over students. No sentence, but a part. */
enum { DC3_ROWS_DOUBT = 240 };
const char *dc3_rows_doubt(const json_t *rows, char text[DC3_ROWS_DOUBT]);

#endif
