#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that nobody writes to is at its end at once: who opened it to read would wait, deaf to signals. */
static FILE *open_to_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return NULL;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    FILE *file = fdopen(fd, "rb");
    if (!file) close(fd);
    return file;
}

dc3_status dc3_file_read(const char *path, size_t limit, char **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    FILE *file = open_to_read(path);
    if (!file) return dc3_fail(DC3_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    dc3_status status = DC3_OK;
    size_t capacity = 1 << 16, used = 0;
    char *buffer = malloc(capacity + 1);
    while (buffer) {
        size_t got = fread(buffer + used, 1, capacity - used, file);
        used += got;
        if (used > limit) {
            status = dc3_fail(DC3_ERR_FORMAT, "%s: longer than the limit of %zu bytes", path, limit);
            break;
        }
        if (used < capacity) {
            if (ferror(file)) status = dc3_fail(DC3_ERR_IO, "%s: cannot read: %s", path, strerror(errno));
            break;
        }
        capacity *= 2;
        char *larger = realloc(buffer, capacity + 1);
        if (!larger) free(buffer);
        buffer = larger;
    }
    fclose(file);
    if (!buffer) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    if (status != DC3_OK) {
        free(buffer);
        return status;
    }
    buffer[used] = 0;
    *data = buffer;
    *size = used;
    return DC3_OK;
}

/* A line as it grows. */
typedef struct growing_line {
    char *text;
    size_t length, room;
} growing_line;

static int add_byte(growing_line *l, int byte)
{
    if (l->length + 2 > l->room) {
        size_t room = 2 * l->room + 256;
        char *more = realloc(l->text, room);
        if (!more) return 0;
        l->text = more, l->room = room;
    }
    l->text[l->length++] = (char)byte;
    l->text[l->length] = 0;
    return 1;
}

/* The next line, `number` of the file; *end 1: it is the last, which may be empty. */
static dc3_status read_line(FILE *file, const char *path, long number, size_t limit, growing_line *l,
                            int *end)
{
    for (int byte; (byte = getc_unlocked(file)) != '\n';) {
        if (byte == EOF) {
            *end = 1;
            return ferror(file) ? dc3_fail(DC3_ERR_IO, "%s: cannot read: %s", path, strerror(errno)) : DC3_OK;
        }
        if (l->length == limit)
            return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: longer than the limit of %zu bytes", path, number,
                            limit);
        if (!add_byte(l, byte)) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    }
    return DC3_OK;
}

