/* A comparison in progress, which the files of this room share. */
#ifndef DC3_COMPARE_COMPARING_H
#define DC3_COMPARE_COMPARING_H

#include <stdio.h>
#include "base/lock.h"
#include "compare/results.h"
#include "evaluate/test_set.h"
#include "select/image_rows.h"
#include "train/both_teachers.h"

typedef struct dc3_comparing {
    dc3_compare_options own;            /* with the teacher that is trained here, where none is given */
    const dc3_compare_options *options; /* = &own */
    int trains;                         /* 1: it is, as the plan says */
    dc3_train_options plan;
    int both;                 /* what it may be beside a linear probe (both_teachers.h), of which the best is
                                 taken; 0: nothing */
    dc3_both_plan candidates; /* with both */
    int probes;               /* the teacher that was made here is a linear probe */
    dc3_teacher_accuracy accuracy; /* of the first teacher; top1 below 0: not known */
    char backbone[24];             /* its architecture; "": none is used */
    const char *pretrained;        /* what it was trained on; NULL: not known */
    int doubted;                   /* 1: it seems to be one of other classes, and is taken all the same */
    char *teacher;                 /* OUT/teacher.safetensors */
    dc3_teacher_list given;        /* teachers' files; count 0: none, or "none" */
    char given_names[400];         /* for people: "a.safetensors, resnet18; b.safetensors, convnet3" */
    const char *students_teacher;  /* text of these files, for students; condensing has the first */
    dc3_compare_report *report;
    dc3_lock lock;       /* of OUT */
    json_t *wanted;      /* dc3_wanted */
    dc3_results results; /* of OUT/results.jsonl */
    dc3_tests *tests;
    dc3_dtype dtype;
    double real_hard;         /* below 0: unknown */
    int64_t images;           /* of what is condensed */
    int classes, usual;       /* its classes; dc3_usual_size, at most 224 */
    uint64_t dataset;         /* dc3_fingerprint_classes of what is condensed */
    dc3_image_rows *features; /* of a file, which all sets share; NULL: none */
    int size;                 /* pixels that students see; 0: as each dataset suggests, or not known yet */
    json_t *told;             /* object by the warnings and notes of condensing that were passed on */
} dc3_comparing;

/* options.c: DC3_ERR_OPTION for what a comparison does not take. */
dc3_status dc3_comparing_check(const dc3_compare_options *options);
/* Of soft and hard labels together what is given of one kind's loss is not asked of the other's students. */
void dc3_comparing_loss(const dc3_compare_options *options, dc3_evaluate_options *student);
/* 1 for the teacher "none". */
int dc3_goes_without(const char *teacher);
/* 1 if a method needs a teacher; if any of them does; if any of them or the labels do. */
int dc3_method_needs_teacher(const dc3_condense_options *condense, const char *method);
int dc3_comparing_selects(const dc3_compare_options *options);
/* Puts the compensation of the method dc3 where the options leave it open, whether it is among theirs or not:
 * the folder may get its sets later. */
void dc3_comparing_choose_compensation(dc3_compare_options *options);
/* Leaves of the comparison's compensation what the options' method has of it. */
void dc3_comparing_compensation(dc3_condense_options *options);
int dc3_comparing_needs_teacher(const dc3_compare_options *options);
/* 1 if a method compares images by features that a backbone can give; if any of them does. */
int dc3_method_has_features(const dc3_condense_options *options, const char *method);
int dc3_comparing_has_features(const dc3_compare_options *options);
/* 1 if there is a file of features, and the method chooses by them. */
int dc3_method_takes_features(const dc3_condense_options *options, const char *method);
/* 1 if the method looks at the features of all images. */
int dc3_method_has_all_features(const char *method);
/* DC3_ERR_OPTION where there is one that no method takes. */
dc3_status dc3_comparing_check_features(const dc3_compare_options *options);

/* Takes out of a method's own options the selection that it does not have, the number of bins that its
 * selection has no use for, the factor where it stores no crops, and near-duplicates where it does not look
 * at the features of all images. */
void dc3_comparing_selection(const char *method, dc3_condense_options *condense);

/* least.c: DC3_ERR_OPTION where the smallest budget surely holds no image of each class, stored at `size`
 * pixels. */
dc3_status dc3_comparing_check_least(const dc3_comparing *c, const dc3_dataset *data, int size);

/* sets.c: what condensing for a cell came to: the bytes that one image of each class takes where that is
 * above the cell's budget, which it was refused for; else 0. */
double dc3_comparing_unmet(dc3_status status, const dc3_cell *cell, const dc3_condense_report *report);

/* settings.c: makes OUT, or opens one of the same settings, and takes its lock; reads its scores, which must
 * be of students of c->size where that is known; notes in its compare.json what is wanted. */
dc3_status dc3_comparing_open(dc3_comparing *c);

/* What scores depend on besides what their lines say, as compare.json has it; the caller releases it. NULL
 * without memory. */
json_t *dc3_comparing_settings(const dc3_comparing *c);

/* unused.c: puts null for each setting that the comparison has no use for. */
void dc3_comparing_mark_unused(const dc3_comparing *c, json_t *settings);
/* 1 if the folder's scores (`was`) or those to make (`is`) do not depend on a setting of this name. */
int dc3_comparing_is_unused(const json_t *was, const json_t *is, const char *key);
/* Gives the folder's settings those of `is` that its scores do not depend on. */
void dc3_comparing_adopt_unused(json_t *was, const json_t *is);

/* estimate.c: c->report->estimate_seconds, by all ranks; of these rank 0 finds it out, and writes nothing. */
dc3_status dc3_comparing_estimate(dc3_comparing *c);

/* student_options.c: finds c->size, before the teacher is made as far as it is known then. */
dc3_status dc3_comparing_find_size(dc3_comparing *c);
/* DC3_ERR_ARGUMENT where the folder has scores of students of another size. */
dc3_status dc3_comparing_check_size(const dc3_comparing *c);
/* The options of a cell's student, whose set is in `folder`, the caller's until the
 * student is done. */
dc3_status dc3_comparing_student(dc3_comparing *c, const dc3_cell *cell, const char *folder,
                                 dc3_evaluate_options *options);

/* cells.c: makes the scores that are wanted and not there. */
dc3_status dc3_comparing_run(dc3_comparing *c);

/* conditions.c: the bytes that one image of each class takes, the most of all seeds, where those are more
 * than the budget of a cell's set for any of them; else 0. */
double dc3_comparing_needed(const dc3_comparing *c, dc3_cell cell);
/* Prints below the table how its scores were made, and what its columns mean. */
void dc3_comparing_conditions(const dc3_comparing *c, FILE *to);

/* table.c: the report's table and rows, also as OUT/table.txt and OUT/table.json. */
dc3_status dc3_comparing_table(dc3_comparing *c);

#endif
