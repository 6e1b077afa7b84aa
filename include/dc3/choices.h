/* What settings may be, as constants; and the words for them, as the command line and files write them. */
#ifndef DC3_CHOICES_H
#define DC3_CHOICES_H

#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The type that networks compute in; "dtype". */
typedef enum dc3_compute {
    DC3_COMPUTE_AUTO, /* "auto": bf16 where the processor computes in it, else f32 */
    DC3_COMPUTE_F32,  /* "f32" */
    DC3_COMPUTE_BF16  /* "bf16", with sums in f32 */
} dc3_compute;

/* How an image of another shape gets its size; "fit". */
typedef enum dc3_fit {
    DC3_FIT_DEFAULT = -1, /* as the call says */
    DC3_FIT_CROP,         /* "crop": the middle of it */
    DC3_FIT_SQUASH,       /* "squash": all of it, distorted */
    DC3_FIT_PAD           /* "pad": all of it, on white */
} dc3_fit;

/* The files of stored images; "format". */
typedef enum dc3_image_format {
    DC3_FORMAT_DEFAULT = -1, /* as the call says */
    DC3_PNG,                 /* "png" */
    DC3_WEBP,                /* "webp", without loss where no quality is given */
    DC3_JPEG,                /* "jpeg", of quality 95 and full chroma where no quality is given */
    DC3_AVIF                 /* "avif", which needs a quality; where the installed libheif writes it */
} dc3_image_format;

/* What the stored images of a run stand in; "store". */
typedef enum dc3_store_kind {
    DC3_STORE_FILES, /* "files": a file each, in a folder for each class */
    DC3_STORE_TAR,   /* "tar": WebDataset shards */
    DC3_STORE_COPY,  /* "copy": the files of the images that were chosen, byte for byte */
    DC3_STORE_LINK   /* "link": symbolic links to them, by absolute paths */
} dc3_store_kind;

/* How a number of images is divided over classes; "balance". */
typedef enum dc3_balance {
    DC3_BALANCE_EQUAL,        /* "equal": as evenly as they have them */
    DC3_BALANCE_PROPORTIONAL, /* "proportional": as the classes' numbers of images are to each other */
    DC3_BALANCE_SQRT          /* "sqrt": as their square roots are */
} dc3_balance;

/* How finely an image with loss stores its colours. */
typedef enum dc3_chroma {
    DC3_CHROMA_444, /* "444": as finely as its brightness */
    DC3_CHROMA_420  /* "420": a value for 2 x 2 pixels */
} dc3_chroma;

/* How several edits of one image become one stored image; "combine". */
typedef enum dc3_combine {
    DC3_COMBINE_GRADIENT, /* "gradient": from a warm one to a cold one, along a random axis */
    DC3_COMBINE_RANDOM,   /* "random": each value from one of the two */
    DC3_COMBINE_GRID,     /* "grid": each cell of 8 x 8 pixels from one of the two */
    DC3_COMBINE_FOURFOLD  /* "fourfold": two warm and two cold ones at half size, side by side */
} dc3_combine;

/* Which edits of a chosen image the method dc3 stores; "compensation". */
typedef enum dc3_compensation_kind {
    DC3_COMPENSATION_DEFAULT = -1, /* "calibrated", with "fourfold" "random" */
    DC3_COMPENSATION_RANDOM,       /* "random": a warm and a cold one by chance, the paper's */
    DC3_COMPENSATION_CALIBRATED, /* "calibrated": none, one or two, as brings the class nearest to the data */
    DC3_COMPENSATION_NONE        /* "none": the chosen images as they are */
} dc3_compensation_kind;

/* What of an edit is taken over; "detail". */
typedef enum dc3_detail {
    DC3_DETAIL_DEFAULT = -1, /* as the model's directory says */
    DC3_DETAIL_KEEP,         /* "keep": only its change of colour, applied to the original at its own size */
    DC3_DETAIL_EDIT          /* "edit": the edit itself */
} dc3_detail;

