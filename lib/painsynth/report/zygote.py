"""A process that has imported everything and forks one notebook kernel per run.

Importing the analysis stack is most of the cost of a short notebook. This program imports it once, then waits at a Unix
socket; each request forks a child that takes its own environment, folder and random state and becomes an ordinary
IPython kernel. Runs share nothing that one of them could change: memory is copied on write.

Run as `python -m painsynth.report.zygote SOCKET MODULE ...`; it says one line of JSON on stdout when it is ready and
lives until its stdin is closed. Requests and answers are lines of JSON:

    {"argv": [...], "cwd": "...", "env": {...}, "log": "..."}  ->  {"pid": 1}, {"ready": true}, {"exit": 0}
    {"signal": 9}
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from types import SimpleNamespace

# It connects pyplot to the kernel's shell when it is imported, which has to happen in each kernel: otherwise figures
# vanish without an error.
OWN_KERNEL = ("matplotlib_inline",)
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


def main(address: str, modules: list[str]) -> None:
    """Import the modules, say so, and fork kernels until stdin is closed."""
    missing = preload(modules)
    forget_own_kernel()
    gc.collect()
    gc.freeze()  # the collector would otherwise touch, and so copy, every shared page in every child
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    print(json.dumps({"ready": True, "pid": os.getpid(), "threads": threads_alive(), "missing": missing}), flush=True)
    Nursery(listener).serve()


def preload(modules: list[str]) -> list[str]:
    """Import each module and give the names that failed: the notebook that needs one will say why."""
    missing = []
    for name in modules:
        try:
            with as_in_a_kernel() if name == "pandas" else contextlib.nullcontext():
                importlib.import_module(name)
        except Exception:
            missing.append(name)
    return missing


@contextlib.contextmanager
def as_in_a_kernel() -> Iterator[None]:
    """Let pandas, which asks once when it is imported, know that its tables will be shown in a notebook."""
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)
    try:
        yield
    finally:
        del builtins.get_ipython


def forget_own_kernel() -> None:
    """Let each kernel import by itself what connects to its shell."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN_KERNEL]:
        del sys.modules[name]


def threads_alive() -> int:
    """Count the threads of this process: a fork copies only one, and the locks the others hold stay locked."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


class Nursery:
    """The children of this process: each has a connection over which it was asked for."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.woken, waker = socket.socketpair()
        for end in (self.woken, waker):
            end.setblocking(False)
        self.waker = waker

    def serve(self) -> None:
        """Serve until the runner closes stdin (or dies), then leave no kernel behind."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's business
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, self._stdin)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        self.selector.register(self.woken, selectors.EVENT_READ, self._reap)
        self.open = True
        while self.open:
            for key, _ in self.selector.select():
                key.data(key.fileobj)
        for pid in list(self.children):
            self._signal(pid, signal.SIGKILL)

    def _stdin(self, _) -> None:
        self.open = bool(os.read(sys.stdin.fileno(), 4096))

    def _accept(self, _) -> None:
        connection, _ = self.listener.accept()
        connection.settimeout(10)
        try:
            request = json.loads(connection.makefile("r", encoding="utf-8").readline())
        except (OSError, ValueError):
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self._child(request, connection)
        self.children[pid] = connection
        _send(connection, {"pid": pid})
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, lambda _: self._asked(pid, connection))

    def _asked(self, pid: int, connection: socket.socket) -> None:
        try:
            text = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        if not text:  # the runner no longer wants this kernel
            self._signal(pid, signal.SIGKILL)
            self.selector.unregister(connection)
            return
        for line in text.splitlines():
            self._signal(pid, json.loads(line)["signal"])

    def _signal(self, pid: int, number: int) -> None:
        if pid not in self.children:
            return
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            os.kill(pid, number)  # the child has not become the leader of its group yet

    def _reap(self, _) -> None:
        self.woken.recv(4096)
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self.children.pop(pid)
            _send(connection, {"exit": os.waitstatus_to_exitcode(status)})
            if connection.fileno() in self.selector.get_map():
                self.selector.unregister(connection)
            connection.close()

    def _child(self, request: dict, connection: socket.socket) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in HELD:
                signal.signal(number, signal.SIG_DFL)
            self.selector.close()
            for end in (self.listener, self.woken, self.waker, *self.children.values()):
                end.close()
            become_kernel(request, connection)
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)  # nothing of this process's own ending may run in a child


def become_kernel(request: dict, connection: socket.socket) -> None:
    """Turn this forked child into the kernel of one run; returns when the kernel was told to shut down."""
    parent = os.getppid()
    os.setsid()
    _redirect(request["log"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher.py", *request["argv"]]
    app = IPKernelApp.instance(parent_handle=parent)
    app.initialize(request["argv"])
    _send(connection, {"ready": True})
    connection.close()
    app.start()
    # Closing its sockets, an ipykernel waits at times for a thread that waits for it; the process ends anyway. What the
    # notebook itself registered to be done at the end is done.
    atexit.unregister(app.close)
    atexit._run_exitfuncs()


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(nothing)
    os.close(written)


def _send(connection: socket.socket, message: dict) -> None:
    with contextlib.suppress(OSError):  # the runner is gone, or no longer listens to this kernel
        connection.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
