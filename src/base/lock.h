/* A lock on a folder that dies with its holder. */
#ifndef DC3_BASE_LOCK_H
#define DC3_BASE_LOCK_H

#include <stddef.h>
#include "base/status.h"
#include "dc3/listener.h"

typedef struct dc3_lock {
    char *path; /* FOLDER/.lock; NULL: not held */
    int fd;
} dc3_lock;

/* Takes FOLDER/.lock, an open-file-description lock, which the kernel drops when the process ends however it
 * does, and writes into it who holds it: "process 1234 on host". DC3_ERR_BUSY, which names the holder, if
 * another process has it. Where the file system has no such locks flock's is taken, and where it has none of
 * them either `listener` hears a warning, and the file alone is there: it keeps nobody out, and nobody sees
 * that the folder is held. */
dc3_status dc3_lock_take(const char *folder, const dc3_listener *listener, dc3_lock *lock);
/* Removes the file and releases it. */
void dc3_lock_release(dc3_lock *lock);
/* 1 if a process holds the folder's lock; who, of `size` bytes, as it is written there. */
int dc3_lock_holder(const char *folder, char *who, size_t size);
/* 1 if the file system has locks, as far as FOLDER/.lock, which somebody has made, tells. */
int dc3_lock_works(const char *folder);
/* DC3_ERR_BUSY, as dc3_lock_take has it, if a process holds the folder's lock; takes none. */
dc3_status dc3_lock_check(const char *folder);

/* A file that this process goes on with, such as a checkpoint: others see that it is not left over. Takes the
 * place of what *fd held before (-1: nothing), and is let go of with close. Where it cannot be had nothing is
 * held. */
void dc3_file_hold(const char *path, int *fd);
/* The same of an open file; 1 if it is held. */
int dc3_file_hold_open(int fd);
/* 1 if a process holds the file; looks for a tenth of a second, since for a moment after it was written
 * nobody does. */
int dc3_file_held(const char *path);

#endif
