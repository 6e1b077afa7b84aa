/* dc3: dataset condensation with colour compensation. */
#include "cli.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "dc3/text.h"

const command program = {"dc3", "a few images of each class that train almost as well as all of them",
                         "COMMAND [OPTIONS]",
                         "  dc3 condense photos/train -o photos-ipc10 --ipc 10     10 images a class into "
                         "photos-ipc10/train/\n"
                         "  dc3 condense photos/train -o x --ipc 10 --dry-run      how long that will take\n"
                         "  dc3 edit street.jpg --prompt 'golden hour' -o evening.png",
                         NULL};
const char exit_statuses[] = "0 done, 1 failed, 2 wrong use, 130 or 143 interrupted.";

const command commands[] = {
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
    {"compare", "Condense by several methods, score them all, and print one table.", "DATA --val DIR -o DIR",
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
    {"status", "Say how far a run or a comparison is, also one that is going on.", "OUT",
     "  dc3 status photos-ipc10\n"
     "  watch dc3 status photos-ipc10                  again every two seconds\n"
     "  sqlite3 photos-ipc10/state.db \"SELECT name, reason FROM inputs WHERE state = 'skipped'\"",
     run_status},
    {"info", "Tell what a file or folder is: weights, labels, a model, a dataset, a run, a comparison.",
     "FILE|DIR",
     "  dc3 info teacher.safetensors\n  dc3 info photos-ipc10\n  dc3 info photos/train --check --json",
     run_info},
    {"report", "Write a page about a run: its pictures beside the originals, colours, scores, times.", "OUT",
     "  dc3 report photos-ipc10\n"
     "  dc3 report photos-ipc10 --data /mnt/photos/train --against photos-random10 -o photos-ipc10.html",
     run_report},
    {0},
};

/* Named in the design, built later: they say so. */
static const char *const later[] = {"finetune", "sample", "pull"};

static void help(FILE *to)
{
    fprintf(to, "%s %s: %s\n\nUsage: %s %s\n\n", program.name, dc3_version(), program.summary, program.name,
            program.arguments);
    for (const command *c = commands; c->name; c++) fprintf(to, "  %-11s %s\n", c->name, c->summary);
    fprintf(to, "\nExamples:\n%s\n\ndc3 COMMAND --help tells more of each. Exit status: %s\n",
            program.examples, exit_statuses);
}

static const command *find(const char *name)
{
    for (const command *c = commands; c->name; c++)
        if (strcmp(name, c->name) == 0) return c;
    return strcmp(name, program.name) == 0 ? &program : NULL;
}

/* What the installation and the tests ask for, not people. */
static int generate(int argc, char **argv)
{
    const char *what = argv[1], *of = argc == 3 ? argv[2] : NULL;
    const command *c = of ? find(of) : NULL;
    if (strcmp(what, "--commands") == 0 && argc == 2) {
        for (c = commands; c->name; c++) printf("%s\n", c->name);
        return EXIT_DONE;
    }
    if (strcmp(what, "--man") == 0 && c) {
        print_manual(c);
        return EXIT_DONE;
    }
    if (strcmp(what, "--completion") == 0 && of && print_completion(of)) return EXIT_DONE;
    fprintf(stderr,
            "dc3: expected dc3 COMMAND, --help, --version, --man COMMAND or --completion bash|zsh; "
            "found '%s%s%s'\nTry: dc3 --help\n",
            what, of ? " " : "", of ? of : "");
    return EXIT_USAGE;
}

static int unknown(const char *name)
{
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(name, later[i]) == 0) {
            fprintf(stderr, "dc3: the command '%s' is not in this version\n", name);
            return EXIT_USAGE;
        }
    enum { MOST = 64 };
    const char *names[MOST];
    char hint[DC3_HINT_SIZE];
    size_t n = 0;
    for (const command *c = commands; c->name && n < MOST; c++) names[n++] = c->name;
    fprintf(stderr, "dc3: there is no command '%s'%s\nTry: dc3 --help\n", name,
            dc3_hint(name, names, n, hint));
    return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    int helps = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
    if (argc < 2 || (helps && argc == 2)) {
        help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        printf("dc3 %s\n", dc3_version());
        return EXIT_DONE;
    }
    if (*word == '-' && !helps) return generate(argc, argv);
    const char *name = helps ? argv[2] : word;
    const command *c = find(name);
    if (!c || !c->run) return unknown(name);
    if (helps) return c->run(c, 2, (char *[]){argv[2], (char[]){"--help"}, NULL});
    return c->run(c, argc - 1, argv + 1);
}

/* With less address space OpenBLAS cannot start its threads, and waits for them for ever. */
static void check_limit(void)
{
    const rlim_t least = (rlim_t)1 << 30;
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY || space.rlim_cur >= least)
        return;
    fprintf(stderr, "dc3: the limit of address space (ulimit -v) is %.0f MB; expected %.0f MB or more\n",
            (double)space.rlim_cur * 1e-6, (double)least * 1e-6);
    _exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
    check_limit();
    /* Text is UTF-8 whatever the environment says; numbers keep their points. */
    setlocale(LC_CTYPE, "C.UTF-8");
    int status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "dc3: cannot write to the standard output: %s\n", strerror(errno));
    return status == EXIT_DONE ? EXIT_FAILED : status;
}
