/* Who fetches a file: locks that Python's package takes as well. */
#ifndef DC3_HUB_LOCK_H
#define DC3_HUB_LOCK_H

#include "dc3/listener.h"
#include "base/status.h"

/* Waits for the lock of a digest in the folder `locks`, which is made where it is missing; *fd is closed to
 * let go of it. `listener` hears once that another process has it. */
dc3_status dc3_hub_lock(const char *locks, const char *digest, const char *file, const dc3_listener *listener,
                        int *fd);
/* Says by a lock that several processes may have that files are being fetched for the model; *fd as above, -1
 * where there can be none. */
void dc3_hub_lock_share(const char *locks, int *fd);
/* 1 if a process holds one of the locks in the folder. */
int dc3_hub_locks_held(const char *locks);

#endif
