/* OUT/contact.png: some images of each class side by side. */
#ifndef DC3_GENERATE_CONTACT_H
#define DC3_GENERATE_CONTACT_H

#include "generate/folder.h"

/* Of up to ten classes up to eight images each, which are there. */
dc3_status dc3_generated_contact(const dc3_generated *generated, int size);

#endif
