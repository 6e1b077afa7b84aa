/* Where the images of what a command is given are: below `train` of a run and of what dc3 generate made. */
#ifndef DC3_RUN_FOLDER_IMAGES_PLACE_H
#define DC3_RUN_FOLDER_IMAGES_PLACE_H

#include "io/json.h"

typedef struct dc3_images_place {
    char *folder;     /* that holds the images: PATH/train, or PATH of another dataset */
    char *path;       /* of the document */
    json_t *document; /* dc3.json, else generate.json; NULL: PATH has neither */
    int is_run;       /* it is dc3.json */
} dc3_images_place;

/* DC3_ERR_FORMAT where the document says that the folder is not complete, or cannot be read. Whether there
 * are images is for who opens them to see. Free with dc3_images_place_free, also after a failure. */
dc3_status dc3_images_place_find(const char *path, dc3_images_place *place);
void dc3_images_place_free(dc3_images_place *place);
/* DC3_ERR_ARGUMENT where it is a run of images without classes; `what` needs them: "students". */
dc3_status dc3_images_place_need_classes(const dc3_images_place *place, const char *what);

#endif
