/* The teacher that is trained where none is given. */
#ifndef DC3_TRAIN_OWN_TEACHER_H
#define DC3_TRAIN_OWN_TEACHER_H

#include "dc3/condense.h"
#include "dc3/train.h"
#include "io/dataset.h"
#include "io/json.h"
#include "teacher/accuracy.h"
#include "teacher/teacher_list.h"
#include "train/probe.h"

/* How it is trained, for a dataset whose images are stored at `side` pixels, or are no larger themselves,
 * into the file `out`, in the usual way: up to 64 pixels a ConvNet-3 at the stored size, above a ResNet-18 at
 * up to 112 pixels, on smaller views first; as many epochs as show it 300,000 images, 8 to 20, of a ConvNet-3
 * for a set of fewer than ten images per class (`ipc`) fewer; of few images small batches. Where the options
 * name a speednet, that by the fast recipe (train_recipe.h), 40,000 images, 5 to 20 epochs. A tenth of each
 * class is held out and tested on, unless that is too few to say anything. The options say otherwise where
 * they say anything. The strings are those of the options. */
dc3_train_options dc3_own_teacher(const dc3_condense_options *options, const char *out, int side, int64_t ipc,
                                  const dc3_dataset *dataset);
/* Epochs of a ConvNet-3, of a dataset of `images`, for a set of `ipc` images per class. */
int dc3_own_teacher_epochs(int64_t images, int64_t ipc);
/* Makes of the plan for a comparison that of the teacher that its folder was begun with, and notes it, where
 * the options leave the epochs open, which follow the largest set. */
void dc3_own_teacher_go_on(const dc3_condense_options *options, const char *folder, dc3_train_options *plan);
/* What the training depends on, for a document of settings. */
json_t *dc3_own_teacher_settings(const dc3_train_options *plan);
/* Notes why no images of the dataset are held out, where it is to be trained without. */
void dc3_own_teacher_note(const dc3_train_options *plan, const dc3_dataset *dataset);
/* Trains it, unless the file is there; *accuracy is that on the images that were held out. rows: for a plan
 * with a backbone (backbone.h), where its embeddings are known; else NULL. The folder's document keeps which
 * file was written. */
dc3_status dc3_own_teacher_train(const dc3_train_options *plan, const dc3_probe_rows *rows,
                                 dc3_teacher_accuracy *accuracy);
/* The stage in which the other ranks take part in that, where the plan has replicas, and their part in it, by
 * the same plan but for what only rank 0 knows of it, which is `known`. */
extern const char dc3_own_teacher_stage[];
dc3_status dc3_own_teacher_serve(const dc3_train_options *plan, const void *known);
/* The accuracy on held-out images that a file says; top1 -1: it does not. */
dc3_status dc3_own_teacher_accuracy(const char *path, dc3_teacher_accuracy *accuracy);
/* Beside a run's own teacher, as long as the teacher may yet be one of these (both_teachers.h). */
#define DC3_PROBE_FILE "probe.safetensors"
#define DC3_TUNED_FILE "fine-tuned.safetensors"
/* DC3_ERR_ARGUMENT where the file `path` is there and is not the one that was written. */
dc3_status dc3_own_teacher_check_file(const char *path);
/* Refuses options about a training where none is made. */
dc3_status dc3_own_teacher_check(const dc3_condense_options *options, int trains);
/* What it will cost, from a step of its training. */
typedef struct dc3_teacher_cost {
    double training;   /* seconds, but for the reading of the images */
    double alone;      /* the same by one rank, where several share its replicas */
    double forward;    /* seconds to ask it about one image */
    double regression; /* of `training`, with a backbone: what it takes once the embeddings are known */
} dc3_teacher_cost;
dc3_status dc3_own_teacher_measure(const dc3_train_options *plan, int64_t images, int classes,
                                   dc3_teacher_cost *cost);

/* Adds to a run's document which file its own teacher is. */
void dc3_own_teacher_describe(const char *teacher, json_t *document);
/* Of the teacher that the document of the folder `run` knows of, its own or one that it was given; the caller
 * releases it. NULL: none is known. */
json_t *dc3_run_teacher_fingerprint(const char *run);
/* 1 if the document of the folder `run` knows of another file, its own teacher or one that it was given. */
int dc3_run_teacher_differs(const char *run, const char *teacher);
/* Warns where that is so of all of them. */
void dc3_run_teachers_warn(const char *run, const dc3_teacher_list *teachers, const dc3_listener *listener);

/* Starting over removes the run's own teacher: DC3_ERR_OPTION where it is the one that is given. */
dc3_status dc3_own_teacher_check_kept(const dc3_condense_options *options);
/* The teacher that a run trained for itself in `folder`, caller frees; NULL: there is none. */
char *dc3_own_teacher_find(const char *folder);
/* Where a list of chosen images goes (output/list_place.h), apart from each of the teachers' files. */
dc3_status dc3_list_place_apart(const dc3_condense_options *options, char **place);

#endif
