#include "report/place.h"

#include <sys/stat.h>
#include "base/file.h"
#include "output/output_path.h"
#include "report/page.h"

/* Where the page goes: not among the images that it shows, nor over a file that it reads. */
dc3_status dc3_report_find_place(const dc3_reporting *r, char **place)
{
    const dc3_report_options *o = r->options;
    dc3_input inputs[4 + DC3_REPORT_AGAINST] = {{"the dataset", o->data}, {"the scores", o->scores}};
    size_t count = 2;
    if (!o->out) {
        *place = dc3_path_join(o->run, "report.html");
        return *place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    if (!o->data) inputs[0].path = json_string_value(json_object_get(r->settings, "data"));
    inputs[count++] = (dc3_input){"the run's images", r->train};
    inputs[count++] = (dc3_input){"the measures", o->measures};
    for (int i = 0; o->against && o->against[i] && i < DC3_REPORT_AGAINST; i++)
        inputs[count++] = (dc3_input){"the run beside it", o->against[i]};
    dc3_output_path output = {"out", o->out, &dc3_page_output, o->force, inputs, count, o->run};
    return dc3_output_path_check(&output, place);
}

dc3_status dc3_report_write_page(dc3_reporting *r, const char *place)
{
    struct stat info;
    DC3_TRY(dc3_page_write(place, r->page));
    if (stat(place, &info) == 0) r->result->bytes = (double)info.st_size;
    return DC3_OK;
}
