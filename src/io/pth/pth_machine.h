/* The stack and the values of the machine that reads pickles. */
#ifndef DC3_IO_PTH_MACHINE_H
#define DC3_IO_PTH_MACHINE_H

#include "io/pth/pth_pickle.h"

/* Bounds the memory that a pickle can ask for: a tensor takes about 40, on the stack and in containers. */
enum { DC3_PICKLE_MOST = 1 << 22 };

struct dc3_pickle {
    const char *origin;
    const unsigned char *data;
    size_t size, at, opcode_at;
    struct dc3_pickle_block *blocks; /* of values */
    size_t charged;                  /* items put on the stack and into containers so far */
    dc3_pickle_value **stack;        /* NULL: a mark */
    size_t depth, room;
    dc3_pickle_value **memo;
    size_t memo_size, memo_count;
    const dc3_pickle_value *root;
    dc3_pickle_value *storages;
};

dc3_status dc3_pickle_no_memory(const dc3_pickle *pickle);
/* What an array of `count` items has been given: a power of two, so that none needs its capacity stored. */
size_t dc3_pickle_room(size_t count);

/* NULL pushes a mark. */
dc3_status dc3_pickle_push(dc3_pickle *pickle, dc3_pickle_value *value);
dc3_status dc3_pickle_push_new(dc3_pickle *pickle, dc3_pickle_kind kind, dc3_pickle_value **value);
dc3_status dc3_pickle_top(const dc3_pickle *pickle, dc3_pickle_value **value);
dc3_status dc3_pickle_pop(dc3_pickle *pickle, dc3_pickle_value **value);
/* The last `count` values, or those above the topmost mark where *count is 0 (their number into it; the mark
 * goes too). They leave the stack, where they stand until the next push. */
dc3_status dc3_pickle_pop_many(dc3_pickle *pickle, size_t *count, dc3_pickle_value ***items);

/* The next bytes of the pickle, and as an unsigned little-endian number of `width` bytes. */
dc3_status dc3_pickle_take(dc3_pickle *pickle, uint64_t count, const unsigned char **bytes);
dc3_status dc3_pickle_take_number(dc3_pickle *pickle, int width, uint64_t *number);

#endif
