"""The commands as functions: what `dc3 condense`, `train`, `label`, `measure` and others do.

All take `progress(stage, done, total)` (total is None where nobody knows it yet) and `message(text)`, which are called
on this thread; without `message` texts go to the logger "dc3". Ctrl-C, or a dc3.Cancel handed as `cancel`, ends a call
soon; what it had done is saved as by the command line, and the same call continues. Other keywords are the options of
the command line with "_" for "-"; `dc3 COMMAND --help` explains each, and docs/commands.md.
"""
import ctypes
import json
import os
import typing

from . import _settings
from ._calls import Call, Cancel
from ._command import perform, texts, usual_backbone
from ._native import lib, taken_text
from ._program import MINI
from ._types import Message, Path, Progress, Report


class Measures(typing.Dict[str, typing.Any]):
    """What dc3.measure found, as the JSON of `dc3 measure --json`; `table` is the text that people read."""

    table: str


def condense(data: Path, out: typing.Optional[Path] = None, ipc: typing.Optional[int] = None, *, search: bool = False,
             search_images: float = 0, progress: Progress = None, message: Message = None,
             cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
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
    usual_backbone(options)
    call = Call(progress, message, cancel)
    if search:
        call.listen(options.listener)
        found, place = _settings.new("search_found")
        options.found = found  # the options keep it
        call.run(lambda: lib.dc3_search(ctypes.byref(options), search_images, place))
    return _settings.result(perform(call, "condense", options))


def compensate(data: Path, out: typing.Optional[Path] = None, *, list: typing.Optional[Path] = None,
               progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
               **settings: typing.Any) -> Report:
    """Makes colour-compensated images of all images of a dataset, or of those of a list; `dc3 compensate`.

    list: what dc3.select_images wrote. Settings among others: editor, size, format, combine, prompts, store, seed,
    threads, dry_run, fresh. Returns the report as dc3.condense does, and continues as that does.
    """
    options = _settings.fill("compensate", _settings.defaults("condense"), {"editor": MINI})
    _settings.fill("compensate", options, {"data": data, "out": out, "list": list, **settings})
    return _settings.result(perform(Call(progress, message, cancel), "condense", options, "dc3_compensate_command"))


def take(run: Path, out: Path, ipc: typing.Optional[int] = None, *, progress: Progress = None, message: Message = None,
         cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
    """Makes a smaller condensed dataset `out` of the run in the folder `run`; `dc3 take`. Settings: total, fresh."""
    options = _settings.fill("take", lib.dc3_take_defaults(), {"run": run, "out": out, "ipc": ipc, **settings})
    return _settings.result(perform(Call(progress, message, cancel), "take", options))


def pull(name: str, *, fp16: bool = False, progress: Progress = None, message: Message = None,
         cancel: typing.Optional[Cancel] = None) -> str:
    """Fetches a model, hf:OWNER/NAME, into the cache of the Hugging Face Hub; `dc3 pull`. Returns where it is."""
    options = _settings.fill("pull", lib.dc3_pull_defaults(), {"name": name, "fp16": fp16})
    return taken_text(perform(Call(progress, message, cancel), "pull", options).path)


def train(data: Path, out: typing.Optional[Path] = None, *, val: typing.Optional[Path] = None, fast: bool = False,
          fine_tune: bool = False, progress: Progress = None, message: Message = None,
          cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
    """Trains a classifier on a dataset, to the file `out`: safetensors in torchvision's names; `dc3 train`.

    val: a dataset to test on. fast: the fast recipe of a small network. fine_tune, with backbone: all its layers are
    trained. Settings among others: arch, epochs, size, batch, lr, hold_out, backbone, init, seed, threads, dry_run.
    Returns the report: arch, epochs, top1 (0 to 1; -1 without tests), loss, seconds ..
    """
    kind = "train_fast" if fast else "train_fine_tune" if fine_tune else "train"
    options = _settings.defaults(kind)
    _settings.fill("train", options, {"data": data, "out": out, "val": val, **settings})
    return _settings.result(perform(Call(progress, message, cancel), "train", options))


def label(run: Path, teacher: typing.Union[Path, typing.Sequence[Path], None] = None, *,
          out: typing.Optional[Path] = None, progress: Progress = None, message: Message = None,
          cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
    """Stores soft labels of a condensed dataset, by default in RUN/soft_labels.safetensors; `dc3 label`.

    teacher: a classifier's file, or a list of several whose logits are averaged; None: the run's own. Settings among
    others: views (of each image, 10), bits (16 or 8), top_k, size, factor, recipe, seed, threads, dry_run, fresh.
    Returns the report: images, classes, views, size, bytes, seconds. dc3.SoftLabels(run) reads them.
    """
    options = _settings.defaults("label")
    _settings.fill("label", options, {"run": run, "teacher": teacher, "out": out, **settings})
    return _settings.result(perform(Call(progress, message, cancel), "label", options))


def measure(*data: Path, features: typing.Union[Path, typing.Sequence[Path], None] = None, progress: Progress = None,
            message: Message = None, cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Measures:
    """Measures datasets side by side: colour, fidelity, distances of features; `dc3 measure` (docs/measures.md).

    data: folders of dc3.condense, or any datasets. features: files of features of yours, one for each dataset in their
    order (a path alone for one), of `reference` first, of `training` last. Settings among others: reference,
    originals, teacher, inception, coverage, per_class, threads. Returns what `dc3 measure --json` prints, as a dict
    with the attribute `table`.
    """
    options = _settings.fill("measure", _settings.defaults("measure"), {"editor": MINI})
    _settings.fill("measure", options, settings)
    places = texts([_settings.path("data", each) for each in data])
    options.data, options.places = ctypes.addressof(places), places  # the options keep them
    if isinstance(features, (str, bytes, os.PathLike)):
        features = [features]
    files = texts([_settings.path("features", each) for each in features or ()])
    options.features, options.files = (ctypes.addressof(files) if files[0] else None), files
    call = Call(progress, message, cancel)
    report = perform(call, "measure", options)
    table, text = taken_text(report.table), taken_text(report.json)
    if text is None:  # of a dry run
        return Measures(_settings.result(report))
    found = Measures(json.loads(text))
    found.table = table
    return found


def info(path: Path, *, progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
         **settings: typing.Any) -> Report:
    """What a file or a folder is, as `dc3 info --json` says it (docs/info.md). Settings: check, threads."""
    options = _settings.fill("info", _settings.defaults("info"), {"path": path, **settings})
    report = perform(Call(progress, message, cancel), "info", options)
    taken_text(report.text)
    return json.loads(taken_text(report.json))


def report(run: Path, *, out: typing.Optional[Path] = None, against: typing.Sequence[Path] = (),
           progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
           **settings: typing.Any) -> Report:
    """Writes the page about a run, a comparison or a fine-tuning, by default RUN/report.html; `dc3 report`.

    against: folders of up to 6 other runs, whose colours are shown too. Settings: data (where the dataset is now),
    scores, measures, force, threads. Returns out, images, shown, originals (beside which one stands) and bytes.
    """
    options = _settings.fill("report", _settings.defaults("report"), {"run": run, "out": out, **settings})
    places = texts([_settings.path("against", each) for each in against])
    options.against, options.places = ctypes.addressof(places), places  # the options keep them
    found = _settings.result(perform(Call(progress, message, cancel), "report", options, report="dc3_report_result"))
    return {"out": os.fsdecode(out or os.path.join(os.fsencode(run), b"report.html")), **found}
