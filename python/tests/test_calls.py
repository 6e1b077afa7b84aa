"""Calls of the library: what interruptions, listeners and dc3.Cancel do to them."""
import queue
import signal
import threading
import time
import unittest
from unittest import mock

import dc3
from dc3 import _calls
from dc3._native import lib


class Run(unittest.TestCase):
    """Call.run with functions of Python in place of the library's."""

    def setUp(self):
        signal.alarm(60)  # a call that never ends fails
        self.addCleanup(signal.alarm, 0)

    def until_stopped(self, call, ended):
        """A function that works until the call's flag is set."""
        def function():
            while not lib.dc3_cancel_is_set(call.flag):
                time.sleep(0.001)
            ended.append(True)
            return 0
        return function

    def test_interruption_that_loses_the_end(self):
        class Losing:
            def __init__(self):
                self.inner = queue.SimpleQueue()
                self.put = self.inner.put

            def get(self):
                if self.inner.get()[0] == "end":
                    raise KeyboardInterrupt

        call = _calls.Call()
        call._events = Losing()
        with self.assertRaises(KeyboardInterrupt):
            call.run(lambda: 0)

    def test_interruption_outside_of_the_loop(self):
        call, ended = _calls.Call(), []
        with mock.patch.object(call, "_listen", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            call.run(self.until_stopped(call, ended))
        self.assertEqual(ended, [True])

    def test_interruption_of_the_start(self):
        workers, begun = [], []

        class Interrupted(threading.Thread):
            def start(self):
                super().start()
                workers.append(self)
                raise KeyboardInterrupt

        with mock.patch.object(_calls.threading, "Thread", Interrupted), self.assertRaises(KeyboardInterrupt):
            _calls.Call().run(lambda: begun.append(True))
        workers[0].join()
        self.assertEqual(begun, [])

    def test_newest_progress_of_a_stage(self):
        told, over = [], threading.Event()
        call = _calls.Call(lambda *values: (over.wait(), told.append(values)))

        def function():
            for stage in (b"first", b"second"):
                for done in range(1000):
                    call._on_progress(None, stage, done + 1, -1)
            over.set()
            return 0

        call.run(function)
        last = [values[::2] for values in told if values[1] == 1000]
        self.assertEqual(last, [("first", None), ("second", None)])
        self.assertLessEqual(len(told), 3)

    def test_cancel_is_the_callers(self):
        stop, ended = dc3.Cancel(), []
        call = _calls.Call(message=lambda _: 1 / 0, cancel=stop)
        with self.assertRaises(ZeroDivisionError):
            call.run(lambda: call._on_message(None, b"text") or self.until_stopped(call, ended)())
        self.assertFalse(stop.is_set())
        calls = [_calls.Call(message=lambda _: stop.set(), cancel=stop), _calls.Call(cancel=stop)]
        calls[0].run(lambda: calls[0]._on_message(None, b"text") or self.until_stopped(calls[1], ended)())
        self.assertTrue(stop.is_set() and lib.dc3_cancel_is_set(_calls.Call(cancel=stop).flag))
        stop.clear()
        self.assertFalse(stop.is_set() or lib.dc3_cancel_is_set(_calls.Call(cancel=stop).flag))