dc3_status dc3_file_each_line(const char *path, size_t limit, dc3_line_take *take, void *user)
{
    growing_line l = {NULL, 0, 0};
    FILE *file = open_to_read(path);
    dc3_status status = DC3_OK;
    if (!file) return dc3_fail(DC3_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    long number = 1;
    for (int end = 0; status == DC3_OK && !end; number++) {
        l.length = 0;
        status = read_line(file, path, number, limit, &l, &end);
        if (status == DC3_OK && !(end && !l.length)) status = take(user, l.length ? l.text : "", l.length);
    }
    fclose(file);
    free(l.text);
    return status;
}

/* What lies in a mapping is let go of as it is written, so that a copy of a large file takes no memory. */
dc3_status dc3_write_all(int fd, const void *data, size_t size)
{
    enum { AT_ONCE = 1 << 24 };
    for (const char *from = data; size;) {
        ssize_t wrote = write(fd, from, size < AT_ONCE ? size : AT_ONCE);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return DC3_ERR_IO;
        dc3_map_forget(from, (size_t)wrote);
        from += wrote;
        size -= (size_t)wrote;
    }
    return DC3_OK;
}

dc3_status dc3_file_begin(const char *path, dc3_growing *f)
{
    size_t length = strlen(path) + 32;
    *f = (dc3_growing){-1, strdup(path), malloc(length)};
    if (f->path && f->aside) {
        snprintf(f->aside, length, "%s.%ld.part", path, (long)getpid());
        /* A link there was left by a killed process of the same number: what it leads to is somebody's. */
        if (dc3_path_is_link(f->aside)) unlink(f->aside);
        f->fd = open(f->aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (f->fd >= 0) return DC3_OK;
        dc3_fail(DC3_ERR_IO, "%s: cannot write: %s", path, strerror(errno));
    } else
        dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = f->path && f->aside ? DC3_ERR_IO : DC3_ERR_MEMORY;
    free(f->path);
    free(f->aside);
    return status;
}

dc3_status dc3_file_append(dc3_growing *f, const void *data, size_t size)
{
    if (dc3_write_all(f->fd, data, size) == DC3_OK) return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: cannot write: %s", f->path, strerror(errno));
}

dc3_status dc3_file_end(dc3_growing *f, dc3_status status)
{
    int failed = 0;
    if (status == DC3_OK && fsync(f->fd) != 0) failed = errno;
    if (close(f->fd) != 0 && !failed) failed = errno;
    if (status == DC3_OK && !failed && rename(f->aside, f->path) != 0) failed = errno;
    if (status != DC3_OK || failed) unlink(f->aside);
    if (status == DC3_OK && failed)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot write: %s", f->path, strerror(failed));
    free(f->path);
    free(f->aside);
    return status;
}

dc3_status dc3_file_write_pieces(const char *path, const dc3_piece *pieces, size_t count)
{
    dc3_growing file;
    DC3_TRY(dc3_file_begin(path, &file));
    dc3_status status = DC3_OK;
    for (size_t i = 0; status == DC3_OK && i < count; i++)
        status = dc3_file_append(&file, pieces[i].data, pieces[i].size);
    return dc3_file_end(&file, status);
}

dc3_status dc3_file_write(const char *path, const void *data, size_t size)
{
    return dc3_file_write_pieces(path, &(dc3_piece){data, size}, 1);
}

dc3_status dc3_draft_open(dc3_draft *draft)
{
    *draft = (dc3_draft){0};
    draft->file = open_memstream(&draft->text, &draft->size);
    return draft->file ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_draft_write(dc3_draft *draft, dc3_status status, const char *path)
{
    if (draft->file && fclose(draft->file) != 0 && status == DC3_OK)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_file_write(path, draft->text, draft->size);
    free(draft->text);
    *draft = (dc3_draft){0};
    return status;
}

int dc3_is_part_name(const char *name)
{
    static const char ending[] = ".part";
    size_t n = strlen(name), m = sizeof ending - 1, digits = 0;
    if (n <= m || strcmp(name + n - m, ending) != 0) return 0;
    while (digits < n - m && name[n - m - 1 - digits] >= '0' && name[n - m - 1 - digits] <= '9') digits++;
    return digits && n - m > digits + 1 && name[n - m - 1 - digits] == '.';
}

dc3_status dc3_make_dirs(const char *path)
{
    char *copy = strdup(path);
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = DC3_OK;
    for (char *p = copy + 1; status == DC3_OK; p++) {
        if (*p != '/' && *p != 0) continue;
        char end = *p;
        *p = 0;
        if (mkdir(copy, 0777) != 0 && (errno != EEXIST || dc3_path_what(copy) != DC3_PATH_FOLDER))
            status = dc3_fail(DC3_ERR_IO, "%s: cannot make the folder: %s", copy, strerror(errno));
        *p = end;
        if (!end) break;
    }
    free(copy);
    return status;
}

dc3_status dc3_make_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    *slash = 0;
    dc3_status status = dc3_make_dirs(path);
    if (status == DC3_OK && dc3_path_is_link(path))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a folder, found a symbolic link", path);
    *slash = '/';
    return status;
}

char *dc3_path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder), total = length + strlen(name) + 2;
    char *path = malloc(total);
    if (path) snprintf(path, total, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    return path;
}

dc3_path_kind dc3_path_what(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return DC3_PATH_MISSING;
    if (S_ISREG(info.st_mode)) return DC3_PATH_FILE;
    return S_ISDIR(info.st_mode) ? DC3_PATH_FOLDER : DC3_PATH_OTHER;
}

int dc3_folder_holds(const char *folder, const char *name)
{
    char *path = dc3_path_join(folder, name);
    int there = path && dc3_path_what(path) == DC3_PATH_FILE;
    free(path);
    return there;
}

int dc3_path_is_open(const char *path, int fd)
{
    struct stat named, opened;
    return stat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

int dc3_path_is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

/* A name in a folder, both without links; what is not there yet is no link either. Caller frees. */
static char *name_below(const char *above, const char *name)
{
    const char *slash = strrchr(above, '/');
    if (strcmp(name, ".") == 0) return strdup(above);
    if (strcmp(name, "..") != 0 || !slash) return dc3_path_join(above, name);
    return strndup(above, slash == above ? 1 : (size_t)(slash - above));
}

char *dc3_path_real(const char *path)
{
    char *real = realpath(path, NULL);
    if (real) return real;
    /* The part that exists, then the rest of the names. */
    char *copy = strdup(path), *slash;
    if (!copy) return NULL;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--) copy[n - 1] = 0;
    slash = strrchr(copy, '/');
    char *above = slash == copy ? strdup("/") : NULL, *result = NULL;
    if (slash && slash != copy) {
        *slash = 0;
        above = dc3_path_real(copy);
    } else if (!slash)
        above = realpath(".", NULL);
    if (above) result = name_below(above, slash ? slash + 1 : copy);
    free(above);
    free(copy);
    real = result ? realpath(result, NULL) : NULL; /* ".." may lead back to what is there */
    if (real) free(result);
    return real ? real : result;
}

int dc3_path_stays(const char *name)
{
    if (!*name || *name == '/') return 0;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == 0 || part[2] == '/')) return 0;
    }
    return 1;
}

