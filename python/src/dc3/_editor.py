"""The editor: a diffusion model that is opened once and edits images in memory."""
import ctypes
import os
import threading
import typing

import numpy
import numpy.typing

from . import _arrays, _settings
from ._calls import Call, Cancel
from ._native import lib
from ._program import MINI
from ._types import Message, Path, Progress, Report


Opened = typing.TypeVar("Opened", bound="_Handle")


class _Handle:
    """Something of the library's that is opened, used by one call at a time, and closed."""

    def __init__(self, close: typing.Callable[[typing.Any], None]) -> None:
        self._handle = ctypes.c_void_p()
        self._close = close
        self._lock = threading.Lock()

    def close(self) -> None:
        """Frees its memory; a closed one refuses calls."""
        with self._lock:
            self._close(ctypes.byref(self._handle))

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None):
            self._close(ctypes.byref(self._handle))

    def _run(self, call, function, *arguments):
        """function(handle, *arguments), while no other call uses it."""
        with self._lock:
            if not self._handle:
                raise ValueError(f"this {type(self).__name__} is closed")
            handle = self._handle.value
            call.run(lambda: function(handle, *arguments))


class Editor(_Handle):
    """An InstructPix2Pix model in the diffusers layout; by default the small one of the package, dc3-mini.

    path: its directory, or hf:OWNER/NAME once dc3.pull has fetched it; None: dc3-mini. threads: default as many as
    there are processors. dtype: "auto", "f32" or "bf16". lora: low-rank adapters to merge, a file or its folder, which
    count lora_scale.
    """

    def __init__(self, path: typing.Optional[Path] = None, *, threads: typing.Optional[int] = None,
                 dtype: str = "auto", lora: typing.Optional[Path] = None, lora_scale: float = 1.0) -> None:
        super().__init__(lib.dc3_image_editor_close)
        options = _settings.fill("Editor", _settings.defaults("image_editor"),
                                 {"threads": threads, "dtype": dtype, "lora": lora, "lora_scale": lora_scale})
        directory, place = _settings.model("path", MINI if path is None else path), ctypes.byref(self._handle)
        Call().run(lambda: lib.dc3_image_editor_open(directory, ctypes.byref(options), place))

    @property
    def info(self) -> Report:
        """Its name, parameters, and what an edit is made with where nothing else is said: size, steps, guidance .."""
        found = _settings.result(lib.dc3_image_editor_describe(self._handle))
        return {**found, "dtype": lib.dc3_compute_name(found["dtype"]).decode(),
                "sampler": lib.dc3_sampler_kind_name(found["sampler"]).decode(),
                "detail": lib.dc3_detail_name(found["detail"]).decode()}

    @property
    def concepts(self) -> typing.Optional[typing.List[str]]:
        """The concepts that a small model knows ("golden hour", ..); None where it knows any text."""
        address = lib.dc3_image_editor_concepts(self._handle)
        if not address:
            return None
        found: typing.List[str] = []
        names = ctypes.cast(address, ctypes.POINTER(ctypes.c_char_p))
        while names[len(found)]:
            found.append(names[len(found)].decode())
        return found

    def edit(self, images: numpy.typing.ArrayLike, prompt: typing.Union[str, typing.Iterable[str]], *,
             seed: typing.Union[int, typing.Iterable[int]] = 0, out: typing.Optional[numpy.ndarray] = None,
             progress: Progress = None, message: Message = None, cancel: typing.Optional[Cancel] = None,
             **settings: typing.Any) -> numpy.ndarray:
        """Edits one image or several of one size; returns uint8 of the shape of `images`.

        images: uint8 [height, width, 3] or [n, height, width, 3], sRGB; in C order they are not copied. prompt: a text
        of 1 to 199 bytes for all, or n texts; one that begins with a capital letter and has several words is the
        instruction itself. seed: of the noise, a number for all, or n numbers. out: an array like the result, to be
        written into. progress(stage, done, total) and message(text) are called on this thread.

        Settings: size, steps, sampler, detail ("keep": only the change of colour, "edit": the edit itself), guidance,
        image_guidance; by default the model's. An image has the pixels that `dc3 edit` stores of it.
        """
        pixels, single = _arrays.images("images", images)
        edits = _arrays.place("out", out, pixels.shape[1:] if single else pixels.shape, numpy.uint8)
        if numpy.may_share_memory(edits, pixels):
            raise ValueError("out: expected other memory than that of the images")
        options = _settings.fill("edit", lib.dc3_image_edit_defaults(), settings)
        n, height, width, _ = pixels.shape
        prompts = (ctypes.c_char_p * n)(*_each("prompt", prompt, n, str, lambda p: _settings.path("prompt", p)))
        seeds = (ctypes.c_uint64 * n)(*_each("seed", seed, n, (int, numpy.integer), self._seed))
        call = Call(progress, message, cancel)
        call.listen(options.listener)
        self._run(call, lambda handle: lib.dc3_image_editor_edit(
            handle, ctypes.byref(options), n, height, width, _arrays.address(pixels), prompts, seeds,
            _arrays.address(edits)))
        return edits

    @staticmethod
    def _seed(seed):
        return _settings.whole("seed", seed, "uint64_t")


class Classifier(_Handle):
    """A classifier's file, safetensors or .pth; it computes in f32.

    arch: its architecture, to be checked. size: pixels of a side at which it sees images, by default as its file says,
    else 224. fit: "crop", "squash" or "pad" of images of another shape. threads: default all processors.
    """

    def __init__(self, path: Path, *, arch: typing.Optional[str] = None, size: typing.Optional[int] = None,
                 fit: str = "crop", threads: typing.Optional[int] = None) -> None:
        super().__init__(lib.dc3_image_classifier_close)
        options = _settings.fill("Classifier", _settings.defaults("image_classifier"),
                                 {"arch": arch, "size": size, "fit": fit, "threads": threads})
        file, place = _settings.model("path", path), ctypes.byref(self._handle)
        Call().run(lambda: lib.dc3_image_classifier_open(file, ctypes.byref(options), place))

    @property
    def info(self) -> Report:
        """arch, classes, embedding (the values of one), size and parameters."""
        return _settings.result(lib.dc3_image_classifier_describe(self._handle))

    def run(self, images: numpy.typing.ArrayLike, *, progress: Progress = None, message: Message = None,
            cancel: typing.Optional[Cancel] = None) -> typing.Tuple[numpy.ndarray, numpy.ndarray]:
        """Embeddings, float32 [n, embedding], and logits, float32 [n, classes], as dc3.select takes them.

        images: uint8 [n, height, width, 3] of one size, sRGB. Of a single [height, width, 3] the results have no n.
        """
        pixels, single = _arrays.images("images", images)
        n, height, width, _ = pixels.shape
        info = self.info
        embeddings = numpy.empty((n, info["embedding"]), numpy.float32)
        logits = numpy.empty((n, info["classes"]), numpy.float32)
        listener, place = _settings.new("listener")
        call = Call(progress, message, cancel)
        call.listen(listener)
        self._run(call, lambda handle: lib.dc3_image_classifier_run(
            handle, n, height, width, _arrays.address(pixels), place, _arrays.address(embeddings),
            _arrays.address(logits)))
        return (embeddings[0], logits[0]) if single else (embeddings, logits)


def _each(name, values, n, kinds, convert):
    """n values of one for all, or of a sequence of n."""
    if isinstance(values, kinds):
        return [convert(values)] * n
    values = list(values)
    if len(values) != n:
        raise ValueError(f"{name}: expected one, or {n} as there are images, found {len(values)}")
    return [convert(each) for each in values]
