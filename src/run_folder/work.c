#include "run_folder/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/lock.h"
#include "io/json.h"

enum { LENGTH = 512 }; /* of a note: it is written at once, padded */

/* The folder in which the notes about a place lie, and how their names begin; 0 without memory. */
static int names_of(const char *place, char **folder, char **prefix)
{
    const char *slash = strrchr(place, '/'), *name = slash ? slash + 1 : place;
    int is_folder = dc3_path_what(place) == DC3_PATH_FOLDER;
    size_t length = strlen(name) + sizeof "..work.";
    *folder = is_folder ? strdup(place)
              : slash   ? strndup(place, slash == place ? 1 : (size_t)(slash - place))
                        : strdup(".");
    *prefix = malloc(length);
    if (*prefix) snprintf(*prefix, length, is_folder ? ".work." : ".%s.work.", name);
    if (*folder && *prefix) return 1;
    free(*folder), free(*prefix);
    return 0;
}

/* The next note about a place, absolute or relative as the folder is; NULL: no more. Caller frees. */
static char *next_note(DIR *entries, const char *folder, const char *prefix)
{
    struct dirent *entry;
    while (entries && (entry = readdir(entries)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && dc3_is_part_name(entry->d_name) &&
            strspn(entry->d_name + strlen(prefix), "0123456789") ==
                strlen(entry->d_name + strlen(prefix)) - strlen(".part"))
            return dc3_path_join(folder, entry->d_name);
    return NULL;
}

/* Notes that nobody holds are left by processes that were killed. */
static void remove_left(const char *folder, const char *prefix)
{
    DIR *entries = opendir(folder);
    char *path;
    while ((path = next_note(entries, folder, prefix))) {
        if (!dc3_file_held(path)) unlink(path);
        free(path);
    }
    if (entries) closedir(entries);
}

static void write_note(dc3_work_note *note)
{
    char text[LENGTH + 1];
    const dc3_work *w = &note->work;
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f}", "command", w->command, "holder", w->holder,
                          "stage", w->stage, "done", (json_int_t)w->done, "total", (json_int_t)w->total,
                          "updated", (json_int_t)w->updated, "seconds_left", w->seconds_left);
    char *line = json_dumps(o, JSON_COMPACT);
    snprintf(text, sizeof text, "%-*s", LENGTH, line ? line : "");
    if (pwrite(note->fd, text, LENGTH, 0) != LENGTH) note->written = dc3_seconds_now();
    free(line);
    json_decref(o);
}

static void open_note(dc3_work_note *note, const char *folder, const char *prefix)
{
    size_t length = strlen(prefix) + 32;
    char *name = malloc(length);
    if (name) snprintf(name, length, "%s%ld.part", prefix, (long)getpid());
    note->path = name ? dc3_path_join(folder, name) : NULL;
    free(name);
    int fd = note->path ? open(note->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666) : -1;
    if (fd < 0) { /* no right to write, or this process works on the place already */
        free(note->path);
        note->path = NULL;
        return;
    }
    close(fd);
    note->fd = open(note->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (note->fd >= 0 && dc3_file_hold_open(note->fd)) write_note(note);
}

/* Seconds left of the stage, by its own speed; -1: not known. */
static double seconds_left(const dc3_work_note *note)
{
    const dc3_work *w = &note->work;
    if (w->total < 0 || w->done <= note->first || w->updated <= note->began) return -1;
    return (double)(w->updated - note->began) / (double)(w->done - note->first) *
           (double)(w->total - w->done);
}

static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    dc3_work_note *note = user;
    dc3_work *w = &note->work;
    double now = dc3_seconds_now();
    int same = strcmp(w->stage, stage) == 0;
    if (note->path && note->fd >= 0 && (!same || now - note->written >= 1)) {
        w->updated = (int64_t)time(NULL);
        if (!same) note->began = w->updated, note->first = done;
        snprintf(w->stage, sizeof w->stage, "%s", stage);
        w->done = done, w->total = total;
        w->seconds_left = seconds_left(note);
        note->written = now;
        write_note(note);
    }
    if (note->heard.progress) note->heard.progress(note->heard.user, stage, done, total);
}

