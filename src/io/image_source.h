/* An image's bytes, from which it is read at one size or several: decoded once for all sizes that begin with
 * the same pixels. */
#ifndef DC3_IO_IMAGE_SOURCE_H
#define DC3_IO_IMAGE_SOURCE_H

#include <stdatomic.h>
#include "dc3/listener.h"
#include "io/image.h"
#include "io/image_notes.h"

typedef struct dc3_image_source dc3_image_source;

/* Takes over `data`, from malloc, also on failure. Decodes nothing yet. `origin` names it in errors and is
 * copied.
 */
dc3_status dc3_image_source_open(const char *origin, void *data, size_t size, dc3_image_source **source);
/* The same of a file's bytes, at most DC3_IMAGE_FILE_LIMIT. */
dc3_status dc3_image_source_open_file(const char *path, dc3_image_source **source);
/* The same for bytes that are no image file: `pixels` is what they say, taken over too. */
dc3_status dc3_image_source_of_pixels(const char *origin, void *data, size_t size, dc3_image *pixels,
                                      dc3_image_source **source);
/* Accepts NULL; nulls. */
void dc3_image_source_close(dc3_image_source **source);
/* dc3_hash64 of the bytes. */
uint64_t dc3_image_source_hash(const dc3_image_source *source);
/* The bytes, which stay the source's. */
const void *dc3_image_source_bytes(const dc3_image_source *source, size_t *size);
/* How files of that format are called, ".jpg"; "": none that is known. */
const char *dc3_image_source_ending(const dc3_image_source *source);
/* The pixels that dc3_image_decode gives of the same bytes. `more`: other sizes will be read, for which what
 * was decoded is kept. One thread at a time. */
dc3_status dc3_image_source_read(dc3_image_source *source, int width, int height, dc3_fit fit, int more,
                                 dc3_image *image);

/* The image's own size, as it stands; after a read that succeeded. */
void dc3_image_source_size(const dc3_image_source *source, int *width, int *height);
/* 1 if what was read last was made from a JPEG at less than its size. */
int dc3_image_source_reduced(const dc3_image_source *source);

/* What of the file was not followed or was assumed, of what was read so far: dc3_image_note bits. */
unsigned dc3_image_source_notes(const dc3_image_source *source);
/* Tells them, a line each. Accepts NULL. */
void dc3_image_source_say(const dc3_image_source *source, const dc3_listener *listener);
/* The same are set in *notes, now and when more is read; it outlives the source. */
void dc3_image_source_hear(dc3_image_source *source, _Atomic uint16_t *notes);

#endif
