#include "hub/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"

/* One try: *fd is -1 where another process has it. A file system without locks has none to wait for. */
static dc3_status try_lock(const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);
    if (*fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot be made: %s", path, strerror(errno));
    int busy = flock(*fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!busy && dc3_path_is_open(path, *fd)) return DC3_OK;
    close(*fd);
    *fd = -1;
    return DC3_OK;
}

dc3_status dc3_hub_lock(const char *locks, const char *digest, const char *file, const dc3_listener *listener,
                        int *fd)
{
    const struct timespec pause = {0, 100000000};
    char *path = g_strdup_printf("%s/%s.lock", locks, digest);
    dc3_status status = dc3_make_dirs(locks);
    *fd = -1;
    for (int tries = 0; status == DC3_OK; tries++) {
        status = try_lock(path, fd);
        if (status != DC3_OK || *fd >= 0) break;
        if (tries == 1) dc3_listener_say(listener, "%s: another process fetches it; waiting for it", file);
        if (tries) nanosleep(&pause, NULL);
        status = dc3_check_cancel();
    }
    g_free(path);
    return status;
}

void dc3_hub_lock_share(const char *locks, int *fd)
{
    char *path = g_build_filename(locks, "pull.lock", NULL);
    *fd = -1;
    for (int gone = 1; gone && dc3_make_dirs(locks) == DC3_OK;) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);
        if (*fd < 0) break;
        int failed;
        while ((failed = flock(*fd, LOCK_SH)) != 0 && errno == EINTR) continue;
        gone = !failed && !dc3_path_is_open(path, *fd);
        if (gone) close(*fd);
    }
    g_free(path);
}

int dc3_hub_locks_held(const char *locks)
{
    GDir *dir = g_dir_open(locks, 0, NULL);
    const char *name;
    int held = 0;
    while (dir && !held && (name = g_dir_read_name(dir))) {
        char *path = g_build_filename(locks, name, NULL);
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (fd >= 0) close(fd);
        g_free(path);
    }
    if (dir) g_dir_close(dir);
    return held;
}
