/* The teacher: a classifier whose gradients say which images are alike (docs/method.md,
 * Submodular sampling). It runs in f32 unless told otherwise, its last layer always: in bf16 a sure answer
 * would be rounded to a loss and a gradient of nothing. */
#ifndef DC3_TEACHER_TEACHER_H
#define DC3_TEACHER_TEACHER_H

#include "dc3/condense.h"
#include "nn/classifier.h"
#include "ops/look.h"
#include "teacher/accuracy.h"

enum { DC3_TEACHER_LEAST_SIZE = 16, DC3_TEACHER_MOST_SIZE = 1024 }; /* pixels at which one sees images */

typedef struct dc3_teacher {
    dc3_ctx *ctx;
    dc3_classifier *net; /* NULL: no teacher */
    const dc3_classifier_info *info;
    int size;                      /* pixels of an image's side */
    dc3_teacher_accuracy accuracy; /* on images that it was asked about, or on those that were held out */
    dc3_teacher_accuracy stored;   /* on a run's stored images */
    dc3_teacher_accuracy training; /* what its file says of it */
    int doubted;                   /* it seems to be one of other classes, and is taken all the same */
    json_t *classes;               /* their names, as its file says; NULL: it does not */
} dc3_teacher;

/* The tensors of a teacher's file, a safetensors file or a PyTorch checkpoint; the caller closes the table.
 */
dc3_status dc3_teacher_weights(const char *path, dc3_table **table);
/* The network of such a file, for inference; `arch` (or NULL) is checked. What the file says besides goes
 * into *classes (the caller's, or NULL) and *training. */
dc3_status dc3_teacher_read(const char *path, const char *arch, dc3_classifier **net, json_t **classes,
                            dc3_teacher_accuracy *training);
/* Opens such a file. size 0: the only one that the network takes, or that of its
 * training where the file says it, else `usual`, at most 224. Always close. */
dc3_status dc3_teacher_open(const char *path, const char *arch, int size, int usual, int threads,
                            dc3_teacher *teacher);
/* Before it runs: all layers but the last compute in `dtype`. */
dc3_status dc3_teacher_compute_in(dc3_teacher *teacher, dc3_dtype dtype);
void dc3_teacher_close(dc3_teacher *teacher);
/* DC3_ERR_ARGUMENT unless the teacher, from `path`, tells as many classes apart as `data` has. */
dc3_status dc3_teacher_check_classes(const dc3_classifier_info *teacher, const char *path, int64_t classes,
                                     const char *data);
/* The teacher and its accuracy, for dc3.json. */
json_t *dc3_teacher_to_json(const dc3_teacher *teacher);
/* Says how the file of a classifier was read, where that is worth a line: "FILE: all 122 names begin with
 * ...". */
void dc3_report_names(const dc3_listener *listener, const char *file, const dc3_classifier *net);
/* Says which one it is. */
void dc3_report_teacher(const dc3_listener *listener, const dc3_teacher *teacher);
/* Tells where a teacher was trained on much smaller or larger images than these, which have `usual` pixels:
 * it sees other things in them. */
void dc3_teacher_note_size(const dc3_listener *listener, const dc3_teacher *teacher, const char *path,
                           const char *data, int usual);
/* rgb [n, size, size, 3] in [0, 1], normalised in place; embeddings [n, info->embedding] and logits [n,
 * info->classes] f32. */
dc3_status dc3_teacher_run(dc3_teacher *teacher, int n, float *rgb, float *embeddings, float *logits);
/* The same in a context of the caller's, so that threads ask one teacher side by side (ops/workers.h). */
dc3_status dc3_teacher_run_in(const dc3_teacher *teacher, dc3_ctx *ctx, int n, float *rgb, float *embeddings,
                              float *logits);
/* A look (ops/look.h) of the teacher's at views [size, size, 3] in [0, 1], DC3_TEACHER_BATCH at once:
 * embeddings and logits. The caller adds what else there is. */
dc3_look dc3_teacher_look(const dc3_teacher *teacher);
/* Of embeddings [n, info->embedding] alone, by the last layer: logits [n, info->classes]. */
dc3_status dc3_teacher_answer(dc3_teacher *teacher, int64_t n, const float *embeddings, float *logits);
/* Bytes that such a call needs in its context. */
double dc3_teacher_bytes(const dc3_teacher *teacher, int n);
/* Seconds for one image, from the second of two batches of DC3_TEACHER_BATCH. */
enum { DC3_TEACHER_BATCH = 16 };
dc3_status dc3_teacher_measure(dc3_teacher *teacher, double *seconds);
/* -log softmax(logits)[label] in nats, exact also where it is near 0. */
double dc3_teacher_loss(int64_t classes, const float *logits, int64_t label);

#endif
