#include "condense/originals.h"

#include <stdlib.h>
#include "base/file.h"
#include "base/link.h"
#include "methods/method.h"
#include "methods/syntheses.h"
#include "run_folder/store.h"

/* What the options say beside it. */
static dc3_status check_options(const dc3_condense_options *o, const char *store)
{
    const struct {
        const char *setting;
        int given;
    } all[] = {
        {"size", o->size != 0}, {"format", o->format != DC3_FORMAT_DEFAULT}, {"budget", o->budget > 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given)
            return dc3_fail_about(all[i].setting,
                                  "%s %s keeps images as their files are, in their own size, format and "
                                  "number of bytes; leave out %s",
                                  dc3_setting("store"), store, dc3_setting(all[i].setting));
    return DC3_OK;
}

dc3_status dc3_originals_check(const dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    if (!dc3_store_keeps(o)) return DC3_OK;
    const char *store = dc3_store_kind_name(o->store);
    if (run->synthesis != &dc3_as_is && run->synthesis != &dc3_uncompensated)
        return dc3_fail_about("store",
                              "%s %s keeps images as their files are, and %s %s changes their pixels; use "
                              "dc3-select or another method that stores them as they are, or %s %s",
                              dc3_setting("store"), store, dc3_setting("method"), run->method->words->name,
                              dc3_setting("store"), dc3_store_kind_name(DC3_STORE_FILES));
    if (run->crops)
        return dc3_fail_about("store", "%s %s keeps images as their files are; crops of them are new images",
                              dc3_setting("store"), store);
    DC3_TRY(check_options(o, store));
    if (!dc3_dataset_has_files(run->dataset))
        return dc3_fail_about("store",
                              "%s %s: expected a dataset of image files, found %s, whose images are "
                              "pixels of a large file; leave it out",
                              dc3_setting("store"), store, dc3_dataset_kind(run->dataset));
    char *file = dc3_dataset_file(run->dataset, 0);
    int is_file = file != NULL;
    free(file);
    if (is_file || o->store == DC3_STORE_COPY) return DC3_OK;
    return dc3_fail_about("store",
                          "%s %s: expected a dataset whose images are files of their own, found %s; %s takes "
                          "its images out of it",
                          dc3_setting("store"), store, dc3_dataset_kind(run->dataset),
                          dc3_store_kind_name(DC3_STORE_COPY));
}

static dc3_status link_to(const dc3_run *run, int64_t item, const char *path)
{
    char *file = dc3_dataset_file(run->dataset, item), *real = file ? dc3_path_real(file) : NULL;
    dc3_status status = real ? dc3_link_write(real, path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(file);
    free(real);
    return status;
}

dc3_status dc3_original_write(const dc3_run *run, int64_t item, const char *path)
{
    dc3_image_source *source;
    size_t size;
    if (run->options->store == DC3_STORE_LINK) return link_to(run, item, path);
    DC3_TRY(dc3_dataset_source(run->dataset, item, &source));
    const void *data = dc3_image_source_bytes(source, &size);
    dc3_status status = dc3_file_write(path, data, size);
    dc3_image_source_close(&source);
    return status;
}

double dc3_originals_bytes(const dc3_run *run)
{
    enum { LOOKS = 1000 };
    int64_t n = dc3_dataset_size(run->dataset), looks = n < LOOKS ? n : LOOKS;
    double sum = 0;
    if (run->options->store == DC3_STORE_LINK) return 0;
    for (int64_t i = 0; i < looks; i++) sum += dc3_dataset_bytes(run->dataset, n * i / looks);
    return looks ? sum / (double)looks : 0;
}
