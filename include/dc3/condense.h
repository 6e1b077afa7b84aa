/* Condensation of a dataset: bins, selection, colour compensation; and its stages one by one. */
#ifndef DC3_CONDENSE_H
#define DC3_CONDENSE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/select.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Settings. NULL or 0 (or -1 or a constant called DEFAULT where there is one) means the default. */
typedef struct dc3_condense_options {
    size_t struct_size;  /* set by dc3_condense_defaults; not to be changed */
    const char *data;    /* dataset: folder, CIFAR binaries, WebDataset tars, manifest */
    const char *out;     /* folder to make */
    const char *method;  /* for condense and select: "dc3", or a baseline's name (dc3_method_name) */
    const char *editor;  /* diffusers directory */
    const char *teacher; /* classifier: safetensors, .pth; of several, "A,B", the first; "none": images are as
                            similar as their VAE features; NULL: dc3_condense trains one in its folder, others
                            take none */
    const char *arch;    /* the teacher's architecture: of one that is trained here, default convnet3 up to 64
                            pixels, else resnet18; of a given one to be checked, derived from its tensors */
    int teacher_size;    /* pixels at which the teacher sees images; of one that is trained here, default the
                            stored size, at most 112 and no more than the images have */
    dc3_compute dtype;   /* of the editor, and of the teacher but for its last layer */
    dc3_fit fit;         /* default DC3_FIT_CROP; for edit see dc3_edit_command */
    dc3_image_format format; /* default DC3_PNG; for edit as the name of `out` ends, not DC3_AVIF */
    dc3_combine combine;
    dc3_detail detail;
    dc3_sampler_kind sampler;
    const char *cache;   /* folder that saves features for other runs on the same data; NULL: none */
    const char *prompts; /* file with lines "warm: TEXT" and "cold: TEXT" */
    int size;            /* side of the stored images in pixels; for edit, the longer side */
    int factor;       /* of crops: patches along the side of a stored image, 1 or 2; 0: 2 above 64 pixels */
    int feature_size; /* pixels at which images are encoded for the bins */
    int steps;        /* of the sampler */
    double guidance;  /* text guidance, -1: the model's */
    double image_guidance;     /* -1: the model's */
    int strict;                /* an image that cannot be read, or a class that is too small, ends the run */
    int fresh;                 /* start over in a folder of another run */
    int dry_run;               /* stop after the estimate */
    int no_report;             /* dc3_condense writes no OUT/report.html and saves no edits for it */
    dc3_select_options select; /* ipc, bins, objective, maximizer, seed, threads */
    dc3_listener listener;
    int force;       /* replace a file at `out` that dc3 did not write; of commands whose `out` is a file */
    int any_teacher; /* 1: a given teacher that seems to be one of other classes is taken, with a warning */
    int teacher_epochs; /* of a teacher that is trained here, 1 to 100000; default 8 to 20, as many as show it
                           300,000 images, for images of up to 64 pixels and fewer than ten per class
                           fewer, 1 to 20 at one, 40,000; of a speednet by the fast recipe 5 to 20, 40,000 */
    double teacher_top1;    /* accuracy of the teacher, 0 to 1, where the caller knows it: then the teacher is
                               not asked about training images; -1: it is */
    int64_t teacher_images; /* that this is of */
    const char *teacher_on; /* which they are: "training images"; NULL: "images" */
    const char *list; /* for compensate: lines of JSON as dc3_select_command writes them, of the images to
                         take; NULL: all of the dataset */
    const char *teacher_classes; /* file of the names of a given teacher's classes, a line each in the order
                                    of its outputs, of which those of the dataset's classes are used; NULL:
                                    they are the dataset's classes, or its file names them, or they are
                                    ImageNet's 1,000 and the dataset's classes WordNet ids */
    int quality; /* 1 to 100 of stored images with loss, of DC3_WEBP, DC3_JPEG or DC3_AVIF; 0: as the format
                    says */
    dc3_chroma chroma;                  /* of DC3_JPEG and DC3_AVIF with a quality; default DC3_CHROMA_444 */
    dc3_compensation_kind compensation; /* of the method dc3 in dc3_condense and dc3_compare; others refuse
                                           it, and with "none" what edits depend on */
    dc3_selection_kind selection;       /* of the methods that choose as dc3 does */
    /* At most one of the next three, of dc3_condense (the first two also of dc3_select_command), in place of
     * select.ipc, which is not looked at then. Images are divided over the classes as `balance` says,
     * by default as evenly as they have them. */
    int total;       /* images in all, at least one of each class; 0: not given */
    double fraction; /* of the dataset's images, above 0 to 1, rounded down; 0: not given */
    double budget;   /* bytes that OUT/train may take, images and metadata.jsonl or all of the tars, and with
                        `label_views` those labels together with it; 0: not given. How many images and,
                        unless `format` is given, in which format with which quality, and unless `label_bits`
                        or `label_top_k` is, with which labels: src/budget/rule.c */
    const char *backbone; /* a classifier's file, of any classes; "none" or NULL: none. Its embeddings of the
                             images, frozen, stand for the VAE's features, and for a teacher's where images
                             are compared by those; without `teacher` dc3_condense makes its last layer anew
                             for the dataset's classes (a linear probe): that is the run's own teacher */
    int usual_backbone;   /* 1: the backbone is a default, not a choice: it is left out of images of 48 pixels
                             or fewer, where a teacher is given or described, and where it is of no use */
    int crops; /* of each image so many random ones, 1 to 100, of which that stands for it of which a teacher
                  is surest: it is what is chosen by and what is stored; 0: all of the image does, but for
                  "rded" the best of 5 */
    dc3_store_kind store; /* of dc3_condense and dc3_compensate_command: what the images stand in.
                             DC3_STORE_COPY and _LINK are of methods that store whole images as they are, in
                             their own size and format, and _LINK of datasets whose images are files */
    double
        shard_size; /* of DC3_STORE_TAR: bytes of a tar at most, or of one sample; from 10240 on, 0: 100 MB */
    /* The soft labels that `budget` is for as well, as dc3_label_options has them. */
    int label_views; /* of each image, 1 to 100000; 0: for no labels */
    int label_bits;  /* 16 or 8; 0: as the budget's rule chooses, with label_top_k 16 */
    int label_top_k; /* 0: all logits */
    const struct dc3_search_found
        *search;       /* what dc3_search found for these options, for dc3.json; NULL: nothing */
    int both_teachers; /* with a backbone and without `teacher`: beside the probe on it, it is fine-tuned, and
                          a network is trained on the images alone; the one that is right most often on
                          held-out images is the run's own teacher. 0: the first where there are 100 images of
                          a class or more on average, the second where there are 1,000, of up to 100,000 in
                          all, and neither once one is right in 90 % */
    double near_duplicates; /* 0.5 to 1: an image counts as a copy of one of its class before it where the
                               cosine of their embeddings, of the backbone or else of the teacher, is that or
                               more; such images are not chosen. 0: images that are the same count as copies
                               alone */
    const char
        *lora;         /* low-rank adapters that are merged into the editor's networks, a file or its folder,
                          as  diffusers or kohya's scripts write them; NULL: none. Of methods that make edits */
    double lora_scale; /* what they count, -100 to 100; default 1 */
    dc3_data_choice
        choice;          /* which images of `data` are taken. With choice.unlabelled no teacher is trained */
    dc3_balance balance; /* how `total`, `fraction` or `budget` is divided over classes */
    int without_duplicates; /* 1: images that dc3_duplicates leaves out by their hashes are not chosen, by any
                               method; for which all images are read once more */
    int hash_distance;      /* for that, as dc3_duplicates_options has it; -1: 31 */
    const char *features; /* of dc3_condense, dc3_bins_command, dc3_select_command and dc3_compare: a file of
                             features of the images, arrays as dc3_select_file has them, labels not needed,
                             with a row for each image by class and then by name, or with a list of their
                             paths (docs/formats.md). They stand for the VAE's features, a backbone's and a
                             teacher's embeddings; gradients and logits stay a teacher's. NULL: none */
    int replicas; /* of a teacher that is trained here, as dc3_train_options has them, 1 to 1024: parts of
                     each batch, which several ranks share, at least one for each; 1 or 0: rank 0 trains alone
                   */
} dc3_condense_options;

