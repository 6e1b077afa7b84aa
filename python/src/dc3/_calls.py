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

from . import _errors
from ._native import lib, struct

_log = logging.getLogger("dc3")
_Listener = struct("dc3_listener")
_Progress, _Message = _Listener._fields_[1][1], _Listener._fields_[2][1]
_first_pid = None  # of the process that called the library


class Cancel:
    """A flag that stops the calls that it is handed to, from any thread: they raise dc3.Cancelled."""

    def __init__(self):
        self._flag = struct("dc3_cancel")()

    def set(self):
        """From now on calls with it end."""
        lib.dc3_cancel_set(ctypes.addressof(self._flag))

    def clear(self):
        """It is good for the next call again."""
        lib.dc3_cancel_clear(ctypes.addressof(self._flag))

    def is_set(self):
        """Whether it is set."""
        return bool(lib.dc3_cancel_is_set(ctypes.addressof(self._flag)))


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
        self.cancel = cancel or Cancel()
        self._events = queue.SimpleQueue()
        self._heard = {"progress": progress, "message": message or _log.info}
        self._parts = (_Progress(self._on_progress) if progress else _Progress(), _Message(self._on_message))

    @property
    def flag(self):
        """The address of its dc3_cancel."""
        return ctypes.addressof(self.cancel._flag)

    def tell(self, text):
        """A message of ours."""
        self._heard["message"](text)

    def listen(self, listener):
        """Fills a dc3_listener."""
        listener.progress, listener.message = self._parts
        listener.cancel = self.flag

    def _on_progress(self, _, stage, done, total):
        self._events.put(("progress", (stage.decode("utf-8", "replace"), done, None if total < 0 else total)))

    def _on_message(self, _, text):
        self._events.put(("message", (text.decode("utf-8", "replace"),)))

    def _work(self, function, arguments):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            status = function(*arguments)
            result = _errors.failure(status) if status else None
        except BaseException as error:  # of ctypes: an argument that is none
            result = error
        self._events.put(("end", (result,)))

    def run(self, function, *arguments):
        """function(*arguments) to its end; raises what the library says, an interruption, or a listener's failure."""
        thread = threading.Thread(target=self._work, args=(function, arguments), name="dc3", daemon=True)
        thread.start()
        stopped = None
        while True:
            try:
                kind, values = self._events.get()
                if kind == "end":
                    break
                if stopped is None:
                    self._heard[kind](*values)
            except BaseException as error:
                stopped = stopped or error
                self.cancel.set()
        if stopped is not None:
            raise stopped
        if values[0] is not None:
            raise values[0]
