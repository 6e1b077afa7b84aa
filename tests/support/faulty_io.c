/* A library to be preloaded: counts the calls of the process that change files, and at call number N of them
 * does what DC3_FAULT says: "kill:N" kills the process, "fail:N" and all after it find a full disk (ENOSPC),
 * "half:N" lets a write do half of its bytes before that. "count:FILE" writes the number of calls into FILE
 * at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

/* 1 if this call is to fail; *half is set where some of it is to be done first. */
static int strikes(int *half)
{
    const char *fault = getenv("DC3_FAULT");
    long call = atomic_fetch_add(&calls, 1) + 1, wanted;
    *half = 0;
    if (!fault || strncmp(fault, "count:", 6) == 0) return 0;
    wanted = strtol(fault + 5, NULL, 10);
    if (call < wanted) return 0;
    if (strncmp(fault, "kill:", 5) == 0) kill(getpid(), SIGKILL);
    *half = strncmp(fault, "half:", 5) == 0 && call == wanted;
    errno = ENOSPC;
    return 1;
}

__attribute__((destructor)) static void tell(void)
{
    const char *fault = getenv("DC3_FAULT");
    FILE *file = fault && strncmp(fault, "count:", 6) == 0 ? fopen(fault + 6, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

/* Only files count: not what is written to a terminal or a pipe. */
static int is_file(int fd)
{
    struct stat info;
    return fd > 2 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (is_file(fd) && strikes(&half)) return half && size > 1 ? real(fd, data, size / 2) : -1;
    return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (is_file(fd) && strikes(&half)) return half && size > 1 ? real(fd, data, size / 2, at) : -1;
    return real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return pwrite(fd, data, size, at);
}

int fsync(int fd)
{
    static int (*real)(int);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return strikes(&half) ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "rename");
    return strikes(&half) ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    static int (*real)(const char *, mode_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "mkdir");
    return strikes(&half) ? -1 : real(path, mode);
}
