/* A backbone: a classifier that was trained elsewhere, of any classes, whose frozen embeddings tell images
 * apart, and whose last layer is made anew for the dataset's classes (probe.h). */
#ifndef DC3_TRAIN_BACKBONE_H
#define DC3_TRAIN_BACKBONE_H

#include "dc3/condense.h"
#include "dc3/train.h"
#include "io/dataset.h"
#include "teacher/teacher.h"

enum { DC3_BACKBONE_ABOVE = 48 }; /* pixels of a side, above which one is used that nobody asked for */

/* What a command would use one for. */
typedef struct dc3_backbone_use {
    int features;       /* its embeddings would stand for features that the method compares images by */
    int trains;         /* without a teacher's file the command makes a teacher of its own */
    int side;           /* dc3_usual_size of the dataset */
    const char *what;   /* of the command, which has no use for it, for a message: "method random" */
    const char *folder; /* that it writes, maybe one that is there already; NULL: none */
} dc3_backbone_use;

/* *path: the backbone of the options, NULL: none. One that is not a choice (usual_backbone) is left out of
 * small images, where a teacher is given or described, and where there is no use for it (one that is chosen
 * is refused there: DC3_ERR_OPTION), and where the folder has a run or a comparison that was begun without.
 */
dc3_status dc3_backbone_choose(const dc3_condense_options *options, const dc3_backbone_use *use,
                               const char **path);
/* DC3_ERR_OPTION unless a file, or a folder of a model, is there. */
dc3_status dc3_backbone_check_file(const char *path);
/* Opens it. size 0: the only one that it takes, or that of its training where its file says it, else `side`,
 * that of a dataset's images, but 96 to 128 pixels: a network of photos makes little of smaller ones. Always
 * close. */
dc3_status dc3_backbone_open(const char *path, int size, int side, int threads, dc3_teacher *backbone);
/* "ImageNet-1K" for one with as many outputs whose file names no other classes, else NULL. */
const char *dc3_backbone_origin(const dc3_teacher *backbone);
/* Says which it is, on what it was trained, and whether it has seen images of the dataset's classes. */
void dc3_backbone_say(const dc3_listener *listener, const char *path, const dc3_teacher *backbone,
                      const dc3_dataset *data);
/* Makes a plan of dc3_own_teacher one of a linear probe on the backbone of such a size. */
void dc3_backbone_plan(dc3_train_options *plan, const char *path, int size, const char *cache);
/* The plan of fine-tuning (fine_tune.h) the backbone of such a probe on so many images: as many epochs as
 * show it 30,000, 4 to 10. */
dc3_train_options dc3_backbone_tuned(const dc3_train_options *probe, int64_t images);

#endif
