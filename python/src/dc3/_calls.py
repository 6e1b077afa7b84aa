"""Calls that take a while: interruptible, with progress.

The library works on a thread of its own while the calling one waits. So Ctrl-C reaches Python at once, which sets the
call's flag and waits for the library to save what it has; and no signal handler ever runs on a thread of the library,
whose products may keep the stack pointer in a buffer (docs/library.md). Progress and messages come back on the calling
thread; an exception of theirs cancels the call too.
"""
import ctypes
import logging
import os
import queue
import signal
import threading
import weakref

from . import _errors
from ._native import lib, struct

_log = logging.getLogger("dc3")
_Listener = struct("dc3_listener")
_Progress, _Message = _Listener._fields_[1][1], _Listener._fields_[2][1]
_first_pid = None  # of the process that called the library


class Cancel:
    """A flag that stops the calls that it is handed to, from any thread: they raise dc3.Cancelled."""

    def __init__(self) -> None:
        self._set, self._lock = False, threading.RLock()
        self._calls: weakref.WeakSet[Call] = weakref.WeakSet()

    def set(self) -> None:
        """Calls with it end, those that are made from now on as well."""
        with self._lock:
            self._set = True
            for call in list(self._calls):
                call.stop()

    def clear(self) -> None:
        """It is good for the next call again."""
        self._set = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._set

    def _add(self, call):
        with self._lock:
            self._calls.add(call)
            if self._set:
                call.stop()


def _check_process():
    """The library's threads do not survive a fork: a call in the child could wait for ever."""
    global _first_pid
    _first_pid = _first_pid or os.getpid()
    if _first_pid != os.getpid():
        raise RuntimeError("dc3 was used before this process was forked, and its threads are not here; start the "
                           "process by multiprocessing's 'spawn' or 'forkserver', or fork before the first call")


class Call:
    """One call: its flag and listener, which the options or arguments of the library's function are given."""

    def __init__(self, progress=None, message=None, cancel=None):
        _check_process()
        if cancel is not None and not isinstance(cancel, Cancel):
            raise TypeError(f"cancel: expected a dc3.Cancel, found {type(cancel).__name__}")
        self._flag = struct("dc3_cancel")()
        self._events = queue.SimpleQueue()  # ("progress", its stage), ("message", its text), ("end", None)
        self._newest, self._announced = {}, set()  # {stage: arguments of its last progress}; stages in the queue
        self._end = None  # (None or the exception,) once the library is done
        self._progress, self._message = progress, message or _log.info
        self._parts = (_Progress(self._on_progress) if progress else _Progress(), _Message(self._on_message))
        if cancel is not None:
            cancel._add(self)

    @property
    def flag(self):
        """The address of its dc3_cancel."""
        return ctypes.addressof(self._flag)

    def stop(self):
        """The library ends soon."""
        lib.dc3_cancel_set(self.flag)

    def tell(self, text):
        """A message of ours."""
        self._message(text)

    def listen(self, listener):
        """Fills a dc3_listener."""
        listener.progress, listener.message = self._parts
        listener.cancel = self.flag

    def _on_progress(self, _, stage, done, total):
        """The newest of a stage replaces one that nobody has heard, so that the queue stays short."""
        stage = stage.decode("utf-8", "replace")
        self._newest[stage] = (stage, done, None if total < 0 else total)
        if stage not in self._announced:  # asked after the line above, as _hear() forgets it before it takes that
            self._announced.add(stage)
            self._events.put(("progress", stage))

    def _on_message(self, _, text):
        self._events.put(("message", text.decode("utf-8", "replace")))

    def _hear(self, kind, what):
        if kind == "message":
            self._message(what)
            return
        self._announced.discard(what)
        newest = self._newest.pop(what, None)
        if newest:
            self._progress(*newest)

    def _work(self, go, function, arguments):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        result = None
        try:
            status = function(*arguments) if go.get() else 0
            result = _errors.failure(status) if status else None
        except BaseException as error:  # of ctypes: an argument that is none
            result = error
        self._end = (result,)  # before the event, which an interruption may lose
        self._events.put(("end", None))

    def _listen(self):
        """Hears the library until it is done; returns the exception that ended the call, or None."""
        stopped = None
        while True:
            try:
                kind, what = self._events.get()
                if kind == "end":
                    break
                if stopped is None:
                    self._hear(kind, what)
            except BaseException as error:
                stopped = stopped or error
                self.stop()
                if self._end is not None:
                    break
        return stopped

    def _abandon(self, go, started):
        """Ends the call, and waits until the library is done, however often that is interrupted."""
        while True:
            try:
                self.stop()
                go.put(False)  # a worker that has not begun does not
                while started and self._end is None:
                    self._events.get()
                return
            except BaseException:
                pass

    def run(self, function, *arguments):
        """function(*arguments) to its end; raises what the library says, an interruption, or a listener's failure."""
        self._end, started, go = None, False, queue.SimpleQueue()
        worker = threading.Thread(target=self._work, args=(go, function, arguments), name="dc3", daemon=True)
        try:
            worker.start()
            started = True
            go.put(True)
            stopped = self._listen()
        except BaseException:  # Ctrl-C between the lines, where _listen() does not catch it
            self._abandon(go, started)
            raise
        finally:
            self._parts = None  # a closure that is left for the garbage collector may not outlive a fork
        if stopped is not None:
            raise stopped
        if self._end[0] is not None:
            raise self._end[0]
