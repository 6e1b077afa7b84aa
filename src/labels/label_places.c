/* Where a labelling finds its images and puts its file. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/options.h"
#include "labels/labelling.h"
#include "learn/checkpoint.h"
#include "output/output_path.h"
#include "run_folder/images_place.h"

/* The names of a run's classes, from its dc3.json. */
static dc3_status read_run(dc3_labelling *l, const dc3_images_place *place)
{
    const char *program = json_string_value(json_object_get(place->document, "program")),
               *data =
                   json_string_value(json_object_get(json_object_get(place->document, "settings"), "data"));
    json_t *classes = json_object_get(place->document, "classes");
    if (!program || strcmp(program, "dc3") != 0 || !json_is_array(classes))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a run of dc3 with its classes", place->path);
    l->classes = json_incref(classes);
    l->document = json_incref(place->document);
    if (data) l->data = strdup(data);
    return DC3_OK;
}

/* The file to write, and beside it the one that is kept until it is complete. Of a run's folder the names are
 * its own. */
static dc3_status find_output(dc3_labelling *l)
{
    const dc3_label_options *o = l->options;
    char *checkpoint = NULL;
    dc3_status status = DC3_OK;
    dc3_input inputs[2 + DC3_ENSEMBLE_MOST] = {{"the images", l->folder}, {"the dataset", l->data}};
    size_t count = 2;
    for (int k = 0; k < l->teachers.list.count; k++)
        inputs[count++] = (dc3_input){"the teacher", l->teachers.list.paths[k]};
    dc3_output_path output = {"out", o->out, &dc3_soft_labels_output, o->force, inputs, count, o->run};
    if (o->out)
        DC3_TRY(dc3_output_path_check(&output, &l->out));
    else
        l->out = dc3_path_join(o->run, "soft_labels.safetensors");
    l->checkpoint = l->out ? dc3_checkpoint_beside(l->out) : NULL;
    if (!l->checkpoint) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    output.path = l->checkpoint, output.kind = &dc3_soft_labels_part_output;
    if (o->out) status = dc3_output_path_check(&output, &checkpoint);
    free(checkpoint);
    return status;
}

dc3_status dc3_labelling_find_places(dc3_labelling *l)
{
    const dc3_label_options *o = l->options;
    dc3_images_place place;
    dc3_status status = dc3_images_place_find(o->run, &place);
    l->is_run = place.is_run;
    l->folder = place.folder;
    place.folder = NULL;
    if (status == DC3_OK && l->is_run) status = dc3_choice_refuse(&o->choice, o->run);
    if (status == DC3_OK && l->is_run) status = dc3_images_place_need_classes(&place, "soft labels");
    if (status == DC3_OK && l->is_run) status = read_run(l, &place);
    if (status == DC3_OK && !l->is_run && !o->out && !o->dry_run)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: was not made by dc3 condense, so nothing is written into it; use %s FILE",
                          o->run, dc3_setting("out"));
    if (status == DC3_OK) status = find_output(l);
    dc3_images_place_free(&place);
    return status;
}
