/* A library to be preloaded, in whose process calls that change files fail as DC3_FAULT says, HOW:N from call
 * number N of all of them on, or HOW:CALL=NAME for each CALL (write, fsync, close, rename, unlink) of a file
 * whose path holds NAME (ends with NAME: NAME$). HOW is "fail": the disk is full (ENOSPC); "half": the same,
 * but the first write stores half of its bytes; "kill": the process is killed; "stop": it is stopped there
 * once, until SIGCONT. "count:FILE" writes the number of calls into FILE at the end. "lock:ofd" is a file
 * system without locks of open file descriptions, "lock:none" one without any, "lock:loose" one whose locks
 * keep nobody out, "link:none" one without symbolic links. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;
static atomic_int struck;

/* Only files count: not what is written to a terminal or a pipe. */
static int is_file(int fd)
{
    struct stat info;
    return fd > 2 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* 1 if the path holds the name; at its end, where the name ends with "$". */
static int holds(const char *path, const char *name)
{
    size_t length = strlen(path), n = strlen(name);
    if (!n || name[n - 1] != '$') return strstr(path, name) != NULL;
    return length >= n - 1 && strncmp(path + length - (n - 1), name, n - 1) == 0;
}

/* 1 if the file, by its path or else its descriptor, has the name. */
static int has_name(const char *path, int fd, const char *name)
{
    char link[64], text[4096];
    if (path) return holds(path, name);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    return holds(text, name);
}

/* 1 if this call is one that `where` means; a close is not counted, nor an unlink. */
static int is_meant(const char *where, const char *call, const char *path, int fd)
{
    const char *name = strchr(where, '=');
    if (name)
        return strncmp(where, call, strlen(call)) == 0 && where + strlen(call) == name &&
               has_name(path, fd, name + 1);
    if (strcmp(call, "close") == 0 || strcmp(call, "unlink") == 0) return 0;
    return atomic_fetch_add(&calls, 1) + 1 >= strtol(where, NULL, 10);
}

/* 1 if this call is to fail; *half is set where some of it is to be done first. */
static int strikes(const char *call, const char *path, int fd, int *half)
{
    const char *fault = getenv("DC3_FAULT");
    *half = 0;
    if (!fault || strncmp(fault, "lock:", 5) == 0 || strncmp(fault, "link:", 5) == 0 ||
        !is_meant(fault + 5 + (*fault == 'c'), call, path, fd) || *fault == 'c')
        return 0;
    int first = !atomic_exchange(&struck, 1);
    if (strncmp(fault, "kill:", 5) == 0) kill(getpid(), SIGKILL);
    if (strncmp(fault, "stop:", 5) == 0) return first ? raise(SIGSTOP) : 0;
    *half = first && strncmp(fault, "half:", 5) == 0;
    errno = ENOSPC;
    return 1;
}

__attribute__((destructor)) static void print_count(void)
{
    const char *fault = getenv("DC3_FAULT");
    FILE *file = fault && strncmp(fault, "count:", 6) == 0 ? fopen(fault + 6, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (is_file(fd) && strikes("write", NULL, fd, &half))
        return half && size > 1 ? real(fd, data, size / 2) : -1;
    return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (is_file(fd) && strikes("write", NULL, fd, &half))
        return half && size > 1 ? real(fd, data, size / 2, at) : -1;
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
    return strikes("fsync", NULL, fd, &half) ? -1 : real(fd);
}

int close(int fd)
{
    static int (*real)(int);
    int half, fails = is_file(fd) && strikes("close", NULL, fd, &half);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "close");
    int result = real(fd);
    if (fails) errno = ENOSPC;
    return fails ? -1 : result;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "rename");
    return strikes("rename", to, -1, &half) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    static int (*real)(const char *);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "unlink");
    return strikes("unlink", path, -1, &half) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode)
{
    static int (*real)(const char *, mode_t);
    int half;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "mkdir");
    return strikes("mkdir", path, -1, &half) ? -1 : real(path, mode);
}

/* 1 if DC3_FAULT is this. */
static int is_fault(const char *name)
{
    const char *fault = getenv("DC3_FAULT");
    return fault && strcmp(fault, name) == 0;
}

static int fcntl_of(int (*real)(int, int, ...), int fd, int command, void *argument)
{
    int own = command == F_OFD_SETLK || command == F_OFD_GETLK,
        others = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
    if (own && is_fault("lock:ofd")) {
        errno = EINVAL;
        return -1;
    }
    if ((own || others) && is_fault("lock:none")) {
        errno = ENOSYS;
        return -1;
    }
    if ((own || others) && is_fault("lock:loose")) {
        if (command == F_OFD_GETLK || command == F_GETLK) ((struct flock *)argument)->l_type = F_UNLCK;
        return 0;
    }
    return real(fd, command, argument);
}

#define FCNTL(name)                                                                                          \
    int name(int fd, int command, ...)                                                                       \
    {                                                                                                        \
        static int (*real)(int, int, ...);                                                                   \
        va_list list;                                                                                        \
        va_start(list, command);                                                                             \
        void *argument = va_arg(list, void *);                                                               \
        va_end(list);                                                                                        \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                                                \
        return fcntl_of(real, fd, command, argument);                                                        \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

int flock(int fd, int operation)
{
    static int (*real)(int, int);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "flock");
    if (is_fault("lock:loose")) return 0;
    if (!is_fault("lock:none")) return real(fd, operation);
    errno = ENOSYS;
    return -1;
}

int symlink(const char *target, const char *path)
{
    static int (*real)(const char *, const char *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "symlink");
    if (!is_fault("link:none")) return real(target, path);
    errno = EPERM;
    return -1;
}
