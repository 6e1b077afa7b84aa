#include "ranks/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/listener.h"
#include "ranks/ranks.h"
#include "ranks/share.h"

/* What a rank writes into the folder: OUT/.rank-2. The caller frees; NULL without memory. */
static char *mark_path(const char *folder, int rank)
{
    char name[32];
    snprintf(name, sizeof name, ".rank-%d", rank);
    return dc3_path_join(folder, name);
}

static dc3_status write_mark(const char *folder, int rank, const void *text, size_t bytes)
{
    char *path = mark_path(folder, rank);
    dc3_status status = path ? dc3_file_write(path, text, bytes) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

static int has_mark(const char *path, const void *text, size_t bytes)
{
    char *found = NULL;
    size_t size = 0;
    int same = dc3_path_what(path) == DC3_PATH_FILE && dc3_file_read(path, 256, &found, &size) == DC3_OK &&
               size == bytes && memcmp(found, text, bytes) == 0;
    free(found);
    return same;
}

/* Waits for another rank's: a file system of several machines may show it some seconds later. */
static dc3_status see_mark(const char *folder, int rank, const void *text, size_t bytes)
{
    enum { SECONDS = 60, OFTEN = 20000 }; /* microseconds */
    char *path = mark_path(folder, rank);
    double until = dc3_seconds_now() + SECONDS;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    while (status == DC3_OK && !has_mark(path, text, bytes)) {
        usleep(OFTEN);
        status = dc3_check_cancel();
        if (status == DC3_OK && dc3_seconds_now() > until)
            status = dc3_fail(DC3_ERR_IO,
                              "%s: does not show what rank %d wrote there %d seconds ago; expected a "
                              "folder that all ranks share",
                              folder, rank, SECONDS);
    }
    free(path);
    return status;
}

static void remove_mark(const char *folder, int rank)
{
    char *path = mark_path(folder, rank);
    if (path) unlink(path);
    free(path);
}

const char dc3_ranks_folder_stage[] = "folder";

dc3_status dc3_ranks_look_at_folder(const char *folder, const void *known, size_t bytes)
{
    DC3_TRY(see_mark(folder, 0, known, bytes));
    return write_mark(folder, dc3_ranks_rank(), known, bytes);
}

dc3_status dc3_ranks_check_folder(const char *folder)
{
    char text[64];
    dc3_share *share = NULL;
    if (dc3_ranks_count() == 1) return DC3_OK;
    snprintf(text, sizeof text, "%d %.9f", (int)getpid(), dc3_seconds_now());
    dc3_status status = write_mark(folder, 0, text, strlen(text));
    if (status == DC3_OK) status = dc3_share_open(dc3_ranks_folder_stage, text, strlen(text), &share);
    if (status == DC3_OK) status = dc3_share_wait(share);
    for (int i = 1; status == DC3_OK && i < dc3_ranks_count(); i++)
        status = see_mark(folder, i, text, strlen(text));
    dc3_share_close(&share);
    for (int i = 0; i < dc3_ranks_count(); i++) remove_mark(folder, i);
    return status;
}
