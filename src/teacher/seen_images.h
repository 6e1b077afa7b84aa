/* Images that are tested on and trained on: their accuracy says nothing of new ones. */
#ifndef DC3_TEACHER_SEEN_IMAGES_H
#define DC3_TEACHER_SEEN_IMAGES_H

#include "dc3/listener.h"
#include "io/dataset.h"

/* Warns where `val` is the dataset `data` itself, one lies in the other, or some of its images are among
 * those of `data`: of up to 64 at equal distances those of the same class and name are compared. Both have
 * the same classes. */
void dc3_warn_seen(const dc3_listener *listener, const dc3_dataset *data, const dc3_dataset *val);
/* The same where `val` is, or is in, the dataset from which the run in the folder `run` chose its images. */
void dc3_warn_origin(const dc3_listener *listener, const char *run, const dc3_dataset *val);
/* Notes that a dataset has one class only, or that one alone is taken, and what follows for what is trained
 * on it. */
void dc3_note_one_class(const dc3_listener *listener, const dc3_dataset *data);

#endif
