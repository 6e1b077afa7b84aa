"""The commands as functions: what `dc3 condense`, `train`, `label`, `evaluate`, `measure` and `info` do.

All take `progress(stage, done, total)` (total is None where nobody knows it yet) and `message(text)`, which are called
on this thread; without `message` texts go to the logger "dc3". Ctrl-C, or a dc3.Cancel handed as `cancel`, ends a call
soon; what it had done is saved as by the command line, and the same call continues. Other keywords are the options of
the command line with "_" for "-"; `dc3 COMMAND --help` explains each, and docs/commands.md.
"""
import ctypes
import json
import os
import typing

from . import _errors, _settings
from ._calls import Call
from ._native import lib, struct, taken_text
from ._program import MINI

Path = typing.Union[str, os.PathLike]


class Measures(dict):
    """What dc3.measure found, as the JSON of `dc3 measure --json`; `table` is the text that people read."""

    table: str


def _run(call, name, options):
    """dc3_NAME(options, report) with the call's listener; the report, a struct."""
    report = struct(f"dc3_{name}_report")()
    call.listen(options.listener)
    call.run(lambda: getattr(lib, f"dc3_{name}")(ctypes.byref(options), ctypes.byref(report)))
    return report


def _usual_backbone(options):
    """DC3_BACKBONE, as the command line takes it where no backbone is given."""
    said = os.environ.get("DC3_BACKBONE")
    if said and options.backbone is None:
        options.backbone, options.usual_backbone = os.fsencode(said), 1


def condense(data: Path, out: typing.Optional[Path] = None, ipc: typing.Optional[int] = None, *, search: bool = False,
             search_images: float = 0, progress=None, message=None, cancel=None, **settings) -> dict:
    """Condenses a dataset to `ipc` images of each class (default 10) in the folder `out`; `dc3 condense`.

    data: a folder with a folder for each class, CIFAR files, WebDataset tars, or a manifest (.csv, .jsonl). In
    place of ipc: total, fraction, or budget (bytes, or text such as "3MB"). classes, without_classes: lists of
    names. search: format, size and label precision are found by short trainings first, of students that see
    search_images images each. Settings among others: method, teacher (a file, a list of files, "none"), editor,
    size, format ("webp:80"), compensation, selection, seed, threads, dry_run, fresh. Returns the report: images,
    stored, seconds ..; dc3.load(out) has the images. In a folder of the same settings it continues.
    """
    for name in ("total", "fraction", "budget"):
        if ipc is not None and settings.get(name) is not None:
            raise ValueError(f"ipc and {name}: expected one of them")
    options = _settings.fill("condense", _settings.defaults("condense"), {"editor": MINI})
    _settings.fill("condense", options, {"data": data, "out": out, "ipc": ipc, **settings})
    _usual_backbone(options)
    call = Call(progress, message, cancel)
    if search:
        call.listen(options.listener)
        found, place = _settings.new("search_found")
        options.found = found  # the options keep it
        call.run(lambda: lib.dc3_search(ctypes.byref(options), search_images, place))
    return _settings.result(_run(call, "condense", options))


def take(run: Path, out: Path, ipc: typing.Optional[int] = None, *, progress=None, message=None, cancel=None,
         **settings) -> dict:
    """Makes a smaller condensed dataset `out` of the run in the folder `run`; `dc3 take`. Settings: total, fresh."""
    options = _settings.fill("take", lib.dc3_take_defaults(), {"run": run, "out": out, "ipc": ipc, **settings})
    return _settings.result(_run(Call(progress, message, cancel), "take", options))


def pull(name: str, *, fp16: bool = False, progress=None, message=None, cancel=None) -> str:
    """Fetches a model, hf:OWNER/NAME, into the cache of the Hugging Face Hub; `dc3 pull`. Returns where it is."""
    options = _settings.fill("pull", lib.dc3_pull_defaults(), {"name": name, "fp16": fp16})
    return taken_text(_run(Call(progress, message, cancel), "pull", options).path)


