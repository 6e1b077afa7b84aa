#include "io/csv.h"

#include <stdlib.h>
#include <string.h>

void dc3_csv_open(const char *path, const char *text, size_t size, dc3_csv *c)
{
    static const char mark[] = "\xef\xbb\xbf";
    int marked = size >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0;
    *c = (dc3_csv){.path = path, .at = text + (marked ? sizeof mark - 1 : 0), .end = text + size, .next = 1};
}

void dc3_csv_close(dc3_csv *c)
{
    free(c->text);
    *c = (dc3_csv){0};
}

/* A field that is read: bytes of `text` from `start` on. */
typedef struct field {
    size_t start, used;
} field;

static dc3_status reserve(dc3_csv *c, size_t bytes)
{
    if (bytes <= c->room) return DC3_OK;
    size_t room = 2 * bytes + 1024;
    char *more = realloc(c->text, room);
    if (!more) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", c->path);
    c->text = more, c->room = room;
    return DC3_OK;
}

static dc3_status add_byte(dc3_csv *c, field *f, char byte)
{
    if (!byte)
        return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected text, found a zero byte", c->path, c->next);
    if (f->used - f->start >= DC3_CSV_FIELD)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: line %ld: expected fields of at most %d bytes, found a longer one; is a quote "
                        "missing?",
                        c->path, c->line, DC3_CSV_FIELD);
    DC3_TRY(reserve(c, f->used + 1));
    c->text[f->used++] = byte;
    return DC3_OK;
}

static int at_row_end(const dc3_csv *c)
{
    return c->at == c->end || *c->at == '\n' || (*c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n'));
}

/* Behind the opening quote; ends behind the closing one. */
static dc3_status read_quoted(dc3_csv *c, field *f)
{
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"' && c->at + 1 < c->end && c->at[1] == '"')
            c->at++;
        else if (*c->at == '"') {
            c->at++;
            if (at_row_end(c) || *c->at == ',') return DC3_OK;
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: line %ld: expected a comma or the end of the line behind a quoted field; a "
                            "quote inside one is written twice",
                            c->path, c->next);
        }
        c->next += *c->at == '\n';
        DC3_TRY(add_byte(c, f, *c->at));
    }
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: line %ld: expected a quote at the end of a quoted field, found the "
                    "end of the file",
                    c->path, c->line);
}

static dc3_status read_field(dc3_csv *c, field *f)
{
    if (c->at < c->end && *c->at == '"') return read_quoted(c, f);
    for (; !at_row_end(c) && *c->at != ','; c->at++) {
        if (*c->at == '"')
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: line %ld: expected quotes around all of a field that has one in it", c->path,
                            c->next);
        DC3_TRY(add_byte(c, f, *c->at));
    }
    return DC3_OK;
}

static void end_row(dc3_csv *c)
{
    if (c->at < c->end && *c->at == '\r') c->at++;
    if (c->at < c->end && *c->at == '\n') c->at++;
    c->next++;
}

dc3_status dc3_csv_next(dc3_csv *c, int *found)
{
    size_t starts[DC3_CSV_COLUMNS];
    field f = {0};
    while (c->at < c->end && at_row_end(c)) end_row(c);
    *found = c->at < c->end;
    c->line = c->next, c->count = 0;
    if (!*found) return DC3_OK;
    for (int more = 1; more;) {
        if (c->count == DC3_CSV_COLUMNS)
            return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected at most %d columns, found more", c->path,
                            c->line, DC3_CSV_COLUMNS);
        f.start = starts[c->count++] = f.used;
        DC3_TRY(read_field(c, &f));
        more = !at_row_end(c);
        c->at += more;
        DC3_TRY(reserve(c, f.used + 1));
        c->text[f.used++] = 0;
    }
    for (int i = 0; i < c->count; i++) c->fields[i] = c->text + starts[i];
    end_row(c);
    return DC3_OK;
}

void dc3_csv_print(FILE *to, const char *text)
{
    if (*text && !text[strcspn(text, ",\"\r\n")]) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}
