/* What of a run's folder goes into the folder that is made of it. */
#ifndef DC3_TAKE_CONTENTS_H
#define DC3_TAKE_CONTENTS_H

#include "dc3/listener.h"
#include "take/first.h"

typedef struct dc3_taking {
    const char *run, *out; /* folders */
    const json_t *lines;   /* of the run's metadata.jsonl, or of its shards */
    dc3_first first;
    uint64_t stored, labels; /* fingerprints of all images of the run, and of its labels; 0: there are none */
    const dc3_listener *listener;
} dc3_taking;

/* The names of the images below OUT/train as files have them, in OUT/pictures.txt. */
dc3_status dc3_take_names(const dc3_taking *taking);
/* The images byte for byte, the edits that are saved of them, and OUT/train/metadata.jsonl; in files, also
 * where the run's are in shards. DC3_ERR_FORMAT where an image is not there. */
dc3_status dc3_take_images(const dc3_taking *taking);
/* What belongs to the run as a whole: its teacher and what it skipped, as far as there are such files. */
dc3_status dc3_take_files(const dc3_taking *taking);

#endif
