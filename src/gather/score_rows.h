/* Rows of scores, which say what they are of (docs/formats.md), and whether that is a run. */
#ifndef DC3_GATHER_SCORE_ROWS_H
#define DC3_GATHER_SCORE_ROWS_H

#include "io/json.h"

/* What a run's rows are of. */
typedef struct dc3_identity {
    char *stored, *dataset; /* hashes, as texts */
    int64_t images, all;    /* stored ones; those of the dataset */
    const char *method;     /* owned by the document */
    int64_t ipc;            /* images of each class, at most, where one of these two is above 0 */
    int64_t total, budget;  /* images of all classes, where they are not as many of each; bytes */
    const json_t *classes;  /* the same */
} dc3_identity;

/* Of the run `folder` with this dc3.json, which must stay; `images` is the caller's to set. Always free. */
dc3_status dc3_identity_of(const char *folder, const json_t *document, dc3_identity *is);
void dc3_identity_free(dc3_identity *is);

/* 1 if two runs are of as many images, or bytes; if a run and a comparison's row are. */
int dc3_identity_as_many(const dc3_identity *a, const dc3_identity *b);
int dc3_row_as_many(const dc3_identity *is, const json_t *row);
/* "10 images per class", "25 images in all", "30.0 kB"; and of a comparison's row "10", "30.0 kB". */
enum { DC3_ROW_AMOUNT = 48 };
const char *dc3_identity_amount(const dc3_identity *is, char text[DC3_ROW_AMOUNT]);
const char *dc3_row_amount(const json_t *row, char text[DC3_ROW_AMOUNT]);

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
