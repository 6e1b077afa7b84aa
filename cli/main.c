/* dc3: dataset condensation with colour compensation. */
#include "cli.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const command commands[] = {
    {"condense", "Condense a labelled dataset into a few colour-compensated images of each class.",
     "DATA -o OUT",
     "  dc3 condense photos/train -o photos-ipc10 --ipc 10\n"
     "  dc3 condense photos/train -o out --ipc 50 --combine grid --seed 1 --dry-run\n"
     "  dc3 condense photos/train -o out-rded --ipc 10 --method rded --teacher resnet18.safetensors",
     run_condense},
    {"bins", "Group the images of each class by their content (VAE features, PCA, k-means).",
     "DATA -o FILE.jsonl",
     "  dc3 bins photos/train -o bins.jsonl --bins 10\n  dc3 bins cifar-10-batches-bin -o bins.jsonl "
     "--feature-size 32",
     run_bins},
    {"select", "Select the images of each class that represent it best; or rows of your own embeddings.",
     "DATA -o FILE.jsonl | --from FILE.safetensors",
     "  dc3 select photos/train -o chosen.jsonl --ipc 10 --objective facility-location\n"
     "  dc3 select --from embeddings.safetensors --ipc 10 --bins 10 --json",
     run_select},
    {"compensate", "Make colour-compensated images of all images of a dataset.", "DATA -o OUT",
     "  dc3 compensate chosen/ -o compensated\n  dc3 compensate chosen/ -o out --combine fourfold --prompts "
     "prompts.txt",
     run_compensate},
    {"edit", "Change the colours of one picture by a prompt.", "IMAGE --prompt TEXT -o OUT.png",
     "  dc3 edit street.jpg --prompt 'golden hour' -o evening.png\n"
     "  dc3 edit street.jpg --prompt underwater --steps 4 --detail edit -o sea.png",
     run_edit},
    {"contact", "Draw originals above results of a run, as one picture.", "OUT -o GRID.png",
     "  dc3 contact photos-ipc10 -o grid.png\n  dc3 contact photos-ipc10 --data /mnt/photos/train --rows 4 "
     "-o grid.png",
     run_contact},
    {"label", "Store soft labels of a condensed dataset: a teacher's logits of some views of each image.",
     "OUT --teacher FILE",
     "  dc3 label photos-ipc10 --teacher resnet18.safetensors --views 300\n"
     "  dc3 label photos/train --teacher resnet18.safetensors --top-k 10 -o labels.safetensors",
     run_label},
    {"train", "Train a classifier on a whole dataset: a teacher.", "DATA -o FILE.safetensors",
     "  dc3 train photos/train --val photos/val --arch resnet18 --epochs 30 --progressive -o "
     "teacher.safetensors\n"
     "  dc3 train cifar10/train --val cifar10/test --arch resnet18_modified -o teacher.safetensors",
     run_train},
    {"evaluate", "Score a condensed dataset: train students on it, test them on real pictures.",
     "OUT --val DIR --teacher FILE",
     "  dc3 evaluate photos-ipc10 --val photos/val --teacher teacher.safetensors --seeds 3\n"
     "  dc3 evaluate photos-ipc10 --val photos/val --labels hard --arch resnet18,convnet3 --json",
     run_evaluate},
    {"compare", "Condense by several methods, score them all, and print one table.",
     "DATA --val DIR --teacher FILE -o DIR",
     "  dc3 compare photos/train --val photos/val --teacher teacher.safetensors -o table --ipc 1,10,50\n"
     "  dc3 compare cifar10/train --val cifar10/test --teacher t.safetensors -o c10 --methods "
     "random,herding,dc3 "
     "--seeds 5",
     run_compare},
    {"measure", "Measure datasets side by side: colour, densities of R, G, B, fidelity to the originals.",
     "DATA|OUT [...]",
     "  dc3 measure photos/train photos-ipc10\n"
     "  dc3 measure photos/train photos-ipc10 jitter-ipc10 --teacher teacher.safetensors --per-class\n"
     "  dc3 measure photos-ipc10 --data /mnt/photos/train --json",
     run_measure},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* Named in the design, built later: they say so. */
static const char *const later[] = {"finetune", "sample", "report", "pull", "status", "info"};

static void help(FILE *to)
{
    fprintf(to,
            "dc3 %s: a few images of each class that train almost as well as all of them\n\n"
            "Usage: dc3 COMMAND [OPTIONS]\n\n",
            dc3_version());
    for (int i = 0; i < COMMANDS; i++) fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\nExamples:\n"
                "  dc3 condense photos/train -o photos-ipc10 --ipc 10     10 images a class into "
                "photos-ipc10/train/\n"
                "  dc3 condense photos/train -o x --ipc 10 --dry-run      how long that will take\n"
                "  dc3 edit street.jpg --prompt 'golden hour' -o evening.png\n\n"
                "dc3 COMMAND --help tells more of each. Exit status: 0 done, 1 failed, 2 wrong use, 130 or "
                "143 interrupted.\n");
}

/* The command whose first letters or most letters agree. */
static const char *nearest(const char *word)
{
    const char *best = NULL;
    int most = 2;
    for (int i = 0; i < COMMANDS; i++) {
        int same = 0;
        while (word[same] && word[same] == commands[i].name[same]) same++;
        if (same > most || (same == most && !best)) most = same, best = commands[i].name;
    }
    return best;
}

static int run(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("dc3 %s\n", dc3_version());
        return EXIT_DONE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(&commands[i], argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(argv[1], later[i]) == 0) {
            fprintf(stderr, "dc3: the command '%s' is not in this version\n", argv[1]);
            return EXIT_USAGE;
        }
    const char *near = nearest(argv[1]);
    fprintf(stderr, "dc3: there is no command '%s'%s%s%s\nTry: dc3 --help\n", argv[1],
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    /* Text is UTF-8 whatever the environment says; numbers keep their points. */
    setlocale(LC_CTYPE, "C.UTF-8");
    int status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "dc3: cannot write to the standard output: %s\n", strerror(errno));
    return status == EXIT_DONE ? EXIT_FAILED : status;
}
