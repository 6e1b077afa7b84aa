"""Scores of students: `dc3 evaluate`, and of several methods side by side, `dc3 compare`."""
import ctypes
import json
import os
import typing

from . import _errors, _settings
from ._calls import Call, Cancel
from ._command import perform, texts, usual_backbone
from ._native import lib, taken_text
from ._program import MINI
from ._types import Message, Path, Progress, Report

_Architectures = typing.Union[typing.List[str], typing.Tuple[str, ...]]


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


@typing.overload
def evaluate(data: Path, val: Path, *, arch: typing.Optional[str] = None, seeds: int = 1,
             out: typing.Optional[Path] = None, progress: Progress = None, message: Message = None,
             cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report: ...


@typing.overload
def evaluate(data: Path, val: Path, *, arch: _Architectures, seeds: int = 1,
             out: typing.Optional[Path] = None, progress: Progress = None, message: Message = None,
             cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> typing.List[Report]: ...


def evaluate(data: Path, val: Path, *, arch: typing.Union[str, _Architectures, None] = None, seeds: int = 1,
             out: typing.Optional[Path] = None, progress: Progress = None, message: Message = None,
             cancel: typing.Optional[Cancel] = None,
             **settings: typing.Any) -> typing.Union[Report, typing.List[Report]]:
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


_METHODS = ("random", "rded", "dc3-select", "jitter", "dc3")
# What a comparison sets itself, and what its parts have alike, which the settings of condensing say.
_OF_COMPARE = {"data", "out", "ipc", "method", "total", "fraction", "budget", "list", "fresh", "force", "store",
               "shard_size", "label_views", "label_bits", "label_top_k", "no_report", "balance"}
_OF_BOTH = {"data", "arch", "labels", "teacher", "teacher_classes", "any_teacher", "stored", "folder", "dtype", "seed",
            "threads", "dry_run", "student", "students", "split", "classes", "without_classes", "unlabelled"}


def _compare_places(options):
    """Keywords of a comparison: those of condensing, the student's recipe, and its own; size and factor are the
    student's, as `arch` of the teacher is teacher_arch."""
    condense, student = _settings.places(options.condense), _settings.places(options.evaluate)
    found = {name: place for name, place in condense.items() if name not in _OF_COMPARE}
    found["teacher_arch"] = found.pop("arch")
    found.update({name: place for name, place in student.items() if name not in _OF_BOTH})
    found.update({name: place for name, place in _settings.places(options).items()
                  if name in ("augment_robust", "real_hard", "seeds", "verbose")})
    return found


def _several(name, value, convert):
    """One value, or a sequence of them, or a text of them with commas, as a list."""
    values = value.split(",") if isinstance(value, str) else value if _settings.several(value) else [value]
    return [convert(name, each) for each in values]


def _array(kind, values, last):
    return (kind * (len(values) + 1))(*values, last)


def _fill_lists(options, ipc, budgets, methods, arch, labels):
    """The lists of a comparison, which the options keep."""
    none = options.condense.teacher == b"none"
    if labels is None:
        labels = ("hard",) if none else ("soft", "hard")
    keep = {"methods": texts(_several("methods", methods, _settings.path)),
            "archs": texts(_several("arch", arch, _settings.path)),
            "labels": _array(ctypes.c_int, _several("labels", labels, _settings.word), -1)}
    if budgets is None:
        keep["ipcs"] = _array(ctypes.c_int, _several("ipc", (1, 10) if ipc is None else ipc, _settings.amount), 0)
    else:
        keep["budgets"] = _array(ctypes.c_int64, _several("budgets", budgets, _settings.size), 0)
    for name, values in keep.items():
        setattr(options, name, ctypes.addressof(values))
    options.keep = keep


def compare(data: Path, val: Path, out: Path, *, ipc: typing.Union[int, typing.Sequence[int], None] = None,
            budgets: typing.Union[int, str, typing.Sequence[typing.Union[int, str]], None] = None,
            methods: typing.Union[str, typing.Sequence[str]] = _METHODS,
            arch: typing.Union[str, typing.Sequence[str]] = "convnet3",
            labels: typing.Union[str, typing.Sequence[str], None] = None, seeds: int = 3, progress: Progress = None,
            message: Message = None, cancel: typing.Optional[Cancel] = None,
            **settings: typing.Any) -> typing.List[Report]:
    """Condenses `data` by several methods, scores all of them on `val`, in the folder `out`; `dc3 compare`.

    ipc: images of each class, a number or a list (default [1, 10]); in its place budgets: bytes or text such as "30kB",
    one or a list. methods, arch, labels: one or a list, also as the text "random,dc3"; labels: "soft", "hard", by
    default both, without a teacher hard ones. seeds: condensations and students of each. Settings among others: those
    of dc3.condense (teacher, editor, selection, crops, compensation, seed, threads, dry_run ..) and of a student
    (recipe, epochs, batch, lr, size, val_split ..), teacher_arch, real_hard, augment_robust. Returns the rows that `dc3
    compare --json` prints, of a dry run one with estimate_seconds. Scores that are in `out` are not computed again, so
    an interrupted call continues.
    """
    if ipc is not None and budgets is not None:
        raise ValueError("ipc and budgets: expected one of them")
    options = lib.dc3_compare_defaults()
    options.condense.select.threads = _settings.threads()
    places = _compare_places(options)
    given = {"editor": MINI, "cache": os.path.join(os.fsencode(out), b"features"), "val": val, "seeds": seeds}
    _settings.fill("compare", options, given, places)
    _settings.fill("compare", options, settings, places)
    condense, student = options.condense, options.evaluate
    condense.data, options.out = _settings.path("data", data), _settings.path("out", out)
    condense.size = student.size
    condense.teacher_size = condense.teacher_size or student.size
    student.dtype, student.any_teacher = condense.dtype, condense.any_teacher
    student.threads = condense.select.threads
    usual_backbone(condense)
    _fill_lists(options, ipc, budgets, methods, arch, labels)
    call = Call(progress, message, cancel)
    call.listen(student.listener)
    report = perform(call, "compare", options)
    taken_text(report.table)
    text = taken_text(report.json)
    return json.loads(text) if text else [{"estimate_seconds": report.estimate_seconds}]
