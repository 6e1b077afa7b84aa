/* Scores: students trained from scratch on a condensed dataset and tested on real images, by the protocol
 * of RDED (Sun et al. 2024), which DC3 uses. */
#ifndef DC3_EVALUATE_H
#define DC3_EVALUATE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 (or -1 where said) means the default. */
typedef struct dc3_evaluate_options {
    size_t struct_size; /* set by dc3_evaluate_defaults; not to be changed */
    const char *data;   /* folder that dc3_condense made, or any dataset */
    const char *val;    /* dataset of the same classes to test on */
    const char *arch;   /* the student's architecture */
    dc3_label_kind labels;
    const char *teacher; /* of soft labels: safetensors or .pth; "A,B": their averaged logits, up to 16 */
    const char *stored;  /* file of stored labels; default DATA/soft_labels.safetensors */
    dc3_augment_kind augment;
    dc3_compute dtype;   /* of student and teacher */
    int size;            /* pixels of a view's side; 0: those of the soft labels' teacher in its training,
                            where its file says it, else those of the teacher of the run that `data` is,
                            else the images', at most 224: so with all labels the same */
    int factor;          /* as dc3_label_options; 0: 1 up to 64 pixels, else 2 */
    int epochs;          /* 0: as images_seen, minutes or the recipe say */
    int batch;           /* 0: as the recipe has it for so many images and classes; with stored labels
                            batch, factor and size are theirs: 0 or what they are */
    double lr;           /* 0: as the protocol has it for the architecture */
    double weight_decay; /* -1: the recipe's, 0.01 */
    double temperature;  /* of the loss kl; 0: the recipe's, 20 */
    uint64_t seed;       /* of the student: its first weights and all that is drawn */
    int threads;         /* 1 to 1024 */
    const char *folder;  /* folder in which a student in training is saved, each minute and after each test,
                          and a finished one's score until dc3_tests_forget; needs `tests`. NULL: nowhere */
    dc3_listener listener;
    int any_teacher;       /* as dc3_condense_options */
    int dry_run;           /* 1: open everything but the test images, measure some steps, and stop: the score
                              has its conditions and estimate_seconds */
    int student, students; /* this is number `student`, from 0 on, of so many that are trained one after the
                              other: progress is that of all of them. students 0: of this one */
    const char *teacher_classes; /* as dc3_condense_options */
    /* How the student is trained (docs/recipes.md): a table of values, and what is given in their place. */
    dc3_recipe_kind recipe;
    dc3_loss_kind loss;
    dc3_lr_schedule schedule;
    double hard_share;  /* of hard labels in the losses cosine and mse, 0 to 10; -1: the recipe's, or 0.1 and
                           0.025 of a loss that is given */
    double smoothing;   /* of hard labels, 0 to 0.999; -1: the recipe's, or 0.1 of a given cosine, 0 of mse */
    double crop;        /* least part of the area that a crop shows, above 0 to 1; 0: the recipe's, of
                           strong with soft labels and factor 1 0.7, else 1 / factor */
    int cutmix;         /* 1: views are mixed, 0: not; -1: as the recipe says */
    int rand_ops;       /* operations of RandAugment on each view, 0 to 4; -1: as the recipe says */
    int rand_strength;  /* of them, 1 to 30; 0: the recipe's, or 9 */
    double ema;         /* decay of the averaged weights that are tested, 0 to 0.999999, 0: the weights
                           themselves; -1: the recipe's */
    double images_seen; /* images that the student sees in all, in whole epochs; 0: not said */
    double minutes; /* that its training may take, turned into whole epochs by steps that are measured first;
                       with `folder` they are kept there, so that it resumes to the same; 0: not said */
    const char
        *val_split; /* of a manifest `val`: the rows whose split this is; NULL: those of val, else of test
                     */
    dc3_data_choice choice; /* which images of `data`, where dc3 did not make it; of `val` those of the same
                               classes */
} dc3_evaluate_options;

DC3_API dc3_evaluate_options dc3_evaluate_defaults(void);

