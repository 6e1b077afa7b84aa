/* How stored images are encoded, as options say it: "png", "webp:30", "jpeg:80:420". */
#ifndef DC3_OPTIONS_CODING_H
#define DC3_OPTIONS_CODING_H

#include "io/image.h"

/* Of three settings, of which DC3_FORMAT_DEFAULT is PNG. DC3_ERR_OPTION (format, quality, chroma) where they
 * do not go together, or the installed libraries do not write the format. */
dc3_status dc3_coding_of(dc3_image_format format, int quality, dc3_chroma chroma, dc3_coding *coding);

/* "png", "webp:30", "jpeg:80:420". Returns `text`. */
enum { DC3_CODING_TEXT = 32 };
const char *dc3_coding_text(dc3_coding coding, char text[DC3_CODING_TEXT]);

#endif
