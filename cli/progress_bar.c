/* Progress on standard error: bars on a terminal, a line each tenth elsewhere. */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dc3/text.h"

static struct {
    char stage[32];
    double start, shown;
    int64_t first, done;
    int tenth, open; /* open: the bar's line has no end yet */
    int is_bytes;    /* what is counted: of a download */
} bar;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How many so far, where nobody knows how many there will be; on a terminal in the place of the bar. */
static void count_up(const char *stage, int64_t done, double time, int terminal)
{
    const double often = 0.1, seldom = 10;
    if (time - (bar.shown > 0 ? bar.shown : bar.start) < (terminal ? often : seldom)) return;
    fprintf(stderr, terminal ? "\r%-14s %lld so far " : "%s: %lld so far\n", stage, (long long)done);
    bar.open = terminal;
    bar.shown = time;
}

static void begin_stage(const char *stage, int64_t done, double share, double time)
{
    snprintf(bar.stage, sizeof bar.stage, "%s", stage);
    bar.start = time;
    bar.first = done; /* a stage may begin in the middle: of an epoch, or of a run that continues */
    bar.shown = 0;
    bar.tenth = (int)(share * 10);
}

/* "17", or "29.5 MB". */
static const char *amount(int64_t number, char text[DC3_NUMBER_TEXT])
{
    if (bar.is_bytes) return dc3_size_text((double)number, text);
    snprintf(text, DC3_NUMBER_TEXT, "%lld", (long long)number);
    return text;
}

/* "35 MB/s, " of a download, else "". */
static const char *speed(double rate, char text[DC3_NUMBER_TEXT + 8])
{
    char size[DC3_NUMBER_TEXT];
    *text = 0;
    if (bar.is_bytes && rate > 0)
        snprintf(text, DC3_NUMBER_TEXT + 8, "%s/s, ", dc3_size_text(1 / rate, size));
    return text;
}

static void draw(const char *stage, int64_t done, int64_t total, double rate, const char *left)
{
    char cells[31], is[DC3_NUMBER_TEXT], of[DC3_NUMBER_TEXT], fast[DC3_NUMBER_TEXT + 8];
    double share = total > 0 ? (double)done / (double)total : 1;
    for (int i = 0; i < 30; i++) cells[i] = (double)i < share * 30 ? '#' : '.';
    cells[30] = 0;
    fprintf(stderr, "\r%-14s [%s] %s/%s  %s%s left   %s", stage, cells, amount(done, is), amount(total, of),
            speed(rate, fast), left, done == total ? "\n" : "");
    bar.open = done != total;
}

static void show(void *user, const char *stage, int64_t done, int64_t total)
{
    (void)user;
    char left[DC3_NUMBER_TEXT], is[DC3_NUMBER_TEXT], of[DC3_NUMBER_TEXT], fast[DC3_NUMBER_TEXT + 8];
    double time = now(), share = total > 0 ? (double)done / (double)total : total ? 0 : 1;
    int terminal = isatty(STDERR_FILENO);
    if (strcmp(bar.stage, stage) != 0 || done < bar.done) begin_stage(stage, done, share, time);
    bar.done = done;
    if (total < 0) {
        count_up(stage, done, time, terminal);
        return;
    }
    double rate = done > bar.first ? (time - bar.start) / (double)(done - bar.first) : 0;
    dc3_duration_text(rate * (double)(total - done), left);
    if (terminal && (time - bar.shown > 0.1 || done == total)) {
        draw(stage, done, total, rate, left);
        bar.shown = time;
    } else if (!terminal && (int)(share * 10) > bar.tenth && (time - bar.shown > 1 || done == total)) {
        bar.tenth = (int)(share * 10);
        bar.shown = time;
        fprintf(stderr, "%s: %s of %s, %s%s left\n", stage, amount(done, is), amount(total, of),
                speed(rate, fast), left);
    }
}

static void show_bytes(void *user, const char *stage, int64_t done, int64_t total)
{
    bar.is_bytes = 1;
    show(user, stage, done, total);
}

static void message(void *user, const char *text)
{
    (void)user;
    print_note(bar.open ? "\r\033[K" : "", text); /* over an unfinished bar, which comes again */
    bar.open = 0;
}

const dc3_listener progress_listener = {.progress = show, .message = message};
const dc3_listener bytes_listener = {.progress = show_bytes, .message = message};
