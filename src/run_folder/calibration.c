#include "run_folder/calibration.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

const char dc3_calibration_folder[] = "calibration";

const char *dc3_calibration_name(int label, char name[DC3_CALIBRATION_NAME])
{
    snprintf(name, DC3_CALIBRATION_NAME, "class-%04d.json", label);
    return name;
}

/* A name of one of the two kinds, or of one that a killed process had begun. */
static int is_ours(const char *name)
{
    size_t hex = strspn(name, "0123456789abcdef");
    if (dc3_is_part_name(name) || (hex == 16 && strcmp(name + hex, ".png") == 0)) return 1;
    if (strncmp(name, "class-", 6) != 0) return 0;
    size_t digits = strspn(name + 6, "0123456789");
    return digits >= 4 && strcmp(name + 6 + digits, ".json") == 0;
}

dc3_status dc3_clear_calibration(const char *run)
{
    char *folder = dc3_path_join(run, dc3_calibration_folder);
    struct dirent *entry;
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DIR *entries = dc3_path_is_link(folder) ? NULL : opendir(folder);
    dc3_status status = DC3_OK;
    while (entries && status == DC3_OK && (entry = readdir(entries))) {
        char *path = is_ours(entry->d_name) ? dc3_path_join(folder, entry->d_name) : NULL;
        if (path && dc3_path_what(path) == DC3_PATH_FILE && unlink(path) != 0)
            status = dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
        free(path);
    }
    if (entries) closedir(entries);
    if (entries) rmdir(folder); /* where it is empty now */
    free(folder);
    return status;
}
