/* What was found, in words and as JSON. */
#ifndef DC3_DUPLICATES_TELL_H
#define DC3_DUPLICATES_TELL_H

#include "duplicates/finding.h"

enum { DC3_HOW_TEXT = 96 };
/* "the same image", "its hash differs in 3 bits, mirrored", "a cosine of 0.953"; in `text`, which is
 * returned. */
const char *dc3_likeness_text(const dc3_likeness *like, char text[DC3_HOW_TEXT]);
/* "3 images, of which 2 go", "2 images of different classes" of a group; in `text`, which is returned. */
const char *dc3_group_text(const dc3_finding *finding, const dc3_group *group, char text[DC3_HOW_TEXT]);

/* Fill the report's text and json. */
dc3_status dc3_tell_text(const dc3_finding *finding);
dc3_status dc3_tell_json(const dc3_finding *finding);

#endif