/* What solves the diffusion's equation; "sampler". */
typedef enum dc3_sampler_kind {
    DC3_SAMPLER_DEFAULT = -1, /* as the model's directory says */
    DC3_EULER_ANCESTRAL,      /* "euler-ancestral" */
    DC3_EULER,                /* "euler" */
    DC3_DDIM,                 /* "ddim": Song et al. 2021 */
    DC3_DPMPP_2M,             /* "dpmpp-2m": DPM-Solver++ of second order, Lu et al. 2022b */
    DC3_PNDM,                 /* "pndm": Liu et al. 2022, what Stable Diffusion 1.5 comes with */
    DC3_DDPM,                 /* "ddpm": Ho et al. 2020 */
    DC3_HEUN,                 /* "heun": Karras et al. 2022 */
    DC3_LMS,                  /* "lms": linear multistep of fourth order */
    DC3_LCM,                  /* "lcm": for latent consistency models, Luo et al. 2023 */
    DC3_UNIPC,                /* "unipc": Zhao et al. 2023; the order is the model's */
    DC3_DPMPP_1,              /* "dpmpp-1", "dpmpp-3m": DPM-Solver++ of first and third order */
    DC3_DPMPP_3M,
    DC3_DPM_1, /* "dpm-1", "dpm-2m", "dpm-3m": DPM-Solver, Lu et al. 2022a */
    DC3_DPM_2M,
    DC3_DPM_3M,
    DC3_DPMPP_1_SDE, /* "dpmpp-1-sde", "dpmpp-2m-sde", "dpmpp-3m-sde": DPM-Solver++ with fresh noise */
    DC3_DPMPP_2M_SDE,
    DC3_DPMPP_3M_SDE
} dc3_sampler_kind;

/* What a student learns from; "labels". */
typedef enum dc3_label_kind {
    DC3_LABELS_END = -1, /* behind the last of a list */
    DC3_LABELS_SOFT,     /* "soft": a teacher's logits of each batch */
    DC3_LABELS_STORED,   /* "stored": those of dc3_label */
    DC3_LABELS_HARD      /* "hard": the images' classes */
} dc3_label_kind;

/* How the views of a student's training are drawn; "augment". */
typedef enum dc3_augment_kind {
    DC3_AUGMENT_RDED, /* "rded": by the protocol */
    DC3_AUGMENT_NONE  /* "none": whole images, nothing random or mixed */
} dc3_augment_kind;

/* How students are trained, from their batches to their loss (docs/recipes.md); "recipe". */
typedef enum dc3_recipe_kind {
    DC3_RECIPE_DEFAULT = -1, /* as dc3 does by itself: "strong"; of dc3_label's views "classic" */
    DC3_RECIPE_CLASSIC,      /* "classic": RDED's protocol with the batches of DC3's program, 300 epochs */
    DC3_RECIPE_RDED,         /* "rded": Sun et al. 2024, as its program trains: smaller batches, 300 epochs */
    DC3_RECIPE_DC3,   /* "dc3": Wu et al. 2025, as its program's example has it: factor 2, 2,000 epochs */
    DC3_RECIPE_STRONG /* "strong": small batches, RandAugment, averaged weights, up to 1,000 epochs */
} dc3_recipe_kind;

/* What a student's logits are compared with a teacher's by; "loss". Hard labels have the cross-entropy. */
typedef enum dc3_loss_kind {
    DC3_LOSS_DEFAULT = -1, /* as the recipe says */
    DC3_LOSS_KL,           /* "kl": Kullback-Leibler divergence at the temperature (Hinton et al. 2015) */
    DC3_LOSS_COSINE,       /* "cosine": of the angle to the teacher's logits with a tenth of the smoothed hard
                              label (GIFT: Shang et al. 2024) */
    DC3_LOSS_MSE           /* "mse": squared difference of the logits and a little cross-entropy (EDC: Shao et
                              al. 2024) */
} dc3_loss_kind;

/* How a student's learning rate falls from epoch to epoch; "schedule". */
typedef enum dc3_lr_schedule {
    DC3_LR_DEFAULT = -1, /* as the recipe says */
    DC3_LR_HALF_COSINE,  /* "half-cosine": along the first half of a cosine's fall, down to a half (RDED) */
    DC3_LR_COSINE,       /* "cosine": down to 0 */
    DC3_LR_SMOOTH        /* "smooth": half-cosine, and in the last sixth straight down to 0 (EDC) */
} dc3_lr_schedule;

/* What trains a classifier; "optimizer". */
typedef enum dc3_optimizer_kind {
    DC3_SGD,  /* "sgd", with Nesterov's momentum of 0.9 */
    DC3_ADAMW /* "adamw": Loshchilov and Hutter 2019 */
} dc3_optimizer_kind;

