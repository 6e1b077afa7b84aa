/* What a dataset reader provides, and what it fills. Private to this folder. */
#ifndef DC3_IO_DATASETS_READER_H
#define DC3_IO_DATASETS_READER_H

#include <dirent.h>
#include <glib.h>
#include "base/file.h"
#include "io/dataset.h"
#include "io/datasets/image_names.h"

typedef struct dc3_item {
    size_t key,
        file; /* positions in the dataset's text; file: the file that holds it, where that is not path/key */
    uint64_t offset, size;
    int label;
    int listed;  /* `file` is the image's own */
    int group;   /* of a manifest, from 1 on; 0: the image is in none */
    int spooled; /* the bytes are in the dataset's spool at `offset`, and `file` is where they came from */
} dc3_item;

typedef struct dc3_reader {
    const char *kind;
    /* 1 if `path` looks like this kind. Tried in the order of the table. */
    int (*probe)(const char *path);
    dc3_status (*open)(const char *path, dc3_dataset *dataset);
    dc3_status (*source)(const dc3_dataset *dataset, const dc3_item *item, dc3_image_source **source);
} dc3_reader;

typedef struct dc3_note {
    char *text;
    int harmless; /* nothing of the dataset is missing: no reason to end a strict run */
} dc3_note;

/* What was passed over: counts, and the first few different names, "a, b, ..". */
typedef struct dc3_passed {
    long folders, files;
    int shown;
    char names[160];
} dc3_passed;

struct dc3_dataset {
    const dc3_reader *reader;
    int test;                 /* whether it was opened to test on */
    const dc3_choice *choice; /* while it is opened: which of its images are taken; NULL: all */
    int groups;               /* that items have, with those of items that are not taken */
    int filtered;             /* classes were left out by it */
    void (*progress)(void *user, int64_t found); /* while it is opened; NULL: nobody listens */
    void *user;
    char *path;
    char *text; /* all keys and file names, NUL-terminated */
    size_t text_size, text_capacity;
    dc3_item *items;
    int64_t size, capacity;
    char **classes;
    dc3_note *notes;
    GPtrArray *skipped;      /* keys and reasons by turns, strings of its own */
    dc3_passed leftovers,    /* of systems and programs, and beside images */
        other, unread,       /* files: no images by their names; images of formats that are not read */
        absent, special,     /* what stands for an image that is not there; pipes and the like */
        lost, links;         /* links to nothing; links in tars */
    const char *foreign;     /* what a file is that holds a dataset of another kind; NULL: none seen */
    int spool;               /* a temporary file of what was unpacked, or -1 */
    uint64_t spool_size;     /* bytes in it */
    uint64_t spool_packed;   /* bytes of the files that they were unpacked from */
    _Atomic uint16_t *heard; /* [size] dc3_image_note bits of images that were read */
    long companions;         /* files beside images (leftovers.h), which are among the leftovers */
    GHashTable *lists;       /* names of classes whose folders hold such files alone */
    GHashTable *labels; /* while it is listed: classes' names, which lie in `classes`, to their numbers */
    size_t class_count, note_count, more_notes; /* more_notes: beyond DC3_NOTE_LIMIT */
};

/* Adds a string to the dataset's text; its position in *at. */
dc3_status dc3_dataset_text(dc3_dataset *dataset, const char *string, size_t *at);
dc3_status dc3_dataset_add(dc3_dataset *dataset, dc3_item item);
/* Appends bytes to the dataset's spool, which is made if need be; `origin` names their file in errors. */
dc3_status dc3_dataset_spool(dc3_dataset *dataset, const char *origin, const void *data, size_t size);
/* The label of a class, made if it is new. */
dc3_status dc3_dataset_class(dc3_dataset *dataset, const char *name, int *label);
dc3_status dc3_dataset_remark(dc3_dataset *dataset, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same of what is worth knowing where nothing is missing. */
dc3_status dc3_dataset_mention(dc3_dataset *dataset, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Passes over a place that cannot be read, "a/b" below the dataset: its reason becomes a note and stays in
 * the list of what was skipped. */
dc3_status dc3_dataset_skip(dc3_dataset *dataset, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Only lists it: "PATH: REASON". */
void dc3_dataset_list_skipped(dc3_dataset *dataset, const char *key, const char *path, const char *reason);
/* A note of images that lie beside the class folders, if there are any; `first` is the name of one. */
dc3_status dc3_dataset_note_outside(dc3_dataset *dataset, long images, const char *first);
/* Counts one file or folder that is passed over, of which `name` is shown. */
void dc3_passed_add(dc3_passed *passed, const char *name, int is_folder);
/* 1 for what is no part of the dataset, which is counted. */
int dc3_dataset_pass_over(dc3_dataset *dataset, const struct dirent *entry);
/* Counts a file that is no image, or none that is read, by its name. */
void dc3_dataset_count_file(dc3_dataset *dataset, const char *name);
/* Notes of what was passed over by names; call it once all is listed. */
dc3_status dc3_dataset_note_passed(dc3_dataset *dataset);
/* A note of classes whose names only just differ. */
dc3_status dc3_dataset_note_alike(dc3_dataset *dataset);
/* Adds a note that says how many there were beyond DC3_NOTE_LIMIT, if there were. */
dc3_status dc3_dataset_count_notes(dc3_dataset *dataset);
/* What a folder holds, as `wanted` chooses, in the order of the names' bytes; free with dc3_list_free. */
dc3_status dc3_list(const char *path, int (*wanted)(const struct dirent *), struct dirent ***entries,
                    int *count);
void dc3_list_free(struct dirent **entries, int count);
/* The same without folders, and without pipes and the like, which are never opened. */
dc3_status dc3_list_files(const char *path, int (*wanted)(const struct dirent *), struct dirent ***entries,
                          int *count);
/* 1 if there is such a file; such a folder. Links count as what they lead to. */
int dc3_has_file(const char *path, int (*wanted)(const struct dirent *));
int dc3_has_folder(const char *path, int (*wanted)(const struct dirent *));
/* What kind of thing a folder's entry is. */
dc3_path_kind dc3_kind_below(const char *path, const char *name);
/* size bytes of a file at offset, new memory, which is not taken where the file is shorter. */
dc3_status dc3_read_part(const char *path, uint64_t offset, uint64_t size, void **data);
/* The same of a file that is open and stays so; `path` names it in errors. Threads may call it at once. */
dc3_status dc3_read_part_of(int fd, const char *path, uint64_t offset, uint64_t size, void **data);

extern const dc3_reader dc3_folder_reader, dc3_cifar_reader, dc3_cifar_python_reader, dc3_webdataset_reader,
    dc3_manifest_reader;

#endif
