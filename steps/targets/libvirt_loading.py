"""Loads libvirt so that it is quiet, has its event loop, and is initialised once per process."""

from __future__ import annotations

import os
import threading
from types import ModuleType

_LOG_OUTPUTS = "LIBVIRT_LOG_OUTPUTS"
_lock = threading.Lock()
_loaded: list[ModuleType] = []


def quiet_libvirt(log_file: str = os.devnull) -> ModuleType:
    """The libvirt module, with an event loop running and nothing written to the terminal.

    Warnings and errors of the embedded driver go to `log_file`, which counts at the first call
    only: libvirt reads its settings once. The loop must run before anything is opened, else the
    embedded driver never hears from its guests.
    """
    with _lock:
        if not _loaded:
            _loaded.append(_load(log_file))
        return _loaded[0]


def _load(log_file: str) -> ModuleType:
    before = os.environ.get(_LOG_OUTPUTS)
    os.environ[_LOG_OUTPUTS] = f"3:file:{log_file}"
    try:
        import libvirt
    finally:
        _restore(before)
    libvirt.registerErrorHandler(_say_nothing, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, args=(libvirt,), daemon=True, name="libvirt").start()
    module: ModuleType = libvirt
    return module


def _restore(before: str | None) -> None:
    """Programs that we start later are not to inherit our setting."""
    if before is None:
        del os.environ[_LOG_OUTPUTS]
    else:
        os.environ[_LOG_OUTPUTS] = before


def _say_nothing(_context: object, _error: object) -> None:
    """libvirt raises what it would print: printing it too would tear the screen."""


def _run_events(libvirt: ModuleType) -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
