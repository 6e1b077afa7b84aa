/* Which files are images by their names: the one list of endings. */
#ifndef DC3_IO_DATASETS_IMAGE_NAMES_H
#define DC3_IO_DATASETS_IMAGE_NAMES_H

/* 1 if the name ends as images do in a format that is read (image_source.h). */
int dc3_is_image_name(const char *name);
/* The ending, as ".jp2", of an image's name in a format that is not read; else NULL. */
const char *dc3_unread_image_name(const char *name);
/* 1 if `name` ends with `ending` and has more before it, letters in either case. */
int dc3_ends_with(const char *name, const char *ending);
/* "Parquet tables (Hugging Face)" by the name of a file that holds a dataset of a kind that is not read; NULL
 * for others. */
const char *dc3_other_dataset(const char *name);

#endif
