/* An image inside a page. */
#ifndef DC3_IO_DATA_URI_H
#define DC3_IO_DATA_URI_H

#include "io/image.h"

enum { DC3_DATA_URI_EXACT = 64 }; /* pixels of a side up to which no colour is lost */

/* data:image/...;base64,..., at the image's own size, which the caller frees with free. DC3_ERR_MEMORY. */
dc3_status dc3_data_uri(const dc3_image *image, char **uri);

#endif
