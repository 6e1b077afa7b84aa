"""Lists of the images of a dataset: their bins, those that are chosen, those that are alike."""
import json
import typing

from . import _settings
from ._calls import Call, Cancel
from ._command import perform, usual_backbone
from ._native import taken_text
from ._program import MINI
from ._types import Message, Path, Progress, Report


def _listing(name, function, given, settings, progress, message, cancel):
    """A command of condensing that writes a list, with its report."""
    options = _settings.fill(name, _settings.defaults("condense"), {"editor": MINI})
    _settings.fill(name, options, {**given, **settings})
    usual_backbone(options)
    return _settings.result(perform(Call(progress, message, cancel), "condense", options, function))


def bins(data: Path, out: typing.Optional[Path] = None, bins: int = 10, *, progress: Progress = None,
         message: Message = None, cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
    """Groups the images of each class by their content, into a file of JSON lines; `dc3 bins`.

    bins: clusters of each class. A line of `out` has source, label, class and bin of an image. Settings among others:
    features (a file of yours), backbone, editor, feature_size, cache, split, classes, seed, threads, force, dry_run.
    Returns the report: images, classes, seconds ..
    """
    given = {"data": data, "out": out, "bins": bins, "ipc": bins}
    return _listing("bins", "dc3_bins_command", given, settings, progress, message, cancel)


def select_images(data: Path, out: typing.Optional[Path] = None, ipc: typing.Optional[int] = None, *,
                  progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
                  **settings: typing.Any) -> Report:
    """Chooses the images of each class that represent it best, and stores none; `dc3 select` (docs/methods.md).

    out: a file of JSON lines to write, with source, label, class, bin, rank and gain of each, which
    dc3.compensate takes as its list. In place of ipc (default 10): total or fraction. Settings among others: method,
    selection, objective, teacher, features (a file of yours), backbone, crops, without_duplicates, seed, threads,
    force, dry_run. Returns the report: images, stored (chosen), seconds .. dc3.select chooses rows of arrays.
    """
    given = {"data": data, "out": out, "ipc": ipc}
    return _listing("select_images", "dc3_select_command", given, settings, progress, message, cancel)


def duplicates(data: Path, out: typing.Optional[Path] = None, *, progress: Progress = None, message: Message = None,
               cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Report:
    """Images that are the same or nearly, which of them to keep, and labels that contradict; `dc3 duplicates`.

    out: a folder for a page with the images and for lists, or None. Settings: exact, hash_distance, near_duplicates
    (a cosine from which on embeddings are near), embeddings (a file of yours), backbone, editor, cache, split, classes,
    without_classes, unlabelled, strict, threads. Returns what `dc3 duplicates --json` prints: counts, and groups of
    images (docs/duplicates.md).
    """
    options = _settings.fill("duplicates", _settings.defaults("duplicates"), {"editor": MINI})
    _settings.fill("duplicates", options, {"data": data, "out": out, **settings})
    usual_backbone(options)
    report = perform(Call(progress, message, cancel), "duplicates", options)
    taken_text(report.text)
    return json.loads(taken_text(report.json))
