/* Tars without labels: classes from folders, or an account of what there is. */
#ifndef DC3_IO_DATASETS_TAR_FOLDERS_H
#define DC3_IO_DATASETS_TAR_FOLDERS_H

#include "io/datasets/reader.h"

enum { DC3_TAR_KEYS = 160 };

/* Images that no label belongs to. */
typedef struct dc3_tar_images {
    dc3_item *items; /* [count], the label is is_dotted; free */
    int64_t count, capacity, first;
    long plain; /* that a label was missed for; `first` of them */
} dc3_tar_images;

/* What the members of tars are. */
typedef struct dc3_tar_survey {
    struct {
        char text[16];
        long count;
    } endings[8];
    int kinds;
    char names[2][96]; /* the first members' */
    int shown;
    char keys[DC3_TAR_KEYS]; /* of a .json that holds no label */
} dc3_tar_survey;

/* Adds an image. is_dotted: it may belong to another (KEY.seg.png), so that a label is not missed. */
dc3_status dc3_tar_images_add(dc3_tar_images *images, dc3_item item, int is_dotted);
/* The part of a member's path that is a leftover (leftovers.h), or NULL. */
const char *dc3_tar_leftover(const char *name);
void dc3_tar_survey_add(dc3_tar_survey *survey, const char *name);
/* DC3_ERR_FORMAT: what the members are, why they are no dataset, and what to do. */
dc3_status dc3_tar_survey_explain(const dc3_tar_survey *survey, const char *path, int64_t images,
                                  long labels);
/* Adds the images to the dataset, each of the class that its folder names: the first one below those that all
 * have in common, or the last in common where there are none below. Images that lie above are noted. */
dc3_status dc3_tar_folders(dc3_dataset *dataset, const dc3_tar_images *images, const dc3_tar_survey *survey);

#endif