static void message(void *user, const char *text)
{
    const dc3_work_note *note = user;
    if (note->heard.message) note->heard.message(note->heard.user, text);
}

void dc3_work_begin(dc3_work_note *note, const char *place, const char *command, dc3_listener *listener)
{
    char *folder, *prefix, host[128] = "";
    *note = (dc3_work_note){.heard = *listener, .fd = -1};
    if (!place || !names_of(place, &folder, &prefix)) return;
    gethostname(host, sizeof host - 1);
    snprintf(note->work.command, sizeof note->work.command, "%s", command);
    snprintf(note->work.holder, sizeof note->work.holder, "process %ld on %s", (long)getpid(), host);
    note->work.updated = (int64_t)time(NULL);
    note->work.total = note->work.seconds_left = -1;
    remove_left(folder, prefix);
    open_note(note, folder, prefix);
    free(folder), free(prefix);
    *listener = (dc3_listener){note, progress, message, note->heard.cancel};
}

void dc3_work_end(dc3_work_note *note)
{
    if (!note->path) return;
    unlink(note->path);
    if (note->fd >= 0) close(note->fd);
    free(note->path);
    note->path = NULL;
}

/* 1 if it is a note. */
static int read_note(const char *path, dc3_work *w)
{
    json_t *o = NULL;
    *w = (dc3_work){.seconds_left = -1};
    if (dc3_json_read(path, 1 << 16, &o) != DC3_OK) return 0;
    const char *texts[] = {json_string_value(json_object_get(o, "command")),
                           json_string_value(json_object_get(o, "holder")),
                           json_string_value(json_object_get(o, "stage"))};
    int good = texts[0] && texts[1] && texts[2];
    if (good) {
        snprintf(w->command, sizeof w->command, "%s", texts[0]);
        snprintf(w->holder, sizeof w->holder, "%s", texts[1]);
        snprintf(w->stage, sizeof w->stage, "%s", texts[2]);
        w->done = json_integer_value(json_object_get(o, "done"));
        w->total = json_integer_value(json_object_get(o, "total"));
        w->updated = json_integer_value(json_object_get(o, "updated"));
        w->seconds_left = json_number_value(json_object_get(o, "seconds_left"));
    }
    json_decref(o);
    return good;
}

int dc3_works_read(const char *place, dc3_work works[DC3_WORKS])
{
    char *folder, *prefix, *path;
    int count = 0;
    if (!place || !names_of(place, &folder, &prefix)) return 0;
    DIR *entries = opendir(folder);
    while (count < DC3_WORKS && (path = next_note(entries, folder, prefix))) {
        if (dc3_file_held(path)) count += read_note(path, &works[count]);
        free(path);
    }
    if (entries) closedir(entries);
    free(folder), free(prefix);
    return count;
}

dc3_status dc3_work_check(const char *place)
{
    dc3_work works[DC3_WORKS];
    if (!dc3_works_read(place, works)) return DC3_OK;
    return dc3_fail(DC3_ERR_BUSY, "%s: %s is at work on it (%s); wait until it has ended, or stop it", place,
                    works[0].holder, works[0].command);
}

/* The folder of the notes, locked, so that of two that look and begin at once one sees the other; -1 where
 * that cannot be done, or somebody else holds it for long. close lets go. */
static int lock_notes(const char *place)
{
    enum { TRIES = 100, PAUSE = 10000 }; /* us */
    char *folder, *prefix;
    if (!place || !names_of(place, &folder, &prefix)) return -1;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder), free(prefix);
    for (int i = 0; fd >= 0 && i < TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; i++)
        usleep(PAUSE);
    return fd;
}

dc3_status dc3_work_begin_alone(dc3_work_note *note, const char *place, const char *command,
                                dc3_listener *listener)
{
    int fd = lock_notes(place);
    dc3_status status = dc3_work_check(place);
    if (status == DC3_OK) dc3_work_begin(note, place, command, listener);
    if (fd >= 0) close(fd);
    return status;
}
