#include "report/training_samples.h"

#include <dirent.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"

/* Grids and bytes of them that the page takes; pixels up to which one is enlarged. */
enum { MOST = 24, BYTES = 4500000, WIDE = 600 };

/* step-000500.png: the step; else -1 */
static long long step_of(const char *name)
{
    long long step;
    int end = 0;
    if (sscanf(name, "step-%lld.png%n", &step, &end) != 1 || !end || name[end]) return -1;
    return step;
}

static int is_grid(const struct dirent *entry)
{
    return step_of(entry->d_name) >= 0;
}

static int by_step(const struct dirent **a, const struct dirent **b)
{
    long long x = step_of((*a)->d_name), y = step_of((*b)->d_name);
    return (x > y) - (x < y);
}

/* Four bytes of a PNG's header, which come with the largest first. */
static unsigned side_of(const unsigned char *at)
{
    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

/* {"title", "image": data URI, "width", "height"}: as large as a whole factor below WIDE makes it. */
static json_t *grid_of(long long step, const void *data, size_t size)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    const unsigned char *bytes = data;
    if (size < 33 || memcmp(bytes, signature, 8) != 0) return NULL;
    unsigned width = side_of(bytes + 16), height = side_of(bytes + 20);
    if (width < 1 || height < 1 || width > 1 << 16 || height > 1 << 16) return NULL;
    unsigned factor = width < WIDE / 2 ? WIDE / width : 1;
    char title[40], *text = g_base64_encode(data, size),
                    *uri = g_strconcat("data:image/png;base64,", text, NULL);
    snprintf(title, sizeof title, "after step %lld", step);
    json_t *grid = json_pack("{s:s, s:s, s:i, s:i}", "title", title, "image", uri, "width",
                             (int)(width * factor), "height", (int)(height * factor));
    g_free(text), g_free(uri);
    return grid;
}

/* One file; a damaged one is left out, and noted. */
static dc3_status add_grid(dc3_reporting *r, const char *folder, const char *name, json_t *grids)
{
    char *path = dc3_path_join(folder, name), *data = NULL;
    size_t size = 0;
    dc3_status status =
        path ? dc3_file_read(path, BYTES, &data, &size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_t *grid = status == DC3_OK ? grid_of(step_of(name), data, size) : NULL;
    if (grid)
        json_array_append_new(grids, grid), r->result->shown++;
    else if (status != DC3_ERR_MEMORY)
        dc3_gather_note(r, "samples/%.60s is not shown: it is no PNG that can be read.", name);
    free(path);
    free(data);
    return status == DC3_ERR_MEMORY ? status : DC3_OK;
}

static int64_t size_of(const char *folder, const char *name)
{
    struct stat info;
    char *path = dc3_path_join(folder, name);
    int64_t size = path && stat(path, &info) == 0 ? info.st_size : 0;
    free(path);
    return size;
}

/* Moves the grids that the page has room for to the front, and notes the others. Returns how many there are;
 * *most: how many of them fit together, whichever they are. */
static int set_apart(dc3_reporting *r, const char *folder, struct dirent **entries, int n, int *most)
{
    int64_t largest = 1;
    int fit = 0;
    for (int i = 0; i < n; i++) {
        struct dirent *entry = entries[i];
        int64_t size = size_of(folder, entry->d_name);
        if (size > BYTES) {
            dc3_gather_note(r, "samples/%.60s is not shown: it has more than %.1f MB.", entry->d_name,
                            BYTES * 1e-6);
            continue;
        }
        largest = size > largest ? size : largest;
        entries[i] = entries[fit], entries[fit++] = entry;
    }
    *most = BYTES / largest < MOST ? (int)(BYTES / largest) : MOST;
    return fit;
}

dc3_status dc3_training_samples(dc3_reporting *r)
{
    struct dirent **entries = NULL;
    char *folder = dc3_path_join(r->options->run, "samples");
    json_t *grids = json_array();
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int n = scandir(folder, &entries, is_grid, by_step), most, fit = set_apart(r, folder, entries, n, &most),
        shown = fit < most ? fit : most;
    dc3_status status = DC3_OK;
    json_object_set_new(r->page, "samples", grids);
    for (int i = 0; status == DC3_OK && i < shown; i++) {
        int at = shown > 1 ? i * (fit - 1) / (shown - 1) : fit - 1; /* of one, the last */
        status = add_grid(r, folder, entries[at]->d_name, grids);
    }
    if (shown < fit) dc3_gather_note(r, "Of %d grids of samples the page has room for %d.", fit, shown);
    r->result->images = n < 0 ? 0 : n;
    if (n <= 0) dc3_gather_note(r, "The training made no samples.");
    for (int i = 0; i < n; i++) free(entries[i]);
    free(entries);
    free(folder);
    return status;
}