/* What is maximised in a bin, with similarities s_ij = 0.5 + 0.5 cos(f_i, f_j); "objective". */
typedef enum dc3_objective {
    DC3_GRAPH_CUT,         /* "graph-cut": gain(j | S) = lambda sum_i s_ij - 2 sum_{i in S} s_ij */
    DC3_FACILITY_LOCATION, /* "facility-location": gain(j | S) = sum_i max(0, s_ij - max_{k in S} s_ik) */
    DC3_LOG_DETERMINANT    /* "log-determinant": gain(j | S) = log(s_jj + e - s_jS (S_S + e I)^-1 s_Sj) */
} dc3_objective;

/* How; "maximizer". All start from the empty set; ties go to the lowest row. */
typedef enum dc3_maximizer {
    DC3_NAIVE_GREEDY,      /* "naive" */
    DC3_LAZY_GREEDY,       /* "lazy", Minoux 1978: the same rows as naive */
    DC3_STOCHASTIC_GREEDY, /* "stochastic", Mirzasoleiman et al. 2015: looks at a random part of the rows each
                              time */
    DC3_APPROXIMATE_LAZY_GREEDY /* "approximate-lazy": takes a row whose gain is within beta of its last known
                                   one */
} dc3_maximizer;

/* Which gradient of the teacher's loss is a row's feature; "gradient". */
typedef enum dc3_gradient {
    DC3_GRADIENT_PLAIN,         /* "plain": softmax(z) - onehot(y) */
    DC3_GRADIENT_DOUBLE_SOFTMAX /* "double-softmax": as the reference program computes it, with softmax twice
                                 */
} dc3_gradient;

/* How dc3 chooses the images of a class (docs/methods.md); "selection". All but "paper"
 * and "nested" need a teacher. */
typedef enum dc3_selection_kind {
    DC3_SELECTION_DEFAULT = -1, /* "nested"; with the maximizer "stochastic" "paper" */
    DC3_SELECTION_PAPER,   /* "paper": bins, and in each an objective that is maximised (Wu et al. 2025) */
    DC3_SELECTION_BPS,     /* "bps": half from the centres of patterns, half from their margins (CVPR 2026) */
    DC3_SELECTION_CAO2,    /* "cao2": ten of which the teacher is sure, then hard ones (Wang et al. 2025) */
    DC3_SELECTION_KMEANS,  /* "kmeans": the image nearest to each of ipc centres, largest clusters first */
    DC3_SELECTION_HERDING, /* "herding": images whose mean follows that of the class (Welling 2009) */
    DC3_SELECTION_NESTED   /* "nested": as "paper", but the first images are a smaller ipc's */
} dc3_selection_kind;

/* What of a generator is trained; "train". */
typedef enum dc3_finetune_part {
    DC3_FINETUNE_PART_DEFAULT = -1, /* of a U-Net lora, of a diffusion transformer bias-norm, of a new network
                                       all */
    DC3_FINETUNE_LORA,              /* "lora": low-rank adapters beside layers (Hu et al. 2022) */
    DC3_FINETUNE_ATTENTION,         /* "attention": all of attention */
    DC3_FINETUNE_BIAS_NORM, /* "bias-norm": biases, scales of norms and embeddings of classes, and of a DiT
                               factors of layers, which are merged into them (DiffFit, Xie et al. 2023) */
    DC3_FINETUNE_ALL        /* "all" */
} dc3_finetune_part;

/* How its learning rate falls; "lr_schedule". */
typedef enum dc3_finetune_schedule {
    DC3_FINETUNE_SCHEDULE_DEFAULT = -1, /* as the call says */
    DC3_FINETUNE_CONSTANT,              /* "constant" */
    DC3_FINETUNE_COSINE                 /* "cosine": down to 0 */
} dc3_finetune_schedule;

/* The words of a setting ("fit", "sampler", "labels", ..) in the order of their constants from 0 on, NULL
 * behind the last; NULL where there is no such setting. Owned by the library. */
DC3_API const char *const *dc3_option_names(const char *setting);

/* A word's constant into *value. DC3_ERR_OPTION where the setting has no such word, with a text that lists
 * those it has, DC3_ERR_ARGUMENT where there is no such setting; *value stays as it is then. */
