"""What every output has in common: a thread of its own, so that one that waits or fails does not stop the others."""

import contextlib
import queue
import threading
import time

from sources import reason

QUEUE_LINES_MAX = 64
PERIODS_MAX = 5
RETRY_S = 2.0
SECOND = 1.0


class Output(threading.Thread):
    """Takes lines from the reader's thread and emits them from its own, at each line and once a second.

    Subclasses fill in `open`, `came`, `second` and `shut`, and say `well` when something worked; their faults are
    OSErrors. After one the output is opened again every two seconds.
    """

    label = ""

    def __init__(self, place, period, tell, clock=time.monotonic):
        super().__init__(name=self.label, daemon=True)
        # What messages call the place that it emits to.
        self.place = place
        self.line = None
        self._silence_max = PERIODS_MAX * period
        self._tell, self._clock = tell, clock
        self._heard = self._following = clock()
        self._queue = queue.Queue(QUEUE_LINES_MAX)
        self._ending = threading.Event()
        self._is_open = False
        self._told = None

    def take(self, line):
        """Never waits: an output that does not keep up loses the oldest lines."""
        while True:
            try:
                return self._queue.put_nowait(line)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()

    def end(self):
        """What was taken is still emitted; then the thread ends."""
        self._ending.set()
        self.take(None)

    def is_fresh(self):
        """Whether a line came within the last five periods."""
        return self.line is not None and not self.is_silent()

    def is_silent(self):
        """Whether the module is silent for five periods, counted from the start where no line came at all."""
        return self._clock() - self._heard > self._silence_max

    def fault(self, text):
        """Tells it in one line, once until something else happens."""
        if text != self._told:
            self._tell(f"{self.label}: {text}")
        self._told = text

    def well(self):
        """Something worked in the world: the end of a fault, if one was told."""
        if self._told is not None:
            self._tell(f"{self.label}: works again")
        self._told = None

    def run(self):
        opening = self._clock()
        while not (self._ending.is_set() and self._queue.empty()):
            now = self._clock()
            if not self._is_open and now >= opening:
                opening = now + RETRY_S
                self._attempt(self._open_anew)
            if now >= self._following:
                self._following = max(self._following + SECOND, now)
                self._emit(self.second)
            with contextlib.suppress(queue.Empty):
                self._accept(self._queue.get(timeout=max(0.0, self._following - self._clock())))
        if self._is_open:
            self._attempt(self.shut)

    def _open_anew(self):
        self.open()
        self._is_open = True

    def _accept(self, line):
        if line is None:
            self._emit(self.woken)
            return
        earlier, self.line, self._heard = self.line, line, self._clock()
        self.follow(earlier, line)
        self._emit(self.came)
        if earlier is None:
            # The first line is not kept waiting for the next second.
            self._following = self._heard + SECOND
            self._emit(self.second)

    def _emit(self, action):
        if self._is_open:
            self._attempt(action)

    def _attempt(self, action):
        try:
            action()
        except OSError as error:
            self.fault(f"{self.place}: {reason(error)}; trying again")
            self._is_open = False
            with contextlib.suppress(OSError):
                self.shut()

    def follow(self, earlier, line):
        """Keeps account of a line, also while the output is not open."""

    def open(self):
        """Reaches for the world."""

    def came(self):
        """Emits what belongs to the line that just came, `self.line`."""

    def woken(self):
        """Emits what `take(None)` was called for."""

    def second(self):
        """Emits what belongs to each second."""

    def shut(self):
        """Lets go of the world; also after an `open` that failed half-way."""