int dc3_path_inside(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    while (n && folder[n - 1] == '/') n--;
    return strncmp(path, folder, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* The mappings that are open, so that dc3_map_forget can tell file pages (which can be read again) from
 * others. */
enum { MAX_MAPPINGS = 1024 };
static dc3_mapping open_mappings[MAX_MAPPINGS];
static pthread_mutex_t mappings_lock = PTHREAD_MUTEX_INITIALIZER;

static void remember(dc3_mapping from, dc3_mapping to)
{
    pthread_mutex_lock(&mappings_lock);
    for (int i = 0; i < MAX_MAPPINGS; i++)
        if (open_mappings[i].data == from.data) {
            open_mappings[i] = to;
            break;
        }
    pthread_mutex_unlock(&mappings_lock);
}

static int is_mapped(const unsigned char *start, size_t size)
{
    int found = 0;
    pthread_mutex_lock(&mappings_lock);
    for (int i = 0; i < MAX_MAPPINGS && !found; i++) {
        const dc3_mapping *m = &open_mappings[i];
        found = m->data && start >= m->data && start + size <= m->data + m->size;
    }
    pthread_mutex_unlock(&mappings_lock);
    return found;
}

dc3_status dc3_map_file(int fd, const char *name, dc3_mapping *mapping)
{
    struct stat info;
    *mapping = (dc3_mapping){0};
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return dc3_fail(DC3_ERR_IO, "%s: not a regular file", name);
    if (info.st_size == 0) return DC3_OK;
    void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return dc3_fail(DC3_ERR_IO, "%s: cannot map: %s", name, strerror(errno));
    *mapping = (dc3_mapping){data, (size_t)info.st_size};
    remember((dc3_mapping){0}, *mapping);
    return DC3_OK;
}

dc3_status dc3_map_open(const char *path, dc3_mapping *mapping)
{
    *mapping = (dc3_mapping){0};
    /* A pipe that nobody writes to is opened, and refused, at once. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    dc3_status status = dc3_map_file(fd, path, mapping);
    close(fd);
    return status;
}

void dc3_map_close(dc3_mapping *mapping)
{
    if (mapping->data) remember(*mapping, (dc3_mapping){0});
    if (mapping->data) munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (dc3_mapping){0};
}

void dc3_map_forget(const void *start, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)start + page - 1) & ~(page - 1),
              to = ((uintptr_t)start + size) & ~(page - 1);
    if (to > from && is_mapped(start, size)) madvise((void *)from, to - from, MADV_DONTNEED);
}