DC3_API dc3_condense_options dc3_condense_defaults(void);

/* The i-th method, from 0 on, and a line about it; NULL after the last. */
DC3_API const char *dc3_method_name(int i);
DC3_API const char *dc3_method_summary(int i);
enum { DC3_STAGES = 5 };
typedef struct dc3_condense_report {
    int64_t images, readable, classes, stored, edits, repeated;
    int64_t skipped;         /* images that could not be read; listed in OUT/skipped.txt */
    int64_t copies;          /* images that are the same as another of their class, which count once */
    int64_t conflicts;       /* images that are the same as one of another class */
    int64_t near_duplicates; /* images that were left out as such */
    const char *stage[DC3_STAGES];
    double seconds[DC3_STAGES]; /* of all calls that made the run together */
    double estimate_seconds;    /* made before the work */
    double cached_seconds;      /* that features from the cache took when they were made; not in `seconds` */
    double peak_bytes;          /* resident, of the process */
    double bytes;               /* of the stored images, encoded; of a dry run an estimate, 0: none */
    char backbone[24];          /* its architecture; "": none is used */
    const char *pretrained;     /* what it was trained on, as far as can be told; NULL: not known */
    double
        probe_top1; /* of a linear probe, the run's own teacher, on held-out images, 0 to 1; -1: not known */
    double tuned_top1;   /* the same of the backbone fine-tuned; -1: it was not */
    double trained_top1; /* the same of a network trained on the images alone; -1: none was. The best of the
                            three is the teacher, of equal ones the first */
    int64_t planned; /* images that dc3_condense means to store, of a dry run too; a budget leaves some out */
    int64_t files;   /* in OUT/train, once the run is complete; 0 before */
    double file_bytes;  /* their lengths */
    double disk_bytes;  /* what their blocks take of the disk */
    double least_bytes; /* of a budget: what an image of each class takes, about; 0: none was given. A budget
                           below that is refused (DC3_ERR_OPTION, "budget") */
} dc3_condense_report;