DC3_API dc3_status dc3_option_parse(const char *setting, const char *word, int *value);
DC3_API dc3_status dc3_compute_parse(const char *word, dc3_compute *value);
DC3_API dc3_status dc3_fit_parse(const char *word, dc3_fit *value);
DC3_API dc3_status dc3_image_format_parse(const char *word, dc3_image_format *value);
/* A format with its quality, "webp:30", and chroma, "jpeg:80:420", into the three, which stay as they are on
 * an error: DC3_ERR_OPTION (format). A word alone gives quality 0: none. */
DC3_API dc3_status dc3_image_coding_parse(const char *text, dc3_image_format *format, int *quality,
                                          dc3_chroma *chroma);
DC3_API dc3_status dc3_store_kind_parse(const char *word, dc3_store_kind *value);
DC3_API dc3_status dc3_balance_parse(const char *word, dc3_balance *value);
DC3_API dc3_status dc3_combine_parse(const char *word, dc3_combine *value);
DC3_API dc3_status dc3_compensation_kind_parse(const char *word, dc3_compensation_kind *value);
DC3_API dc3_status dc3_detail_parse(const char *word, dc3_detail *value);
DC3_API dc3_status dc3_sampler_kind_parse(const char *word, dc3_sampler_kind *value);
DC3_API dc3_status dc3_label_kind_parse(const char *word, dc3_label_kind *value);
DC3_API dc3_status dc3_augment_kind_parse(const char *word, dc3_augment_kind *value);
DC3_API dc3_status dc3_recipe_kind_parse(const char *word, dc3_recipe_kind *value);
DC3_API dc3_status dc3_loss_kind_parse(const char *word, dc3_loss_kind *value);
DC3_API dc3_status dc3_lr_schedule_parse(const char *word, dc3_lr_schedule *value);
DC3_API dc3_status dc3_optimizer_kind_parse(const char *word, dc3_optimizer_kind *value);
DC3_API dc3_status dc3_objective_parse(const char *word, dc3_objective *value);
DC3_API dc3_status dc3_maximizer_parse(const char *word, dc3_maximizer *value);
DC3_API dc3_status dc3_gradient_parse(const char *word, dc3_gradient *value);
DC3_API dc3_status dc3_selection_kind_parse(const char *word, dc3_selection_kind *value);
DC3_API dc3_status dc3_finetune_part_parse(const char *word, dc3_finetune_part *value);
DC3_API dc3_status dc3_finetune_schedule_parse(const char *word, dc3_finetune_schedule *value);

/* A constant's word, owned by the library; NULL for one without a word, such as DC3_FIT_DEFAULT. */
DC3_API const char *dc3_compute_name(dc3_compute value);
DC3_API const char *dc3_fit_name(dc3_fit value);
DC3_API const char *dc3_image_format_name(dc3_image_format value);
DC3_API const char *dc3_store_kind_name(dc3_store_kind value);
DC3_API const char *dc3_balance_name(dc3_balance value);
DC3_API const char *dc3_combine_name(dc3_combine value);
DC3_API const char *dc3_compensation_kind_name(dc3_compensation_kind value);
DC3_API const char *dc3_detail_name(dc3_detail value);
DC3_API const char *dc3_sampler_kind_name(dc3_sampler_kind value);
DC3_API const char *dc3_label_kind_name(dc3_label_kind value);
DC3_API const char *dc3_augment_kind_name(dc3_augment_kind value);
DC3_API const char *dc3_recipe_kind_name(dc3_recipe_kind value);
DC3_API const char *dc3_loss_kind_name(dc3_loss_kind value);
DC3_API const char *dc3_lr_schedule_name(dc3_lr_schedule value);
DC3_API const char *dc3_optimizer_kind_name(dc3_optimizer_kind value);
DC3_API const char *dc3_objective_name(dc3_objective value);
DC3_API const char *dc3_maximizer_name(dc3_maximizer value);
DC3_API const char *dc3_gradient_name(dc3_gradient value);
DC3_API const char *dc3_selection_kind_name(dc3_selection_kind value);
DC3_API const char *dc3_finetune_part_name(dc3_finetune_part value);
DC3_API const char *dc3_finetune_schedule_name(dc3_finetune_schedule value);

#ifdef __cplusplus
}
#endif
#endif
