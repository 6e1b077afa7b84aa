/* What of a dataset is passed over by names: counted, with the first few names, and said in a note a kind. */
#include <stdio.h>
#include <string.h>
#include "io/datasets/leftovers.h"
#include "io/datasets/reader.h"

/* 1 if "a, b" has `name` between its commas. */
static int lists(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ' ') && (!at[length] || at[length] == ',')) return 1;
    return 0;
}

void dc3_passed_add(dc3_passed *passed, const char *name, int is_folder)
{
    enum { SHOWN = 4 };
    size_t used = strlen(passed->names);
    *(is_folder ? &passed->folders : &passed->files) += 1;
    if (passed->shown > SHOWN || lists(passed->names, name)) return;
    if (passed->shown == SHOWN || used + strlen(name) + 8 > sizeof passed->names) {
        passed->shown = SHOWN + 1;
        strcpy(passed->names + used, used ? ", .." : "..");
        return;
    }
    passed->shown++;
    snprintf(passed->names + used, sizeof passed->names - used, "%s%s", used ? ", " : "", name);
}

/* "3 folders and 1 file". */
static const char *count_text(const dc3_passed *passed, char text[64])
{
    char *at = text;
    *text = 0;
    if (passed->folders) at += sprintf(at, "%ld folder%s", passed->folders, passed->folders == 1 ? "" : "s");
    if (passed->folders && passed->files) at += sprintf(at, " and ");
    if (passed->files) sprintf(at, "%ld file%s", passed->files, passed->files == 1 ? "" : "s");
    return text;
}

/* A note of files of one kind; `one` and `more` say what is the matter. */
static dc3_status note_files(dc3_dataset *d, const dc3_passed *passed, const char *one, const char *more,
                             const char *advice)
{
    if (!passed->files) return DC3_OK;
    return dc3_dataset_remark(d, "%ld %s (%s), skipped%s", passed->files, passed->files == 1 ? one : more,
                              passed->names, advice);
}

/* A link alone has been named. */
static dc3_status note_lost(dc3_dataset *d)
{
    if (d->lost.files < 2) return DC3_OK;
    return dc3_dataset_remark(d,
                              "%ld links lead to nothing (%s), skipped; was what they lead to moved, or not "
                              "fetched?",
                              d->lost.files, d->lost.names);
}

dc3_status dc3_dataset_note_passed(dc3_dataset *d)
{
    char text[64];
    if (d->leftovers.files + d->leftovers.folders)
        DC3_TRY(dc3_dataset_mention(d, "passed over %s, hidden or left behind by systems and programs (%s)",
                                    count_text(&d->leftovers, text), d->leftovers.names));
    DC3_TRY(note_lost(d));
    DC3_TRY(note_files(d, &d->absent, "image is only begun, or kept elsewhere by iCloud",
                       "images are only begun, or kept elsewhere by iCloud", "; let the download end first"));
    DC3_TRY(note_files(d, &d->unread, "image is in formats that are not read",
                       "images are in formats that are not read", "; convert them to PNG"));
    DC3_TRY(note_files(d, &d->special, "pipe, socket or device", "pipes, sockets or devices", ""));
    return note_files(d, &d->other, "file is not an image by its name", "files are not images by their names",
                      "");
}

void dc3_dataset_count_file(dc3_dataset *d, const char *name)
{
    const char *format = dc3_unread_image_name(name), *dot = strrchr(name, '.'), *ending = dot ? dot : name;
    if (format)
        dc3_passed_add(&d->unread, format, 0);
    else if (dc3_is_companion(name)) {
        dc3_passed_add(&d->leftovers, ending, 0);
        d->companions++;
    } else
        dc3_passed_add(&d->other, ending, 0);
    if (!d->foreign) d->foreign = dc3_other_dataset(name);
}

int dc3_dataset_pass_over(dc3_dataset *d, const struct dirent *entry)
{
    const char *ending = dc3_placeholder(entry->d_name);
    int is_leftover = dc3_is_leftover(entry->d_name);
    if (ending && entry->d_type != DT_DIR)
        dc3_passed_add(&d->absent, ending, 0);
    else if (is_leftover)
        dc3_passed_add(&d->leftovers, entry->d_name, entry->d_type == DT_DIR);
    else
        return 0;
    return 1;
}