enum { DC3_EVALUATE_TESTS = 4 }; /* after 25, 50, 75 and 100 % of the epochs */
typedef struct dc3_score {
    char arch[24];
    char teacher[24];    /* architecture of the soft labels' teacher, of several of the first, "" without
                            one */
    double teacher_top1; /* of that teacher on the same images, of several of their averaged logits, 0 to
                            1; -1 where it was not asked */
    char labels[8], augment[8]; /* "soft", "stored", "hard"; "rded", "none" */
    char dtype[8];              /* of the computation: "f32", "bf16" */
    int64_t images, test_images, classes;
    int64_t unreadable; /* images of val that cannot be read and are not in the accuracy */
    int64_t steps;      /* of the optimizer, in all */
    int size, batch, epochs;
    int factor; /* 0: whole images ("none") */
    double lr;
    double temperature;             /* of soft and stored labels; 0 with hard ones */
    double top1, top5;              /* of the last epoch, 0 to 1 */
    double best_top1;               /* the best of the tests */
    int best_epoch;                 /* after which it was */
    int tested[DC3_EVALUATE_TESTS]; /* epochs */
    double top1_at[DC3_EVALUATE_TESTS];
    double loss;             /* mean of the last epoch */
    double seconds;          /* training and tests, by the part of the threads that it had */
    double estimate_seconds; /* of a dry run */
    double first_loss;       /* of the first step, before anything is learnt; 0: not known */
    int diverged;    /* 1: `loss` is more than twice first_loss and, times temperature^2, than ln(classes) */
    int any_teacher; /* 1: the labels' teacher seems to be one of other classes (options.any_teacher) */
    int replaced;    /* 1: the images in `data` are others now than those that it was trained on */
    char recipe[16]; /* "classic", .. */
    char training[320]; /* for people: optimizer, schedule, loss, augmentation, which weights are tested */
    double minutes;     /* that were asked for; 0: none */
    int teachers;       /* whose averaged logits are the soft labels; 0: not of several */
    char teachers_text[640]; /* of several, for people: "a.safetensors, convnet3 (top-1 80.12 %); .." */
} dc3_score;

/* The images that several students are tested on, which are read once; and a teacher's accuracy on them. */
typedef struct dc3_tests dc3_tests;
/* Makes room for them; the listener (or NULL) hears of images that cannot be read. Free with
 * dc3_tests_free. */
DC3_API dc3_status dc3_tests_new(const dc3_listener *listener, dc3_tests **tests);
DC3_API void dc3_tests_free(dc3_tests **tests);
/* Removes the saved scores of the students that were finished with `tests`: they are stored elsewhere now. */
DC3_API void dc3_tests_forget(dc3_tests *tests);
/* The students that were scored with `tests` since the last call, of one architecture and with a seed each,
 * as one object of JSON: means and deviations over the seeds, the top-1 of each, the accuracy by class, the
 * conditions, and all that the score depends on (docs/formats.md). Caller frees *json. DC3_ERR_ARGUMENT where
 * there are none. */
DC3_API dc3_status dc3_tests_row(dc3_tests *tests, char **json);
/* DC3_ERR_FORMAT where `file` is there and no list of scores, DC3_ERR_OPTION (out) where it cannot be written
 * or lies in one of the datasets (either may be NULL): to be called before the work. */
DC3_API dc3_status dc3_scores_check(const char *file, const char *data, const char *val);
/* Adds a row of dc3_tests_row to the list of scores in `file`, which is made where it is missing, written
 * whole or not at all; calls of several processes wait for each other, and where the file system's locks keep
 * nobody out each looks again a tenth of a second later whether its row is there. DC3_ERR_FORMAT for a row of
 * a student whose images were replaced while it was trained: it is of no set that is there. A run's list is
 * its folder's scores.json, where dc3_report finds it. */
DC3_API dc3_status dc3_scores_add(const char *file, const char *row);
/* `data` if it is a folder that dc3_condense made, where students may be saved; else NULL. */
DC3_API const char *dc3_evaluate_folder(const char *data);

/* One student. `tests` is filled by the first call with it, and is for one options->val; NULL: the images
 * are read for this student alone. Batches are drawn from (seed, epoch); views: swapped halves (factor 2), a
 * random resized crop, a flip, CutMix with alpha 1. Soft labels: KL divergence at the temperature of the
 * student from the teacher on the mixed views, without the factor T^2; hard: cross-entropy with the labels
 * weighted by CutMix's areas. AdamW with decay on matrices and kernels, half-cosine schedule. Recipes have
 * some of this otherwise, the default one too.
 *
 * With options->folder a student of the same settings and images that was interrupted resumes, to the same
 * bits, and one that was finished is not trained again. Where nothing can be saved the listener is notified
 * and the student continues. */
DC3_API dc3_status dc3_evaluate(const dc3_evaluate_options *options, dc3_tests *tests, dc3_score *score);

/* Several students, those of options->threads side by side: as many at once as there are threads, students,
 * and memory (half of what the process may use), with an even part of the threads each; each learns the same
 * whatever runs beside it. All have the `val`, threads and listener of the first, and dc3_evaluate's remarks
 * hold for each; dry_run is not read. `scored` is called on the calling thread for each student in the order
 * of the list, once its score and those before it are there, and a status of its own ends the call. Where a
 * student fails those behind it are stopped, saved as they are, and those before it are finished; the error
 * is that of the first in the list. `tests` as for dc3_evaluate. */
DC3_API dc3_status dc3_evaluate_all(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                                    dc3_status (*scored)(void *user, int student, const dc3_score *score),
                                    void *user);

/* Mean and standard deviation (n - 1) over n values; the deviation of one is 0. */
DC3_API void dc3_mean_deviation(const double *values, int n, double *mean, double *deviation);

#ifdef __cplusplus
}
#endif
#endif
