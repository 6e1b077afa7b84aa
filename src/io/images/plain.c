#include "io/images/plain.h"

#include <string.h>
#include "io/image_notes.h"
#include "io/images/kind.h"

int dc3_plain_decode(const void *data, size_t size, int width, int height, dc3_plain *plain)
{
    int done = 0;
    *plain = (dc3_plain){.shrink = 1, .orientation = 1};
    if (size > 8 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        done = dc3_plain_jpeg(data, size, width, height, plain);
    else if (size > 8 && memcmp(data, "\x89PNG", 4) == 0)
        done = dc3_plain_png(data, size, plain);
    else if (dc3_kind_of(data, size) == DC3_KIND_WEBP)
        done = dc3_plain_webp(data, size, plain);
    else if (dc3_kind_of(data, size) == DC3_KIND_NETPBM)
        done = dc3_plain_netpbm(data, size, &plain->image);
    if (done > 1) plain->notes |= DC3_NOTE_FRAMES;
    if (!done) dc3_plain_free(plain);
    return done != 0;
}
