#include "duplicates/folder.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "dc3/text.h"
#include "duplicates/page.h"
#include "io/csv.h"
#include "output/output_path.h"

static const char document_name[] = "duplicates.json", kept_name[] = "kept.csv",
                  left_out_name[] = "left_out.txt", page_name[] = "report.html",
                  mark[] = "{\n \"program\": \"dc3 duplicates\",";

/* 1 if an earlier call made the folder. */
static int is_ours(const char *folder)
{
    char *path = dc3_path_join(folder, document_name), text[sizeof mark] = "";
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t got = file ? fread(text, 1, sizeof mark - 1, file) : 0;
    if (file) fclose(file);
    free(path);
    return got == sizeof mark - 1 && memcmp(text, mark, got) == 0;
}

/* 1 if the dataset is the list that the call replaces. */
static int is_own_list(const dc3_duplicates_options *o)
{
    char *list = dc3_path_join(o->out, kept_name), *there = list ? dc3_path_real(list) : NULL,
         *data = dc3_path_real(o->data);
    int same = there && data && strcmp(there, data) == 0;
    free(list), free(there), free(data);
    return same;
}

dc3_status dc3_duplicates_check_place(const dc3_duplicates_options *o)
{
    const dc3_input inputs[] = {{"the dataset", o->data},
                                {"the embeddings", o->embeddings},
                                {"the backbone", o->backbone},
                                {"the editor", o->editor},
                                {"saved features", o->cache}};
    if (!o->out) return DC3_OK;
    DC3_TRY(dc3_output_folder_check("out", o->out, inputs, sizeof inputs / sizeof *inputs));
    if (is_own_list(o))
        return dc3_fail_about("out",
                              "%s: is the dataset, and what an earlier call wrote to %s, where this one "
                              "would replace it; choose another folder",
                              o->data, o->out);
    if (!dc3_folder_occupied(o->out) || is_ours(o->out)) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 duplicates did not make; choose a new folder",
                    o->out);
}

/* A file of lines, whole or not at all; `print` adds what there is of an image. */
static dc3_status write_lines(const dc3_finding *f, const char *name, const char *head,
                              dc3_status (*print)(const dc3_finding *f, int64_t item, FILE *to))
{
    char *path = dc3_path_join(f->options->out, name);
    dc3_draft lines = {0};
    dc3_status status = path ? dc3_draft_open(&lines) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) fputs(head, lines.file);
    for (int64_t i = 0; status == DC3_OK && i < dc3_dataset_size(f->dataset); i++)
        status = print(f, i, lines.file);
    status = dc3_draft_write(&lines, status, path);
    free(path);
    return status;
}

/* Of an image that stays. */
static dc3_status print_kept(const dc3_finding *f, int64_t item, FILE *to)
{
    if (!dc3_stays(f, item) || !f->like.images[item].width) return DC3_OK;
    char *file = dc3_dataset_file(f->dataset, item);
    if (!file) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    char *whole = g_canonicalize_filename(file, NULL);
    dc3_csv_print(to, whole);
    fputc(',', to);
    dc3_csv_print(to, dc3_dataset_class_name(f->dataset, dc3_dataset_label(f->dataset, item)));
    int group = dc3_dataset_group(f->dataset, item);
    if (group)
        fprintf(to, ",%d", group);
    else if (dc3_dataset_groups(f->dataset))
        fputc(',', to);
    fputc('\n', to);
    g_free(whole), free(file);
    return DC3_OK;
}

static dc3_status print_left_out(const dc3_finding *f, int64_t item, FILE *to)
{
    if (dc3_stays(f, item)) return DC3_OK;
    char *name = dc3_text_printable(dc3_dataset_key(f->dataset, item));
    if (!name) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fprintf(to, "%s\n", name);
    free(name);
    return DC3_OK;
}

/* 1 if each image is a file of its own, which a manifest can name. */
static int are_files(const dc3_dataset *d)
{
    char *file = dc3_dataset_size(d) ? dc3_dataset_file(d, 0) : NULL;
    int are = file != NULL;
    free(file);
    return are;
}

static dc3_status write_kept(const dc3_finding *f)
{
    const char *head = dc3_dataset_groups(f->dataset) ? "path,label,group\n" : "path,label\n";
    if (are_files(f->dataset)) return write_lines(f, kept_name, head, print_kept);
    dc3_listener_say(
        &f->options->listener,
        "note: no kept.csv is written, since a manifest cannot name images inside of other files; "
        "%s of dc3 condense and select leaves the others out",
        dc3_setting("without_duplicates"));
    return DC3_OK;
}

static dc3_status write_file(const dc3_finding *f, const char *name, const char *text)
{
    char *path = dc3_path_join(f->options->out, name);
    dc3_status status =
        path ? dc3_file_write(path, text, strlen(text)) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

/* What an earlier call left would be lists of other images, should this one end early. */
static void remove_lists(const char *out)
{
    const char *const names[] = {kept_name, left_out_name, page_name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = dc3_path_join(out, names[i]);
        if (path) remove(path);
        free(path);
    }
}

dc3_status dc3_duplicates_write(const dc3_finding *f)
{
    const char *out = f->options->out;
    DC3_TRY(dc3_make_dirs(out));
    remove_lists(out);
    /* First, so that the folder of a call that ends early is known as ours. */
    DC3_TRY(write_file(f, document_name, f->report->json));
    DC3_TRY(write_kept(f));
    DC3_TRY(write_lines(f, left_out_name, "", print_left_out));
    char *page = dc3_path_join(out, page_name);
    dc3_status status = page ? dc3_duplicates_page(f, page) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(page);
    return status;
}
