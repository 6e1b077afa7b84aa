"""Generators of images: what they make, and their training."""
import typing

from . import _settings
from ._calls import Call, Cancel
from ._command import perform
from ._native import lib
from ._types import Message, Path, Progress, Report


def generate(model: Path, out: typing.Optional[Path] = None, *, prompt: typing.Optional[str] = None,
             prompts: typing.Optional[Path] = None,
             classes: typing.Union[Path, typing.Sequence[str], None] = None, images: int = 10,
             progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
             **settings: typing.Any) -> Report:
    """Generates images from texts or of classes, into the folder `out`; `dc3 generate` (docs/generators.md).

    model: a directory in the diffusers layout, or hf:OWNER/NAME. One of: prompt, a text; prompts, a file with a text on
    each line; classes, a dataset whose classes are generated, a list of names or numbers of the model's, or "all".
    images: of each text or class. Settings among others: lora, lora_scale, template, names, negative, size, steps,
    sampler, guidance, batch, format, seed, threads, dry_run, fresh. Returns the report: images, made (by this call),
    seconds .. An interrupted call continues when it is made again; dc3.load(OUT/train) has the images.
    """
    options = _settings.defaults("generate")
    if sum(each is not None for each in (prompt, prompts, classes)) != 1:
        raise TypeError("generate() expects one of prompt, prompts and classes")
    if "template" in settings:
        settings["caption_template"] = settings.pop("template")
    _settings.fill("generate", options, {"model": model, "out": out, "prompt": prompt, "prompts": prompts,
                                         "classes": classes, "images": images, **settings})
    return _named(perform(Call(progress, message, cancel), "generate", options))


def _named(report):
    """The report with words in place of constants."""
    found = _settings.result(report)
    return {**found, "dtype": lib.dc3_compute_name(found["dtype"]).decode(),
            "sampler": lib.dc3_sampler_kind_name(found["sampler"]).decode()}


def finetune(data: Path, model: Path, out: typing.Optional[Path] = None, *, config: typing.Optional[Path] = None,
             progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
             **settings: typing.Any) -> Report:
    """Trains a generator further on a dataset, or a new one, into the folder `out`; `dc3 finetune`.

    model: a directory in the diffusers layout, or hf:OWNER/NAME. config: the config.json of a new DiT, of which the
    model gives the VAE alone. Settings among others: train ("lora", "attention", "bias-norm", "all"), steps, size,
    batch, accumulate, lr, rank, lora_layers (a list), template, captions, recompute, sample_every, seed, threads,
    dry_run, fresh. Returns the report: images, steps, loss, seconds .. An interrupted call continues when it is made
    again (docs/fine-tuning.md).
    """
    options = _settings.defaults("finetune")
    if "template" in settings:
        settings["caption_template"] = settings.pop("template")
    _settings.fill("finetune", options, {"data": data, "model": model, "out": out, "config": config, **settings})
    return _settings.result(perform(Call(progress, message, cancel), "finetune", options))
