/* Labelled images: a folder with a folder a class, CIFAR binaries or Python batches, WebDataset tars, or a
 * manifest. */
#ifndef DC3_IO_DATASET_H
#define DC3_IO_DATASET_H

#include "dc3/listener.h"
#include "io/choice.h"
#include "io/image_source.h"

typedef struct dc3_dataset dc3_dataset;

/* What a dataset may have (docs/limits.md): classes; folders that are visited, so that links that fan out
 * end; levels of folders below a class; notes that are kept, behind which the others are counted; bytes of an
 * image's file. */
enum {
    DC3_CLASS_LIMIT = 1 << 16,
    DC3_FOLDER_LIMIT = 1 << 18,
    DC3_DEPTH_LIMIT = 32,
    DC3_NOTE_LIMIT = 20,
    DC3_FILE_LIMIT = DC3_IMAGE_FILE_LIMIT
};

/* Lists what is there without decoding it. Classes are those that have images, sorted by their names'
 * bytes, and numbered so; items by class and then by key. DC3_ERR_FORMAT with one sentence where there is no
 * dataset. */
dc3_status dc3_dataset_open(const char *path, dc3_dataset **dataset);
/* The same; `progress` hears every few thousand images how many were found so far, which takes a while where
 * there are millions. */
dc3_status dc3_dataset_open_with_progress(const char *path, void (*progress)(void *user, int64_t found),
                                          void *user, dc3_dataset **dataset);
/* The same to test on: of a folder of CIFAR binaries not the training images but the tests, which a note
 * names; DC3_ERR_FORMAT where it has none. */
dc3_status dc3_dataset_open_test(const char *path, dc3_dataset **dataset);
/* The same of what `choice` takes of it (NULL: all), to train on or to test on (test 1). Of a manifest
 * without a split in the choice those to train on are the rows whose split is "train" or another such word,
 * those to test on of "val", else of "test"; all where no row has a split. DC3_ERR_FORMAT with the splits
 * where none is called so. */
dc3_status dc3_dataset_open_chosen(const char *path, const dc3_choice *choice, int test,
                                   void (*progress)(void *user, int64_t found), void *user,
                                   dc3_dataset **dataset);
/* The same, to train on, of a choice that is still to be read. */
dc3_status dc3_dataset_open_given(const char *path, const dc3_data_choice *given,
                                  void (*progress)(void *user, int64_t found), void *user,
                                  dc3_dataset **dataset);
/* 1 if a choice left classes out of it. */
int dc3_dataset_filtered(const dc3_dataset *dataset);
void dc3_dataset_close(dc3_dataset **dataset);

/* 1 if `path` is taken for a dataset: a folder, a tar, a manifest or a CIFAR binary by its name. */
int dc3_dataset_is(const char *path);

const char *dc3_dataset_path(const dc3_dataset *dataset);
/* "folder", "CIFAR binaries", "CIFAR Python batches", "WebDataset", "manifest". */
const char *dc3_dataset_kind(const dc3_dataset *dataset);
int dc3_dataset_classes(const dc3_dataset *dataset);
const char *dc3_dataset_class_name(const dc3_dataset *dataset, int label);
int64_t dc3_dataset_size(const dc3_dataset *dataset);
int dc3_dataset_label(const dc3_dataset *dataset, int64_t item);
/* Groups of images that belong together, as a manifest names them (pictures of one person, cuts of one film),
 * of several classes perhaps: how many, and an item's, from 1 to that; 0: it is in none. What is held out and
 * what is trained on have none in common (learn/hold_out.h). */
int dc3_dataset_groups(const dc3_dataset *dataset);
int dc3_dataset_group(const dc3_dataset *dataset, int64_t item);
/* Path below the dataset's folder; "shard.tar/member"; "data_batch_1.bin/00017"; the path of a manifest's
 * row. Bytes as the file system has them. */
const char *dc3_dataset_key(const dc3_dataset *dataset, int64_t item);
/* A hash of all keys in their order, with the labels. */
uint64_t dc3_dataset_listing(const dc3_dataset *dataset);
/* Bytes that an item takes where it lies, encoded; 0 for a file that is gone. */
double dc3_dataset_bytes(const dc3_dataset *dataset, int64_t item);
/* The file that is this item alone, for the caller to free; NULL: it is a part of a file (or without memory).
 */
char *dc3_dataset_file(const dc3_dataset *dataset, int64_t item);
/* 1 if items are image files, alone or in tars; 0: pixels (CIFAR). */
int dc3_dataset_has_files(const dc3_dataset *dataset);
/* How the name of the item's file ends, ".JPG" as it is called, or as its contents are where the name says
 * nothing, ".img" where they say nothing either (who decodes it says why); in `text`. DC3_ERR_MEMORY. */
enum { DC3_ENDING_TEXT = 16 };
dc3_status dc3_dataset_ending(const dc3_dataset *dataset, int64_t item, char text[DC3_ENDING_TEXT]);
/* Sentences about what was skipped: empty classes, files that are no images, files outside a class. */
size_t dc3_dataset_notes(const dc3_dataset *dataset);
const char *dc3_dataset_note(const dc3_dataset *dataset, size_t i);
/* The first note that a strict run ends with: one of what is missing, not of what systems leave behind. NULL:
 * there is none. */
const char *dc3_dataset_fault(const dc3_dataset *dataset);
/* Folders and links below the dataset that cannot be followed: their paths there, and why ("PATH: REASON").
 */
size_t dc3_dataset_skipped(const dc3_dataset *dataset);
const char *dc3_dataset_skipped_key(const dc3_dataset *dataset, size_t i);
const char *dc3_dataset_skipped_reason(const dc3_dataset *dataset, size_t i);
/* DC3_ERR_FORMAT with the first reason, and the word strict, if there is such a place. */
dc3_status dc3_dataset_check_skipped(const dc3_dataset *dataset);

/* What was noted of images as they were read so far (dc3_image_note, bit i), as a sentence: how many, and the
 * first. The count; 0: none, and the text is empty. */
int64_t dc3_dataset_reading_note(const dc3_dataset *dataset, int i, char *text, size_t size);
/* All that was noted of one, as bits, and the same of what another process noted, which read it. */
int dc3_dataset_heard(const dc3_dataset *dataset, int64_t item);
void dc3_dataset_hear(const dc3_dataset *dataset, int64_t item, int notes);
/* Tells all that was noted of images that were read, a line a kind. Accepts NULL. */
void dc3_dataset_say_reading(const dc3_dataset *dataset, const dc3_listener *listener);

/* What tells an item from a changed one, without reading it: its bytes, and when the file that holds it was
 * last changed, in ns since 1970. DC3_ERR_IO if the file is gone. */
typedef struct dc3_stamp {
    int64_t size, modified;
} dc3_stamp;
dc3_status dc3_dataset_stamp(const dc3_dataset *dataset, int64_t item, dc3_stamp *stamp);
/* dc3_hash64 of the item's bytes as they are stored. Threads may call it at once. */
dc3_status dc3_dataset_hash(const dc3_dataset *dataset, int64_t item, uint64_t *hash);

/* An item's bytes, to be decoded at several sizes; the caller closes it. Threads may call it at once. */
dc3_status dc3_dataset_source(const dc3_dataset *dataset, int64_t item, dc3_image_source **source);
/* Reads and decodes one item (see dc3_image_decode). Threads may call it at once. */
dc3_status dc3_dataset_read(const dc3_dataset *dataset, int64_t item, int width, int height, dc3_fit fit,
                            dc3_image *image);

#endif
