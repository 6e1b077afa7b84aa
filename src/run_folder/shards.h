/* A run's images as WebDataset shards, OUT/train/train-000000.tar and so on, in place of files. A sample is
 * the image CLASS/NAME.webp as it would be a file, its class number CLASS/NAME.cls, and CLASS/NAME.json, its
 * line of metadata.jsonl. In place of a file's name "CLASS/NAME.webp" stands
 * "train-000000.tar/CLASS/NAME.webp", as the dataset's keys are.
 *
 * While a run is made its images are files. When all are there they are packed: each shard is written whole;
 * then metadata.jsonl goes, and from then on the shards hold the run; then the files go. Where there are
 * shards and no metadata.jsonl, they are all there, unless some were lost. */
#ifndef DC3_RUN_FOLDER_SHARDS_H
#define DC3_RUN_FOLDER_SHARDS_H

#include "dc3/listener.h"
#include "io/image.h"
#include "io/json.h"

/* Bytes of a shard, unless something else is said, and at least. */
enum { DC3_SHARD_BYTES = 100000000, DC3_SHARD_LEAST = 10240 };

/* "train-000012.tar"; returns text. */
enum { DC3_SHARD_NAME = 32 };
const char *dc3_shard_name(int number, char text[DC3_SHARD_NAME]);
/* Its path in the folder `train`; the caller frees, NULL without memory. */
char *dc3_shard_path(const char *train, int number);
/* The name in the shard, "CLASS/NAME.webp", of "train-000000.tar/CLASS/NAME.webp"; other names as they are.
 */
const char *dc3_shard_member(const char *name);

/* The numbers of the shards in `train`, ascending; some may lack. The caller frees. */
dc3_status dc3_shards_numbers(const char *train, int **numbers, size_t *count);
/* 1 if the images of the folder `train` are in shards. */
int dc3_shards_hold(const char *train);
/* Where the images of a run are. */
typedef struct dc3_shards dc3_shards;
/* NULL where they are in no shards. What a damaged shard has behind the damage is left out, as are shards
 * that are lost. The caller closes. */
dc3_status dc3_shards_open(const char *train, dc3_shards **shards);
void dc3_shards_close(dc3_shards **shards);
/* 1 if none of them is damaged. */
int dc3_shards_whole(const dc3_shards *shards);
/* Bytes of the image `name` (in a shard); -1: there is none. */
int64_t dc3_shards_bytes(const dc3_shards *shards, const char *name);

/* The lines of metadata.jsonl that the shards hold, as dc3_json_each_line hands them out; each has
 * `file_name` with its shard, and `place`, where the image is in it: [first byte, bytes]. DC3_ERR_FORMAT
 * where a shard is damaged. */
dc3_status dc3_shards_each_line(const char *train, dc3_json_take *take, void *user);
/* The bytes of the image of such a line, with a zero byte behind them, which the caller frees. Threads may
 * call it at once. */
dc3_status dc3_shards_file(const char *train, const json_t *line, char **data, size_t *size);
/* The image of such a line, as dc3_image_read brings it to its size. Threads may call it at once. */
dc3_status dc3_shards_image(const char *train, const json_t *line, int width, int height, dc3_image *image);

/* Packs the images that `train`/metadata.jsonl names, by class and name, into shards of at most `most` bytes
 * or one image; then removes what dc3_shards_tidy does. The listener hears of "packing". */
dc3_status dc3_shards_pack(const char *train, double most, const dc3_listener *listener);
/* Removes the files of images that are in shards, and their folders. DC3_ERR_ARGUMENT where something else
 * lies in those. */
dc3_status dc3_shards_tidy(const char *train);
/* Makes files of the images again, but for those that are there, and removes the shards. */
dc3_status dc3_shards_unpack(const char *train);
/* Removes them. */
dc3_status dc3_shards_remove(const char *train);

#endif
