/* The parts that datasets are divided into, by the names of their folders and files. */
#ifndef DC3_IO_DATASETS_PART_NAMES_H
#define DC3_IO_DATASETS_PART_NAMES_H

typedef enum dc3_part { DC3_PART_NONE, DC3_PART_TRAIN, DC3_PART_VAL, DC3_PART_TEST } dc3_part;

/* By a name that is such a word alone, letters in either case. */
dc3_part dc3_part_named(const char *name);
/* By such a word among others: "seg_train", "train2017", "Testing", "x-val-000.tar". That may be chance: it
 * counts where another name is of another part. NONE too where there are words of several parts. */
dc3_part dc3_part_in(const char *name);

#endif
