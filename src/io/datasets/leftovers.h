/* What systems and programs leave behind in folders of images. */
#ifndef DC3_IO_DATASETS_LEFTOVERS_H
#define DC3_IO_DATASETS_LEFTOVERS_H

/* 1 for the name of a file or a folder that is no part of a dataset: one that is hidden (begins with a dot),
 * or that a system, a network storage, a program that keeps folders the same, a program that shows or labels
 * images, or an archiver makes (the list is in docs/formats.md, too). */
int dc3_is_leftover(const char *name);
/* 1 for the name of a file that is no image but belongs beside images, such as an annotation. */
int dc3_is_companion(const char *name);
/* The ending of what stands for an image that is not there yet: a download that is not complete, or a file
 * that iCloud keeps elsewhere. NULL for other names. */
const char *dc3_placeholder(const char *name);

#endif