/* Everything: DATA to OUT/train/<class>/ and OUT/train/metadata.jsonl, or to OUT/train/train-000000.tar and
 * so on; OUT/dc3.json; and OUT/state.db, OUT/map.json and OUT/report.html (dc3_report), without which the run
 * is complete too. Refuses a folder that it did not make; in a folder of the same settings it continues. */
DC3_API dc3_status dc3_condense(const dc3_condense_options *options, dc3_condense_report *report);
/* Fails as dc3_condense does where an option is wrong, or the dataset, the editor or a teacher that is given
 * cannot be opened; what depends on what is in options->out is not looked at. Makes nothing and tells nobody.
 */
DC3_API dc3_status dc3_condense_check(const dc3_condense_options *options);
/* The bins of every image, as lines of JSON in the file `out`. */
DC3_API dc3_status dc3_bins_command(const dc3_condense_options *options, dc3_condense_report *report);
/* The selected images, as lines of JSON in the file `out`. */
DC3_API dc3_status dc3_select_command(const dc3_condense_options *options, dc3_condense_report *report);
/* Every image of `data` compensated, in the layout of dc3_condense. */
DC3_API dc3_status dc3_compensate_command(const dc3_condense_options *options, dc3_condense_report *report);
/* One image with one prompt. An instruction is made from the prompt unless it is one already (has several
 * words and begins with a capital letter). Where only the change of colour is taken over ("keep") and no
 * `fit` is given, all of the image is edited, squashed to the model's square, and the result has the
 * image's own size and shape (`size`: its longer side); else the result is a square. */
DC3_API dc3_status dc3_edit_command(const dc3_condense_options *options, const char *image,
                                    const char *prompt);
/* A grid of originals beside results from a finished run, at most `rows` of them, as PNG, or
 * as the name `png` ends; of the folder of dc3_generate its images alone, without `data`. `data` overrides
 * the dataset's place, `force` replaces a file that dc3 did not write, and `cancel` stops it (NULL: nothing
 * does). */
DC3_API dc3_status dc3_contact_command(const char *run, const char *data, const char *png, int rows,
                                       int force, const dc3_cancel *cancel);

#ifdef __cplusplus
}
#endif
#endif
