/* The options that several commands have, and how a command's are found. */
#include "cli.h"

#include <limits.h>
#include <string.h>

#define AT(field) offsetof(settings, field)

const option compute_options[] = {
    {"threads", 0, OPTION_WHOLE, AT(options.select.threads), WITHIN(1, 1024),
     "Threads (default: the processor's cores)", "N"},
    {"seed", 0, OPTION_SEED, AT(options.select.seed), ANY, "Seed of all random choices (default 0)", "N"},
    {0}};

const option result_options[] = {
    {"json", 0, OPTION_FLAG, AT(json), ANY, "Print the result as JSON", NULL},
    {"quiet", 'q', OPTION_FLAG, AT(quiet), ANY, "No progress and no notes on standard error", NULL},
    {0}};

const option data_options[] = {
    {"strict", 0, OPTION_FLAG, AT(options.strict), ANY,
     "Stop at the first image or class that is not as expected", NULL},
    {"dry-run", 0, OPTION_FLAG, AT(options.dry_run), ANY, "Print the estimate and stop", NULL},
    {0}};

const option unlabelled_options[] = {
    {"unlabelled", 0, OPTION_FLAG, AT(options.choice.unlabelled), ANY,
     "DATA is a folder of images without classes: one class, of which no teacher is trained", NULL},
    {0}};

const option choice_options[] = {
    {"split", 0, OPTION_TEXT, AT(options.choice.split), ANY,
     "Of a manifest (DATA a .csv or .jsonl file): the rows whose split is NAME (default: those of train)",
     "NAME"},
    {"classes", 0, OPTION_PATH, AT(options.choice.classes), ANY,
     "These classes alone; a FILE has a name on each line", "A,B,..|FILE"},
    {"without-classes", 0, OPTION_PATH, AT(options.choice.without_classes), ANY, "All classes but these",
     "A,B,..|FILE"},
    {0}};

const option features_options[] = {
    {"feature-size", 0, OPTION_WHOLE, AT(options.feature_size), WITHIN(1, 4096),
     "Size in pixels at which images are encoded (default: chosen to suit them)", "N"},
    {"cache", 0, OPTION_PATH, AT(options.cache), ANY,
     "Folder in which features are saved, for other runs on the same data", "DIR"},
    {0}};

const option set_options[] = {
    {"combine", 0, OPTION_WORD, AT(options.combine), ANY,
     "gradient, random, grid, fourfold (default gradient)", "MODE"},
    {"prompts", 0, OPTION_PATH, AT(options.prompts), ANY,
     "File with lines 'warm: TEXT' and 'cold: TEXT'; " MINI_KNOWS, "FILE"},
    {"fresh", 0, OPTION_FLAG, AT(options.fresh), ANY, "Start over in the folder of an earlier run", NULL},
    {0}};

