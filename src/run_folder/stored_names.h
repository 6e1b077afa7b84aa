/* Names of stored files and folders: UTF-8, so that metadata.jsonl can name them. */
#ifndef DC3_RUN_FOLDER_STORED_NAMES_H
#define DC3_RUN_FOLDER_STORED_NAMES_H

#include "io/dataset.h"

/* A file name that is safe anywhere: letters, digits, space . _ - and characters beyond ASCII; other bytes
 * become _, and so does a leading dot or dash. Cut between characters to less than `size` bytes. */
void dc3_stored_stem(const char *from, size_t length, char *to, size_t size);
/* The same for a sample of a tar: without dots, since a key ends at the first, and short (io/ustar.h). */
void dc3_stored_key(const char *from, size_t length, char *to, size_t size);

/* The folder of each class: the class's name wherever that can be a folder of UTF-8 letters; so that
 * torchvision's ImageFolder, which numbers folders in the order of their names, numbers them as the dataset
 * does. Where replacing bytes would merge two classes or change the order, all names begin with the class's
 * number. *folders [classes], free with dc3_class_folders_free. */
dc3_status dc3_class_folders(const dc3_dataset *dataset, char ***folders);
void dc3_class_folders_free(const dc3_dataset *dataset, char **folders);

#endif
