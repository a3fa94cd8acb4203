"""The machine that was measured on, and what ran there: a number says nothing without it."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg


def machine(server: str) -> dict[str, str]:
    """Return what there is to say of this machine, and of the PostgreSQL at an address if there is one."""
    told = {
        "measured on": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": _gigabytes(_field("/proc/meminfo", "MemTotal")),
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "Django": django.get_version(),
    }
    if server:
        with psycopg.connect(server) as connection:
            for name in ("server_version", "fsync", "shared_buffers"):
                (value,) = connection.execute(f"SHOW {name}").fetchone() or ("",)
                told[f"PostgreSQL, {name}" if name != "server_version" else "PostgreSQL"] = value
    return told


def _field(path: str, name: str) -> str:
    """Return a field of a file of the kernel's, or that it is unknown where there is no such file or field."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _gigabytes(kilobytes: str) -> str:
    number = kilobytes.removesuffix(" kB")
    return f"{int(number) / 1024**2:.0f} GB" if number.isdecimal() else kilobytes