const option model_options[] = {
    {"editor", 0, OPTION_MODEL, AT(options.editor), ANY,
     "Model in the diffusers layout, hf:OWNER/NAME that dc3 pull fetched, or dc3-mini, which comes with the "
     "program "
     "(default)",
     "DIR"},
    {"dtype", 0, OPTION_WORD, AT(options.dtype), ANY, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
    {"fit", 0, OPTION_WORD, AT(options.fit), ANY,
     "Images that are not square: crop, squash, pad (default crop)", "HOW"},
    {0}};

const option method_options[] = {
    {"method", 'm', OPTION_TEXT, AT(options.method), ANY, "How to condense; see below (default dc3)", "NAME"},
    {"crops", 0, OPTION_WHOLE, AT(options.crops), WITHIN(1, 100),
     "Choose and store crops: the one of N random crops of an image of which a teacher is surest stands for "
     "it "
     "(default: whole images; of rded 5)",
     "N"},
    {"factor", 0, OPTION_WHOLE, AT(options.factor), WITHIN(1, 2),
     "Of rded and --crops: crops along the side of a stored image, 1, or 2 for four of different images "
     "(default: 1 up to 64 pixels, as in RDED's scripts for CIFAR and Tiny-ImageNet, else 2)",
     "N"},
    {0}};

const option select_options[] = {
    {"ipc", 'n', OPTION_WHOLE, AT(options.select.ipc), FROM_1(" images per class"),
     "Images per class (default 10)", "N"},
    {"bins", 0, OPTION_WHOLE, AT(options.select.bins), FROM_1(""),
     "Clusters per class, of selection paper at most ipc; bins of dq (default 10)", "K"},
    {"objective", 0, OPTION_WORD, AT(options.select.objective), ANY,
     "graph-cut, facility-location, log-determinant (default graph-cut)", "F"},
    {"maximizer", 0, OPTION_WORD, AT(options.select.maximizer), ANY,
     "naive, lazy, stochastic, approximate-lazy (default naive)", "M"},
    {"selection", 0, OPTION_WORD, AT(options.selection), ANY,
     "For dc3, dc3-select, jitter, grayscale, blur: nested (whose first images are a smaller selection), "
     "paper, and by a teacher bps, cao2, kmeans, herding (docs/methods.md; default nested)",
     "NAME"},
    {0}};

const option teacher_options[] = {
    {"teacher", 0, OPTION_MODEL, AT(options.teacher), ANY,
     "Classifier (.safetensors or .pth, trained on the dataset's classes) whose gradients or features "
     "measure similarity; none: the VAE's features do (default: condense trains one; otherwise none); of "
     "several, A,B, the first's do",
     "FILE"},
    {"teacher-arch", 0, OPTION_TEXT, AT(options.arch), ANY,
     "Architecture of the teacher: resnet18, resnet50, convnet3, ... (default: of a FILE as its tensors say; "
     "of "
     "one that is trained convnet3 up to 64 pixels, else resnet18)",
     "NAME"},
    {"arch", 0, OPTION_TEXT, AT(options.arch), ANY, "The same as --teacher-arch", "NAME"},
    {"teacher-size", 0, OPTION_WHOLE, AT(options.teacher_size), WITHIN(1, 1024),
     "Size in pixels at which the teacher sees images (default: of a FILE as it says, else chosen to suit "
     "both, "
     "at most 224; of one that is trained that of the stored images, at most 112)",
     "N"},
    {"teacher-classes", 0, OPTION_PATH, AT(options.teacher_classes), ANY,
     "Names of the classes of a teacher of more than the dataset's, a line each in the order of its outputs: "
     "those of "
     "the dataset are used (default: as its file says, or of 1,000 ImageNet's, where folders are WordNet "
     "ids)",
     "FILE"},
    {"any-teacher", 0, OPTION_FLAG, AT(options.any_teacher), ANY,
     "Take a teacher FILE that seems to be one of other classes: whose file names others, or that is hardly "
     "better "
     "than chance on the training images",
     NULL},
    {"gradient", 0, OPTION_WORD, AT(options.select.gradient), ANY,
     "Gradient of the teacher's loss: plain, double-softmax (default plain)", "KIND"},
    {0}};

const option own_teacher_options[] = {
    {"teacher-epochs", 0, OPTION_WHOLE, AT(options.teacher_epochs), WITHIN(1, 100000),
     "Epochs of a teacher that is trained (default: as many as show it 300,000 images, 8 to 20; of a "
     "speednet 40,000, 5 to 20)",
     "N"},
    {"replicas", 0, OPTION_WHOLE, AT(options.replicas), WITHIN(1, 1024),
     "Parts of each batch of a teacher that is trained, one for each replica of it, which the ranks of "
     "dc3-mpi share, "
     "at least one for each; batch norms see one part (default 1: one rank trains it)",
     "N"},
    {"both-teachers", 0, OPTION_FLAG, AT(options.both_teachers), ANY,
     "Where the backbone's last layer would be the teacher, fine-tune the backbone and train a network on "
     "the images "
     "alone too, and take the one that is right most often on held-out images (default: the first of 100 "
     "images of a "
     "class or more, the second of 1,000, of 100,000 or fewer in all, and neither once one is right in 90 %)",
     NULL},
    {0}};

const option amount_options[] = {
    {"total", 0, OPTION_WHOLE, AT(options.total), FROM_1(" images"),
     "In place of --ipc: images in all, divided over the classes as evenly as they have them", "N"},
    {"fraction", 0, OPTION_REAL, AT(options.fraction), ABOVE_0(1),
     "In place of --ipc: the part of the dataset's images that is chosen, such as 0.01", "X"},
    {"balance", 0, OPTION_WORD, AT(options.balance), ANY,
     "How --total, --fraction or --budget is divided over classes: equal, as evenly as they have images; "
     "proportional "
     "to their numbers of images, or to the square roots, sqrt; each gives one at least (default equal)",
     "HOW"},
    {0}};

const option given_options[] = {
    {"features", 0, OPTION_PATH, AT(options.features), ANY,
     "Your own features of the images, in place of the VAE's, a backbone's and a teacher's embeddings: a "
     ".npy, .npz or "
     ".safetensors with a row for each image by class and then by name, or in the order of a list beside it, "
     "FILE.paths.txt (docs/formats.md)",
     "FILE"},
    {0}};

const option backbone_options[] = {{"backbone", 0, OPTION_MODEL, AT(options.backbone), ANY,
                                    "Classifier (.safetensors or .pth, of any classes) whose frozen "
                                    "embeddings tell images apart, in place of the "
                                    "VAE's features, and whose last layer, made anew, is the teacher where "
                                    "one would be trained; none: neither "
                                    "(default: EfficientNet-Lite0 of ImageNet where make deps fetched it, "
                                    "for images above 48 pixels and where no "
                                    "option is about a teacher)",
                                    "FILE"},
                                   {0}};

const option adapter_options[] = {
    {"lora", 0, OPTION_MODEL, AT(options.lora), ANY,
     "Low-rank adapters that are merged into the editor, as diffusers or kohya's scripts write them", "FILE"},
    {"lora-scale", 0, OPTION_REAL, AT(options.lora_scale), WITHIN(-100, 100),
     "What the adapters count (default 1)", "X"},
    {0}};

const option store_options[] = {
    {"output", 'o', OPTION_PATH, AT(options.out), ANY, "Where the result goes", "PATH"},
    {"size", 0, OPTION_WHOLE, AT(options.size), WITHIN(8, 4096),
     "Size of the stored images in pixels (default: chosen to suit the dataset, at most 256)", "N"},
    {"format", 0, OPTION_CODING, AT(options), ANY,
     "png, webp (both lossless), jpeg (quality 95, 4:4:4); with loss and a quality Q from 1 to 100: webp:Q, "
     "jpeg:Q "
     "(4:4:4), jpeg:Q:420, avif:Q, avif:Q:420 (default png)",
     "F"},
    {"detail", 0, OPTION_WORD, AT(options.detail), ANY,
     "keep: only the change of colour; edit: the edit itself (default: the model's)", "HOW"},
    {0}};

const option force_options[] = {
    {"force", 0, OPTION_FLAG, AT(options.force), ANY, "Replace a file at -o that dc3 did not write", NULL},
    {0}};

const option view_options[] = {
    {"recipe", 0, OPTION_WORD, AT(student.recipe), ANY,
     "How students are trained, a table of values that other options override: classic, rded, dc3, strong "
     "(docs/recipes.md; default strong, of the views of dc3 label classic)",
     "NAME"},
    {"crop", 0, OPTION_REAL, AT(student.crop), ABOVE_0(1),
     "Least part of an image's area that a view shows, such as 0.1 (default: 0.7 of strong with soft labels "
     "and factor 1, else 1 over the factor)",
     "X"},
    {"cutmix", 0, OPTION_WHOLE, AT(student.cutmix), WITHIN(0, 1),
     "1: views are mixed by CutMix, 0: they are not (default: the recipe's, 1)", "0|1"},
    {"rand-ops", 0, OPTION_WHOLE, AT(student.rand_ops), WITHIN(0, 4),
     "Operations of RandAugment on each view (default: the recipe's)", "N"},
    {"rand-strength", 0, OPTION_WHOLE, AT(student.rand_strength), WITHIN(1, 30),
     "Their strength, of 30 (default: the recipe's, or 9)", "M"},
    {0}};

const option recipe_options[] = {
    {"loss", 0, OPTION_WORD, AT(student.loss), ANY,
     "Of soft labels: kl (at the temperature), cosine (GIFT), mse (EDC) (default: the recipe's, kl)", "KIND"},
    {"hard-share", 0, OPTION_REAL, AT(student.hard_share), WITHIN(0, 10),
     "Part that hard labels have in cosine and mse (default: the recipe's; 0.1 and 0.025 of a --loss)", "X"},
    {"smoothing", 0, OPTION_REAL, AT(student.smoothing), WITHIN(0, 0.999),
     "By which hard labels are smoothed (default: the recipe's; 0.1 of --loss cosine)", "X"},
    {"schedule", 0, OPTION_WORD, AT(student.schedule), ANY,
     "How the learning rate falls: half-cosine, cosine, smooth (default: the recipe's)", "KIND"},
    {"ema", 0, OPTION_REAL, AT(student.ema), WITHIN(0, 0.999999),
     "Test averages of the weights, of such a decay; 0: the weights (default: the recipe's)", "X"},
    {"images-seen", 0, OPTION_REAL, AT(student.images_seen), ABOVE_0(1e15),
     "Train for so many images in all, in whole epochs, in place of --epochs", "N"},
    {"minutes", 0, OPTION_REAL, AT(student.minutes), ABOVE_0(1e6),
     "Train for about so long, in whole epochs by steps that are measured first, in place of --epochs", "M"},
    {0}};

void take_recipe(const settings *s, dc3_evaluate_options *to)
{
    const dc3_evaluate_options *from = &s->student;
    to->recipe = from->recipe, to->loss = from->loss, to->schedule = from->schedule;
    to->hard_share = from->hard_share, to->smoothing = from->smoothing, to->ema = from->ema;
    to->crop = from->crop, to->cutmix = from->cutmix;
    to->rand_ops = from->rand_ops, to->rand_strength = from->rand_strength;
    to->images_seen = from->images_seen, to->minutes = from->minutes;
}

option editing_options[EDITING_OPTIONS + 1], sampling_options[EDITING_OPTIONS + 1];

void fill_editing_options(void)
{
    static const option_kind kinds[] = {
        [DC3_EDIT_WHOLE] = OPTION_WHOLE, [DC3_EDIT_REAL] = OPTION_REAL, [DC3_EDIT_WORD] = OPTION_WORD};
    const dc3_edit_option *from;
    option *sampling = sampling_options;
    for (int i = 0; i < EDITING_OPTIONS && (from = dc3_edit_option_at(i)); i++) {
        char *name = g_strdelimit(g_strdup(from->name), "_", '-');
        editing_options[i] = (option){.name = g_intern_string(name),
                                      .kind = kinds[from->kind],
                                      .offset = AT(options) + from->in_condense,
                                      .range = WITHIN(from->least, from->most),
                                      .help = from->help,
                                      .value = from->value};
        if (from->in_generate) *sampling++ = editing_options[i];
        g_free(name);
    }
}

int has_options(const command *c, const option *table)
{
    for (const option *const *t = c->options; t && *t; t++)
        if (*t == table) return 1;
    return 0;
}

const option *long_option(const command *c, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    EACH_OPTION(c, t, o)
    {
        if (strncmp(word + 2, o->name, length) == 0 && !o->name[length]) return o;
    }
    return NULL;
}

const option *short_option(const command *c, char letter)
{
    EACH_OPTION(c, t, o)
    {
        if (letter && o->letter == letter) return o;
    }
    return NULL;
}
