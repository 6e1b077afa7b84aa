/* What the program prints: errors, results, reports. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "dc3/text.h"

int usage_error(const command *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "dc3: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry: dc3 %s%s--help\n", c ? c->name : "", c ? " " : "");
    va_end(args);
    return EXIT_USAGE;
}

void print_note(const char *before, const char *text)
{
    char *safe = dc3_text_printable(text);
    fprintf(stderr, "%s%s\n", before, safe ? safe : "out of memory");
    free(safe);
}

int finish(dc3_status status, const char *remains)
{
    int number = caught_signal();
    if (status == DC3_OK) return EXIT_DONE;
    if (status == DC3_ERR_CANCELLED && number) {
        fprintf(stderr, "\ndc3: interrupted%s%s\n", remains ? "; " : "", remains ? remains : "");
        return 128 + number;
    }
    print_note("dc3: ", dc3_error_text());
    return status == DC3_ERR_OPTION ? EXIT_USAGE : EXIT_FAILED;
}

const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

json_t *json_text(const char *bytes)
{
    char *safe = dc3_text_utf8(bytes);
    json_t *text = json_string(safe);
    free(safe);
    return text ? text : json_null();
}

static void dump(json_t *document, size_t flags)
{
    char *text = json_dumps(document, flags | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    printf("%s\n", text ? text : "null");
    free(text);
    json_decref(document);
}

void print_json(json_t *document)
{
    dump(document, JSON_INDENT(2));
}

void print_json_line(json_t *document)
{
    dump(document, 0);
}

void print_result(const settings *s, const char *path)
{
    json_t *document = s->json ? json_object() : NULL;
    if (!s->json) {
        printf("result: %s\n", path);
        return;
    }
    json_object_set_new(document, "out", json_text(path));
    print_json(document);
}

void print_estimate(const settings *s, double seconds)
{
    char text[DC3_NUMBER_TEXT];
    if (s->json)
        print_json(json_pack("{s:f}", "estimate_seconds", seconds));
    else
        printf("estimate: about %s\n", dc3_duration_text(seconds, text));
}

void print_report(const settings *s, const dc3_condense_report *r, const char *out)
{
    if (s->options.dry_run) {
        if (s->json)
            printf("{\"estimate_seconds\": %.1f, \"estimate_bytes\": %.0f}\n", r->estimate_seconds, r->bytes);
        return;
    }
    if (s->json) {
        json_t *o = json_pack(
            "{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "out", json_text(out), "images",
            (json_int_t)r->images, "classes", (json_int_t)r->classes, "stored", (json_int_t)r->stored,
            "edits", (json_int_t)r->edits, "repeated", (json_int_t)r->repeated, "skipped",
            (json_int_t)r->skipped, "copies", (json_int_t)r->copies, "conflicts", (json_int_t)r->conflicts,
            "peak_megabytes", r->peak_bytes * 1e-6, "estimate_seconds", r->estimate_seconds);
        if (!r->stage[2] && r->stored)
            json_object_set_new(o, "selected", json_integer((json_int_t)r->stored));
        if (r->stage[2]) json_object_set_new(o, "image_bytes", json_integer((json_int_t)r->bytes));
        if (r->files) {
            json_object_set_new(o, "files", json_integer((json_int_t)r->files));
            json_object_set_new(o, "file_bytes", json_integer((json_int_t)r->file_bytes));
            json_object_set_new(o, "disk_bytes", json_integer((json_int_t)r->disk_bytes));
        }
        if (s->options.near_duplicates > 0 || s->options.without_duplicates)
            json_object_set_new(o, "near_duplicates", json_integer((json_int_t)r->near_duplicates));
        if (*r->backbone) json_object_set_new(o, "backbone", json_string(r->backbone));
        if (r->pretrained) json_object_set_new(o, "backbone_pretrained", json_string(r->pretrained));
        if (r->probe_top1 >= 0) json_object_set_new(o, "probe_top1", json_real(r->probe_top1));
        if (r->tuned_top1 >= 0) json_object_set_new(o, "tuned_top1", json_real(r->tuned_top1));
        if (r->trained_top1 >= 0) json_object_set_new(o, "trained_top1", json_real(r->trained_top1));
        json_t *stages = json_object();
        for (int i = 0; i < DC3_STAGES; i++)
            if (r->stage[i]) json_object_set_new(stages, r->stage[i], json_real(r->seconds[i]));
        json_object_set_new(o, "seconds", stages);
        print_json(o);
        return;
    }
    char bytes[DC3_NUMBER_TEXT], disk[DC3_NUMBER_TEXT];
    for (int i = 0; i < DC3_STAGES; i++)
        if (r->stage[i]) printf("%-20s %8.1f s\n", r->stage[i], r->seconds[i]);
    if (r->stage[2])
        printf("%lld image%s stored, %lld edit%s made, ", (long long)r->stored, plural(r->stored),
               (long long)r->edits, plural(r->edits));
    else if (r->stored)
        printf("%lld image%s selected from %lld, %lld of them again, ", (long long)r->stored,
               plural(r->stored), (long long)r->readable, (long long)r->repeated);
    printf("%lld image%s skipped, peak memory %.0f MB\n", (long long)r->skipped, r->skipped == 1 ? "" : "s",
           r->peak_bytes * 1e-6);
    if (r->stage[2]) printf("bytes of images: %s\n", dc3_size_text(r->bytes, bytes));
    if (r->files)
        printf("on the disk: %lld file%s of %s, whose blocks take %s\n", (long long)r->files,
               r->files == 1 ? "" : "s", dc3_size_text(r->file_bytes, bytes),
               dc3_size_text(r->disk_bytes, disk));
    printf("result: %s\n", out);
}
