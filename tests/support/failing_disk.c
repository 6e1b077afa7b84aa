/* A disk that fails, for LD_PRELOAD: FAIL_CALL (write, fsync, close or rename) fails for files whose path
 * holds FAIL_MATCH, with ENOSPC. A write stores half of its bytes first, so that the file stands there half.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int wanted(const char *call, const char *path)
{
    const char *which = getenv("FAIL_CALL"), *match = getenv("FAIL_MATCH");
    return which && match && strcmp(which, call) == 0 && strstr(path, match) != NULL;
}

static int wanted_fd(const char *call, int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return wanted(call, path);
}

static int failed(void)
{
    errno = ENOSPC;
    return -1;
}

/* The function behind this one; the detour by memcpy is what C has for pointers to functions. */
static void next(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) abort();
    memcpy(function, &symbol, sizeof symbol);
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    static int half;
    if (!real) next("write", &real);
    if (!wanted_fd("write", fd)) return real(fd, data, size);
    if (half || size < 2) return failed();
    half = 1;
    return real(fd, data, size / 2);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real) next("fsync", &real);
    return wanted_fd("fsync", fd) ? failed() : real(fd);
}

int close(int fd)
{
    static int (*real)(int);
    if (!real) next("close", &real);
    int fails = wanted_fd("close", fd), result = real(fd);
    return fails ? failed() : result;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    if (!real) next("rename", &real);
    return wanted("rename", to) ? failed() : real(from, to);
}