def train(data: Path, out: typing.Optional[Path] = None, *, val: typing.Optional[Path] = None, fast: bool = False,
          fine_tune: bool = False, progress=None, message=None, cancel=None, **settings) -> dict:
    """Trains a classifier on a dataset, to the file `out`: safetensors in torchvision's names; `dc3 train`.

    val: a dataset to test on. fast: the fast recipe of a small network. fine_tune, with backbone: all its layers are
    trained. Settings among others: arch, epochs, size, batch, lr, hold_out, backbone, init, seed, threads, dry_run.
    Returns the report: arch, epochs, top1 (0 to 1; -1 without tests), loss, seconds ..
    """
    kind = "train_fast" if fast else "train_fine_tune" if fine_tune else "train"
    options = _settings.defaults(kind)
    _settings.fill("train", options, {"data": data, "out": out, "val": val, **settings})
    return _settings.result(_run(Call(progress, message, cancel), "train", options))


def label(run: Path, teacher=None, *, out: typing.Optional[Path] = None, progress=None, message=None, cancel=None,
          **settings) -> dict:
    """Stores soft labels of a condensed dataset, by default in RUN/soft_labels.safetensors; `dc3 label`.

    teacher: a classifier's file, or a list of several whose logits are averaged; None: the run's own. Settings among
    others: views (of each image, 10), bits (16 or 8), top_k, size, factor, recipe, seed, threads, dry_run, fresh.
    Returns the report: images, classes, views, size, bytes, seconds. dc3.SoftLabels(run) reads them.
    """
    options = _settings.defaults("label")
    _settings.fill("label", options, {"run": run, "teacher": teacher, "out": out, **settings})
    return _settings.result(_run(Call(progress, message, cancel), "label", options))


def measure(*data: Path, progress=None, message=None, cancel=None, **settings) -> Measures:
    """Measures datasets side by side: colour, fidelity, distances of features; `dc3 measure` (docs/measures.md).

    data: folders of dc3.condense, or any datasets. Settings among others: reference, originals, teacher, inception,
    coverage, per_class, threads. Returns what `dc3 measure --json` prints, as a dict with the attribute `table`.
    """
    options = _settings.fill("measure", _settings.defaults("measure"), {"editor": MINI})
    _settings.fill("measure", options, settings)
    places = (ctypes.c_char_p * (len(data) + 1))(*[_settings.path("data", each) for each in data])
    options.data, options.places = ctypes.addressof(places), places  # the options keep them
    call = Call(progress, message, cancel)
    report = _run(call, "measure", options)
    table, text = taken_text(report.table), taken_text(report.json)
    if text is None:  # of a dry run
        return Measures(_settings.result(report))
    found = Measures(json.loads(text))
    found.table = table
    return found


def info(path: Path, *, progress=None, message=None, cancel=None, **settings) -> dict:
    """What a file or a folder is, as `dc3 info --json` says it (docs/info.md). Settings: check, threads."""
    options = _settings.fill("info", _settings.defaults("info"), {"path": path, **settings})
    report = _run(Call(progress, message, cancel), "info", options)
    taken_text(report.text)
    return json.loads(taken_text(report.json))


