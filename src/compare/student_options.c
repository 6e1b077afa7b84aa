/* What a cell's student is trained by. */
#include <string.h>
#include "compare/comparing.h"
#include "base/file.h"
#include "compare/sets.h"
#include "io/weights.h"

/* Epochs of a student of the same size, network and labels that is there: students of one comparison that
 * have so many minutes train for as long, whatever they are trained on. 0: there is none, or sets of one
 * budget have different numbers of images, so that as many epochs would be other minutes. */
static int epochs_of(const dc3_comparing *c, const dc3_cell *w)
{
    const char *const keys[] = {"arch", "labels", "augment"}, *const words[] = {w->arch, w->labels,
                                                                                w->augment};
    size_t i;
    json_t *line;
    if (w->budget) return 0;
    json_array_foreach(c->results.lines, i, line)
    {
        int same = dc3_line_amount(line) == dc3_cell_amount(w);
        for (int k = 0; same && k < 3; k++) {
            const char *text = json_string_value(json_object_get(line, keys[k]));
            same = text && strcmp(text, words[k]) == 0;
        }
        if (same) return (int)json_integer_value(json_object_get(line, "epochs"));
    }
    return 0;
}

/* Students see what the teacher saw in its training, whatever the labels and the method: one that is given,
 * or the one that was made here, also where these methods and labels need none. */
dc3_status dc3_comparing_find_size(dc3_comparing *c)
{
    const char *teacher = c->options->condense.teacher;
    dc3_table *table;
    dc3_classifier *net;
    c->size = c->options->evaluate.size;
    if (c->size || dc3_goes_without(teacher)) return DC3_OK;
    if (!teacher && dc3_path_what(c->teacher) != DC3_PATH_FILE) {
        if (c->trains && !c->both) c->size = c->plan.size;
        return DC3_OK;
    }
    DC3_TRY(dc3_weights_open(teacher ? teacher : c->teacher, &table));
    DC3_TRY(dc3_classifier_open(NULL, NULL, &table, &net));
    c->size = (int)dc3_classifier_describe(net)->trained;
    dc3_classifier_close(&net);
    return DC3_OK;
}

dc3_status dc3_comparing_check_size(const dc3_comparing *c)
{
    size_t i;
    json_t *line;
    json_array_foreach(c->results.lines, i, line)
    {
        int size = (int)json_integer_value(json_object_get(line, "size"));
        if (c->size && size && size != c->size)
            return dc3_fail(
                DC3_ERR_ARGUMENT,
                "%s: holds scores of students that see %d px, and with this teacher they see %d; use "
                "another folder",
                c->options->out, size, c->size);
    }
    return DC3_OK;
}

dc3_status dc3_comparing_student(dc3_comparing *c, const dc3_cell *w, const char *folder,
                                 dc3_evaluate_options *o)
{
    *o = c->options->evaluate;
    o->data = folder;
    o->size = c->size;
    o->arch = w->arch;
    DC3_TRY(dc3_label_kind_parse(w->labels, &o->labels));
    DC3_TRY(dc3_augment_kind_parse(w->augment, &o->augment));
    o->teacher = o->labels == DC3_LABELS_SOFT ? c->students_teacher : NULL;
    o->teacher_classes = c->trains ? NULL : c->options->condense.teacher_classes;
    o->seed = c->options->condense.select.seed + (uint64_t)w->seed;
    o->folder = c->options->out;
    if (o->augment ==
        DC3_AUGMENT_NONE) /* beside students with these views, for an augmentation-robust score */
        o->crop = 0, o->cutmix = o->rand_ops = -1, o->rand_strength = 0;
    dc3_comparing_loss(c->options, o);
    if (o->minutes > 0 && (o->epochs = epochs_of(c, w))) o->minutes = 0;
    if (!c->options->verbose)
        o->listener = (dc3_listener){c, dc3_comparing_progress, dc3_comparing_message, o->listener.cancel};
    return DC3_OK;
}
