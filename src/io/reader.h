/* What a dataset reader provides, and what it fills. Private to this folder. */
#ifndef DC3_IO_READER_H
#define DC3_IO_READER_H

#include <dirent.h>
#include <glib.h>
#include "io/dataset.h"

typedef struct dc3_item {
    size_t key,
        file; /* positions in the dataset's text; file: the file that holds it, where that is not path/key */
    uint64_t offset, size;
    int label;
} dc3_item;

typedef struct dc3_reader {
    const char *kind;
    /* 1 if `path` looks like this kind. Tried in the order of the table. */
    int (*probe)(const char *path);
    dc3_status (*open)(const char *path, dc3_dataset *dataset);
    dc3_status (*source)(const dc3_dataset *dataset, const dc3_item *item, dc3_image_source **source);
} dc3_reader;

struct dc3_dataset {
    const dc3_reader *reader;
    int test;                                    /* whether it was opened to test on */
    void (*progress)(void *user, int64_t found); /* while it is opened; NULL: nobody listens */
    void *user;
    char *path;
    char *text; /* all keys and file names, NUL-terminated */
    size_t text_size, text_capacity;
    dc3_item *items;
    int64_t size, capacity;
    char **classes, **notes;
    GHashTable *labels; /* while it is listed: classes' names, which lie in `classes`, to their numbers */
    size_t class_count, note_count, more_notes; /* more_notes: beyond DC3_NOTE_LIMIT */
};

/* Adds a string to the dataset's text; its position in *at. */
dc3_status dc3_dataset_text(dc3_dataset *dataset, const char *string, size_t *at);
dc3_status dc3_dataset_add(dc3_dataset *dataset, dc3_item item);
/* The label of a class, made if it is new. */
dc3_status dc3_dataset_class(dc3_dataset *dataset, const char *name, int *label);
dc3_status dc3_dataset_remark(dc3_dataset *dataset, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds a note that says how many there were beyond DC3_NOTE_LIMIT, if there were. */
dc3_status dc3_dataset_count_notes(dc3_dataset *dataset);
/* What a folder holds, as `wanted` chooses, in the order of the names' bytes; free with dc3_list_free. */
dc3_status dc3_list(const char *path, int (*wanted)(const struct dirent *), struct dirent ***entries,
                    int *count);
void dc3_list_free(struct dirent **entries, int count);
/* 1 if there is such an entry. */
int dc3_list_has(const char *path, int (*wanted)(const struct dirent *));
/* 1 if the name ends as images do. */
int dc3_is_image_name(const char *name);
/* 1 if `name` ends with `ending`, letters in either case. */
int dc3_ends_with(const char *name, const char *ending);
/* size bytes of a file at offset, new memory, which is not taken where the file is shorter. */
dc3_status dc3_read_part(const char *path, uint64_t offset, uint64_t size, void **data);

extern const dc3_reader dc3_folder_reader, dc3_cifar_reader, dc3_webdataset_reader;

#endif
