/* Where a run stands. */
#include "cli.h"

#include <stdio.h>
#include <time.h>
#include "dc3/progress.h"

static const char *state_of(const dc3_progress *p)
{
    return p->running ? "running" : p->complete ? "complete" : "stopped";
}

static void print_bytes(double bytes)
{
    if (bytes < 1e6)
        printf("%.1f kB", bytes * 1e-3);
    else
        printf("%.1f MB", bytes * 1e-6);
}

static void print_state(const char *folder, const dc3_progress *p)
{
    char text[24];
    double age = p->updated < 0 ? -1 : difftime(time(NULL), (time_t)p->updated);
    printf("%s: %s, %lld images a class of %s\n", folder, p->method, (long long)p->ipc,
           p->data ? p->data : "?");
    printf("  %-10s", state_of(p));
    if (p->running) printf("%s", p->holder);
    if (!p->running && !p->complete) printf("to continue: the command that began it, again");
    printf("\n");
    if (!p->has_database) {
        printf("  state.db   none that can be read: the run was begun by an earlier version, or it was "
               "removed\n");
        return;
    }
    if (!p->complete && p->total > 0) {
        printf("  %-10s%lld of %lld", p->stage, (long long)p->done, (long long)p->total);
        if (p->running && p->seconds_left >= 0 && p->done < p->total)
            printf(", about %s left", duration(p->seconds_left, text));
        if (age >= 0) printf(" (%s ago)", duration(age, text));
        printf("\n");
    }
}

static void print_counts(const dc3_progress *p)
{
    printf("  inputs    %lld images in %lld classes: %lld read, %lld skipped", (long long)p->inputs,
           (long long)p->classes, (long long)p->read, (long long)p->skipped);
    printf(p->binned ? ", %lld in bins\n" : "\n", (long long)p->binned);
    if (p->chosen) {
        printf("  pictures  %lld of %lld stored, ", (long long)p->stored, (long long)p->chosen);
        print_bytes((double)p->bytes);
        printf(", %lld edits\n", (long long)p->edits);
    }
    if (p->views) printf("  labels    %lld views of each picture\n", (long long)p->views);
    for (int i = 0; i < p->stages; i++)
        printf("%s%s %.1f s", i ? ", " : "  time      ", p->names[i], p->seconds[i]);
    if (p->stages) printf("\n");
}

static void print_state_json(const char *folder, const dc3_progress *p)
{
    json_t *o = json_object(), *stages = json_object();
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"ipc", p->ipc},           {"classes", p->classes}, {"inputs", p->inputs},
                   {"read", p->read},         {"skipped", p->skipped}, {"binned", p->binned},
                   {"chosen", p->chosen},     {"stored", p->stored},   {"edits", p->edits},
                   {"bytes", p->bytes},       {"views", p->views},     {"stage_done", p->done},
                   {"stage_total", p->total}, {"updated", p->updated}};
    json_object_set_new(o, "out", json_text(folder));
    json_object_set_new(o, "state", json_string(state_of(p)));
    if (p->running) json_object_set_new(o, "holder", json_text(p->holder));
    json_object_set_new(o, "method", json_text(p->method));
    json_object_set_new(o, "data", json_text(p->data ? p->data : ""));
    if (p->has_database) json_object_set_new(o, "stage", json_text(p->stage));
    for (size_t i = 0; i < (p->has_database ? sizeof numbers / sizeof *numbers : 1); i++)
        json_object_set_new(o, numbers[i].name, json_integer(numbers[i].value));
    if (p->seconds_left >= 0) json_object_set_new(o, "seconds_left", json_real(p->seconds_left));
    for (int i = 0; i < p->stages; i++) json_object_set_new(stages, p->names[i], json_real(p->seconds[i]));
    json_object_set_new(o, "seconds", stages);
    print_json(o);
}

int run_status(const command *c, int argc, char **argv)
{
    settings s;
    char **rest;
    dc3_progress p = {0};
    int status = parse(c, argc, argv, 0, NULL, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(c, "status: expected one folder of a run, found %u words", g_strv_length(rest));
    else
        status = finish(dc3_progress_read(rest[0], &p), NULL);
    if (status == EXIT_DONE) {
        if (s.json)
            print_state_json(rest[0], &p);
        else {
            print_state(rest[0], &p);
            if (p.has_database) print_counts(&p);
        }
        dc3_progress_free(&p);
    }
    g_strfreev(rest);
    return status;
}