class _Scoring:
    """The students of a call of evaluate, one architecture after the other, some seeds of each."""

    def __init__(self, options, archs, seeds, file):
        self.seeds, self.file, self.rows, self.failed = seeds, file, [], None
        self.students = []
        for arch in archs:
            for seed in range(seeds):
                student = type(options).from_buffer_copy(options)  # its texts stay those of `options`
                student.arch, student.seed = arch, options.seed + seed
                self.students.append(student)
        self.options = options
        self.tests = ctypes.c_void_p()

    def _scored(self, _, student, __):
        """After the last seed of an architecture: its row, which is kept in the file."""
        try:
            if (student + 1) % self.seeds:
                return 0
            row = ctypes.c_void_p()
            status = lib.dc3_tests_row(self.tests, ctypes.byref(row))
            if status:
                return status
            text = taken_text(row)
            self.rows.append(json.loads(text))
            return lib.dc3_scores_add(self.file, text.encode()) if self.file else 0
        except BaseException as error:
            self.failed = error
            return 1

    def work(self):
        """All of it, on the library's thread; a status."""
        status = lib.dc3_tests_new(ctypes.byref(self.options.listener), ctypes.byref(self.tests))
        status = status or (self._estimate() if self.options.dry_run else self._score())
        lib.dc3_tests_free(ctypes.byref(self.tests))
        return status

    def _estimate(self):
        """Of a dry run: a row of what is known before the first student, and the seconds of all of an architecture."""
        for student in self.students[::self.seeds]:
            student.students = len(self.students)
            score, place = _settings.new("score")
            status = lib.dc3_evaluate(ctypes.byref(student), self.tests, place)
            if status:
                return status
            score = _settings.result(score)
            known = {key: score[key] for key in ("arch", "labels", "images", "classes", "size", "batch", "epochs")}
            self.rows.append({**known, "seeds": self.seeds,
                              "estimate_seconds": self.seeds * score["estimate_seconds"]})
        return 0

    def _score(self):
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        scored = kind(self._scored)
        pointers = (ctypes.c_void_p * len(self.students))(*map(ctypes.addressof, self.students))
        status = lib.dc3_evaluate_all(pointers, len(self.students), self.tests, scored, None)
        if not status:
            lib.dc3_tests_forget(self.tests)
        return status


def _scores_file(data, val, out, message):
    """Where scores are kept; None: nowhere."""
    folder = lib.dc3_evaluate_folder(data)
    file = _settings.path("out", out) if out is not None else os.path.join(folder, b"scores.json") if folder else None
    status = lib.dc3_scores_check(file, data, val) if file else 0
    if not status:
        return file
    error = _errors.failure(status)
    if out is not None or not isinstance(error, _errors.OptionError):
        raise error
    message(f"warning: scores are not kept: {error}")
    return None


def evaluate(data: Path, val: Path, *, arch=None, seeds: int = 1, out: typing.Optional[Path] = None, progress=None,
             message=None, cancel=None, **settings) -> typing.Union[dict, typing.List[dict]]:
    """Trains students on a condensed dataset and tests them on the images of `val`; `dc3 evaluate`.

    arch: a student's architecture, or a list of several. seeds: students of each, from `seed` on. Settings among
    others: labels ("soft": a teacher's of each batch, "stored": those of dc3.label, "hard"), teacher, stored, recipe,
    epochs, size, lr, threads. Returns a row as `dc3 evaluate --json` has it: top1 and its deviation over the seeds, the
    conditions (docs/formats.md); of a list of architectures a list of rows. Scores of a folder of dc3.condense are
    added to its scores.json, or to the file `out`. With dry_run nothing is trained or stored, and rows have some of the
    conditions, and estimate_seconds of all seeds.
    """
    if not isinstance(seeds, int) or seeds < 1:
        raise ValueError(f"seeds: expected 1 or more, found {seeds!r}")
    call = Call(progress, message, cancel)
    options = _settings.defaults("evaluate")
    _settings.fill("evaluate", options, {"data": data, "val": val, **settings})
    options.folder = lib.dc3_evaluate_folder(options.data)
    call.listen(options.listener)
    archs = arch if isinstance(arch, (list, tuple)) else [arch]
    scoring = _Scoring(options, [None if a is None else _settings.path("arch", a) for a in archs], seeds,
                       _scores_file(options.data, options.val, out, call.tell))
    try:
        call.run(scoring.work)
    except _errors.Error:
        if scoring.failed:  # in our own code, behind the library's back
            raise scoring.failed from None
        raise
    return scoring.rows if isinstance(arch, (list, tuple)) else scoring.rows[0]
