/* How the images of a run are stored (dc3_condense_options.store), and what that takes. */
#ifndef DC3_RUN_FOLDER_STORE_H
#define DC3_RUN_FOLDER_STORE_H

#include "dc3/condense.h"
#include "io/json.h"

/* DC3_ERR_OPTION where store and shard_size are out of range or do not go together. */
dc3_status dc3_store_check(const dc3_condense_options *options);
/* DC3_ERR_ARGUMENT where one of the folders [count] of classes has a name that a tar does not take. */
dc3_status dc3_store_check_folders(const dc3_condense_options *options, char *const *folders, int count);
/* 1 where what is stored are the files of the images that were chosen: copies of them or links to them. */
int dc3_store_keeps(const dc3_condense_options *options);
/* Bytes of a shard at most. */
double dc3_store_shard_bytes(const dc3_condense_options *options);
/* Adds them to the settings in dc3.json, where images are not stored in files. */
void dc3_store_settings(const dc3_condense_options *options, json_t *settings);

/* What all files in a folder and below it take together; links as such. */
typedef struct dc3_disk_use {
    int64_t files;
    double bytes, blocks; /* their lengths; the blocks of the disk that they have, in bytes */
} dc3_disk_use;
dc3_disk_use dc3_disk_use_of(const char *folder);

#endif
