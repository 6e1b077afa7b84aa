#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"

/* ---- an open file ---- */

/* 1 if an errno says that the file system, or the kernel, has no locks of a kind: Lustre without -o flock,
 * some of FUSE. */
static int has_none(int error)
{
    return error == ENOSYS || error == EINVAL || error == ENOLCK || error == EOPNOTSUPP;
}

/* Without waiting; 0, or an errno: EAGAIN where another has it, one that has_none knows where there are no
 * locks. Of flock a shared one is no other than one for itself: is_locked could not tell it from none. */
static int lock_file(int fd, short type)
{
    enum { TRIES = 10, PAUSE = 10000 }; /* us; is_locked has a lock for a moment */
    struct flock wanted = {.l_type = type, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &wanted) == 0) return 0;
    if (!has_none(errno)) return errno == EACCES ? EAGAIN : errno;
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
        if (errno != EAGAIN) return errno;
        usleep(PAUSE);
    }
    return EAGAIN;
}

/* 1 if another has a lock of the file, which is closed then. */
static int is_locked(int fd)
{
    struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_GETLK, &wanted) == 0) return wanted.l_type != F_UNLCK;
    return has_none(errno) && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EAGAIN;
}

int dc3_file_hold_open(int fd)
{
    return lock_file(fd, F_RDLCK) == 0;
}

/* ---- a folder ---- */

static void read_holder(int fd, char *who, size_t size)
{
    ssize_t got = pread(fd, who, size - 1, 0);
    who[got > 0 ? got : 0] = 0;
    who[strcspn(who, "\n")] = 0;
    for (char *c = who; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    if (!*who) snprintf(who, size, "another process");
}

static dc3_status busy(const char *folder, const char *who)
{
    return dc3_fail(DC3_ERR_BUSY, "%s: %s is working in this folder; wait until it has ended, or stop it",
                    folder, who);
}

/* *error: that of a file system without locks, else 0. */
static dc3_status take(const char *folder, dc3_lock *lock, int *error)
{
    char who[200];
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lock->fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot be made: %s", lock->path, strerror(errno));
    *error = lock_file(lock->fd, F_WRLCK);
    if (!*error || has_none(*error)) return DC3_OK;
    if (*error != EAGAIN)
        return dc3_fail(DC3_ERR_IO, "%s: cannot be locked: %s", lock->path, strerror(*error));
    read_holder(lock->fd, who, sizeof who);
    return busy(folder, who);
}

/* Who was here last has not taken the file away: it may be at work, or was killed. The folder is not named,
 * so that a comparison says this once for all of its sets. */
static void warn(const dc3_lock *lock, int error, const dc3_listener *listener)
{
    char who[200];
    struct stat info;
    int left = fstat(lock->fd, &info) == 0 && info.st_size > 0;
    if (left) read_holder(lock->fd, who, sizeof who);
    dc3_listener_say(listener,
                     "warning: the file system has no locks (%s): nothing keeps a second dc3 out of this "
                     "folder, so start none there before this one has ended%s%s%s",
                     strerror(error), left ? "; .lock names " : "", left ? who : "",
                     left ? ": see to it that it has ended" : "");
}

/* What stands in the file is for people: the lock holds without it, as on a full disk. */
static void sign(const dc3_lock *lock)
{
    char host[128] = "", text[200];
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(lock->fd, 0) == 0 && pwrite(lock->fd, text, (size_t)length, 0) < 0) errno = 0;
}

dc3_status dc3_lock_take(const char *folder, const dc3_listener *listener, dc3_lock *lock)
{
    enum { TRIES = 100 };
    int error = 0;
    *lock = (dc3_lock){.path = dc3_path_join(folder, ".lock"), .fd = -1};
    dc3_status status = lock->path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < TRIES; i++) {
        status = take(folder, lock, &error);
        if (status != DC3_OK || dc3_path_is_open(lock->path, lock->fd)) break;
        close(lock->fd);
        lock->fd = -1;
    }
    if (status != DC3_OK) {
        if (lock->fd >= 0) close(lock->fd);
        free(lock->path);
        *lock = (dc3_lock){.fd = -1};
        return status;
    }
    if (error) warn(lock, error, listener);
    sign(lock);
    return DC3_OK;
}

void dc3_lock_release(dc3_lock *lock)
{
    if (!lock->path) return;
    unlink(lock->path);
    close(lock->fd);
    free(lock->path);
    *lock = (dc3_lock){.fd = -1};
}

int dc3_lock_holder(const char *folder, char *who, size_t size)
{
    char *path = dc3_path_join(folder, ".lock");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    free(path);
    if (fd < 0) return 0;
    int held = is_locked(fd);
    read_holder(fd, who, size);
    close(fd);
    return held;
}

int dc3_lock_works(const char *folder)
{
    char *path = dc3_path_join(folder, ".lock");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    free(path);
    if (fd < 0) return 1;
    int works = !has_none(lock_file(fd, F_RDLCK));
    close(fd);
    return works;
}

dc3_status dc3_lock_check(const char *folder)
{
    char who[200];
    return dc3_lock_holder(folder, who, sizeof who) ? busy(folder, who) : DC3_OK;
}

/* ---- a file ---- */

void dc3_file_hold(const char *path, int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0) dc3_file_hold_open(*fd);
}

static int is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    int held = is_locked(fd);
    close(fd);
    return held;
}

int dc3_file_held(const char *path)
{
    enum { TRIES = 10, PAUSE = 10000 }; /* us */
    for (int i = 0; i < TRIES; i++) {
        if (is_held(path)) return 1;
        usleep(PAUSE);
    }
    return 0;
}
