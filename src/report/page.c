#include "report/page.h"

#include <stdlib.h>
#include "base/file.h"
#include "report/assets.h"
#include "report/html.h"
#include "report/sections.h"

/* Everything that runs, in one script, so that the policy names one hash. */
static dc3_status join_script(char **script, size_t *size)
{
    FILE *to = open_memstream(script, size);
    if (!to) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fputs("/*\n", to);
    fwrite(dc3_chart_licence, 1, dc3_chart_licence_size, to);
    fputs("*/\n", to);
    fwrite(dc3_chart_js, 1, dc3_chart_js_size, to);
    fputc('\n', to);
    fwrite(dc3_page_js, 1, dc3_page_js_size, to);
    return fclose(to) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

const dc3_output_kind dc3_page_output = {
    "reports",
    "HTML",
    (const char *const[]){".html", ".htm", NULL},
    (const char *const[]){"<!DOCTYPE html>", "<meta name=\"generator\" content=\"dc3 ", NULL},
    (const char *const[]){"report.html", NULL},
    0};

/* With the colours of charts only where there is one. */
static dc3_status join_style(const json_t *document, char **style, size_t *size)
{
    FILE *to = open_memstream(style, size);
    if (!to) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fwrite(dc3_page_css, 1, dc3_page_css_size, to);
    if (json_object_get(document, "bytes") || json_object_get(document, "plots"))
        fwrite(dc3_chart_css, 1, dc3_chart_css_size, to);
    return fclose(to) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* What stands before the page's sections: hashes and style. */
typedef struct styling {
    char *style, *style_hash, *script_hash;
    size_t size;
} styling;

static void head(FILE *to, const json_t *document, const styling *s)
{
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
            "script-src %s; style-src %s; base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"dc3 "
            "%s\">\n<title>",
            s->script_hash, s->style_hash, dc3_version());
    dc3_html_text(to, dc3_section_text(document, "title"));
    fputs("</title>\n<style>", to);
    fwrite(s->style, 1, s->size, to);
    fputs("</style>\n</head>\n<body>\n", to);
}

static void top(FILE *to, const json_t *document)
{
    size_t i;
    json_t *fact;
    fputs("<header><h1>", to);
    dc3_html_text(to, dc3_section_text(document, "title"));
    fputs("</h1><p>", to);
    dc3_html_text(to, dc3_section_text(document, "subtitle"));
    fputs("</p><ul class=\"figures\">\n", to);
    json_array_foreach(json_object_get(document, "facts"), i, fact)
    {
        fputs("<li><b>", to);
        dc3_html_text(to, json_string_value(json_array_get(fact, 0)));
        fputs("</b> ", to);
        dc3_html_text(to, json_string_value(json_array_get(fact, 1)));
        fputs("</li>\n", to);
    }
    fputs("</ul></header>\n<main>\n", to);
}

/* What a click opens; the script fills it with copies of what stands in the page. */
static void dialog(FILE *to)
{
    fputs(
        "<dialog id=\"viewer\" aria-label=\"Original and result\"><div class=\"bar\"><button type=\"button\" "
        "data-do=\"previous\" aria-label=\"Previous image\">&#8592;</button><button type=\"button\" "
        "data-do=\"next\" aria-label=\"Next image\">&#8594;</button><span class=\"title\"></span><button "
        "type=\"button\" data-do=\"close\" aria-label=\"Close\">&#10005;</button></div><div "
        "class=\"pair\"></div><div class=\"slider\"><div class=\"stack\"></div><label>original <input "
        "type=\"range\" min=\"0\" max=\"100\" value=\"50\" aria-label=\"Line between original and stored\"> "
        "stored</label></div><div class=\"facts\"></div></dialog>\n",
        to);
}

/* The numbers that the script draws. */
static dc3_status data(FILE *to, const json_t *document)
{
    size_t i;
    json_t *class, *all = json_object(), *maps = json_array();
    json_array_foreach(json_object_get(document, "classes"), i, class)
    {
        json_t *map = json_object_get(class, "map");
        json_array_append_new(maps, map ? json_incref(map) : json_null());
    }
    json_object_set(all, "curves", json_object_get(document, "curves"));
    json_object_set_new(all, "maps", maps);
    dc3_status status = dc3_html_data(to, "data", all);
    json_decref(all);
    return status;
}

static dc3_status print(FILE *to, const json_t *document, const char *script, size_t size)
{
    dc3_section_answers(to, document);
    dc3_section_groups(to, document);
    dc3_section_bytes(to, document);
    dc3_section_samples(to, document);
    dc3_section_plots(to, document);
    dc3_section_measured(to, document);
    dc3_section_scores(to, document);
    dc3_section_colour(to, document);
    dc3_section_calibration(to, document);
    dc3_section_classes(to, document);
    dc3_section_class_table(to, document);
    dc3_section_times(to, document);
    dc3_section_settings(to, document);
    dc3_section_skipped(to, document);
    fprintf(to, "</main>\n<footer><p>Made by dc3 %s.</p>", dc3_version());
    fputs("<details><summary>Licence of the charts</summary><pre>", to);
    dc3_html_text(to, (const char *)dc3_chart_licence);
    fputs("</pre></details></footer>\n", to);
    dialog(to);
    DC3_TRY(data(to, document));
    fputs("<script>", to);
    fwrite(script, 1, size, to);
    fputs("</script>\n</body>\n</html>\n", to);
    return DC3_OK;
}

dc3_status dc3_page_write(const char *path, const json_t *document)
{
    char *script = NULL;
    size_t size = 0;
    styling s = {0};
    dc3_draft page = {0};
    dc3_status status = join_script(&script, &size);
    if (status == DC3_OK) status = join_style(document, &s.style, &s.size);
    if (status == DC3_OK)
        s.script_hash = dc3_html_hash(script, size), s.style_hash = dc3_html_hash(s.style, s.size);
    if (status == DC3_OK && (!s.script_hash || !s.style_hash))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_draft_open(&page);
    if (status == DC3_OK) {
        head(page.file, document, &s);
        top(page.file, document);
        status = print(page.file, document, script, size);
    }
    status = dc3_draft_write(&page, status, path);
    free(script);
    free(s.style);
    free(s.style_hash);
    free(s.script_hash);
    return status;
}
