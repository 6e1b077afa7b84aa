/* Short names for the contents of models, so that a run is continued with the same ones only. */
#ifndef DC3_RUN_FOLDER_FINGERPRINT_H
#define DC3_RUN_FOLDER_FINGERPRINT_H

#include "io/json.h"
#include "io/dataset.h"

/* A hash of a file's size and contents: of all of a file under 64 MiB, of a larger one both ends and some
 * blocks spread over it. 0 for what is no file. */
uint64_t dc3_fingerprint_file(const char *path);
/* A hash of the names and contents of all files in a folder and below it, but for those whose names begin
 * with a dot, and in that of a model those that dc3 finetune and dc3 report leave beside a model's parts.
 * Links are followed. */
uint64_t dc3_fingerprint_folder(const char *path);
/* The one that suits `path`. */
uint64_t dc3_fingerprint_any(const char *path);
/* A hash of the names, sizes and times of a dataset's images, which are not read, in their order, and of
 * their groups. */
uint64_t dc3_fingerprint_images(const dc3_dataset *dataset);

/* A hash of how many images a dataset has and of the names of its classes, a list of texts (dc3_text_utf8),
 * by which a table of scores knows its dataset wherever that lies. */
uint64_t dc3_fingerprint_classes(int64_t images, const json_t *names);
/* A hash of the names of the images in their order, and their classes, for people too: wherever the files
 * are, and whatever their times. */
json_t *dc3_fingerprint_listing(const dc3_dataset *dataset);
/* A hash as a text of 16 digits. */
json_t *dc3_fingerprint_text(uint64_t hash);

/* The same as a JSON string of a file, or of all files in a folder. */
json_t *dc3_fingerprint(const char *path);
/* Names are not compared where fingerprints are equal: takes `key`, the name of a file or folder, out of both
 * settings where KEY_fingerprint is the same in both. */
void dc3_fingerprint_over_name(json_t *was, json_t *is, const char *key);

#endif
