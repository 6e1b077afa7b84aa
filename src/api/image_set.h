/* What stands behind the public sets of images. Private to this folder. */
#ifndef DC3_API_IMAGE_SET_H
#define DC3_API_IMAGE_SET_H

#include "dc3/image_set.h"
#include "io/dataset.h"

struct dc3_image_set {
    dc3_dataset *dataset;
};

#endif
