#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

static const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

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

static dc3_status take(const char *folder, dc3_lock *lock)
{
    char who[200];
    struct flock wanted = whole;
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lock->fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot be made: %s", lock->path, strerror(errno));
    if (fcntl(lock->fd, F_OFD_SETLK, &wanted) == 0) return DC3_OK;
    if (errno != EAGAIN && errno != EACCES)
        return dc3_fail(DC3_ERR_IO, "%s: cannot be locked: %s", lock->path, strerror(errno));
    read_holder(lock->fd, who, sizeof who);
    return busy(folder, who);
}

dc3_status dc3_lock_take(const char *folder, dc3_lock *lock)
{
    enum { TRIES = 100 };
    char host[128] = "", text[200];
    *lock = (dc3_lock){.path = dc3_path_join(folder, ".lock"), .fd = -1};
    dc3_status status = lock->path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < TRIES; i++) {
        status = take(folder, lock);
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
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    /* What stands in the file is for people: the lock holds without it, as on a full disk. */
    if (ftruncate(lock->fd, 0) == 0 && pwrite(lock->fd, text, (size_t)length, 0) < 0) errno = 0;
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
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1, held = 0;
    struct flock wanted = whole;
    free(path);
    if (fd < 0) return 0;
    held = fcntl(fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
    read_holder(fd, who, size);
    close(fd);
    return held;
}

dc3_status dc3_lock_check(const char *folder)
{
    char who[200];
    return dc3_lock_holder(folder, who, sizeof who) ? busy(folder, who) : DC3_OK;
}

void dc3_file_hold(const char *path, int *fd)
{
    struct flock shared = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (*fd >= 0) close(*fd);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0 && fcntl(*fd, F_OFD_SETLK, &shared) != 0) errno = 0;
}

static int is_held(const char *path)
{
    struct flock wanted = whole;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    int held = fcntl(fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
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
