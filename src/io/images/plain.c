#include "io/images/plain.h"

#include <stdlib.h>
#include <string.h>
#include "io/images/kind.h"

int dc3_plain_decode(const void *data, size_t size, int width, int height, int *shrink, dc3_image *image)
{
    *image = (dc3_image){0};
    int done = 0;
    *shrink = 1;
    if (size > 8 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        done = dc3_plain_jpeg(data, size, width, height, shrink, image);
    else if (size > 8 && memcmp(data, "\x89PNG", 4) == 0)
        done = dc3_plain_png(data, size, image);
    else if (dc3_kind_of(data, size) == DC3_KIND_NETPBM)
        done = dc3_plain_netpbm(data, size, image);
    if (!done) dc3_image_free(image);
    return done;
}
