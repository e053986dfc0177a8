"""A clock that a test sets while programs run: of those alone that are started through it."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The time of day only: what sleeps, waits and measures by the monotonic clock does so as ever.
# Waits until a time of day are told to the kernel, which knows nothing of the other clock.
_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EPOCH 1000000000L /* seconds: no machine runs for so long, so that is a time of day */

static const volatile int64_t *offset;
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_cond)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_sem)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    if (offset) return;
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    real_cond = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real_cond) real_cond = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    real_sem = dlsym(RTLD_NEXT, "sem_timedwait");
    int file = open(OFFSET, O_RDONLY | O_CLOEXEC);
    void *at = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    static const int64_t none = 0;
    offset = at == MAP_FAILED ? &none : at;
    if (file >= 0) close(file);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    begin();
    int failed = real_clock(clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += *offset;
    return failed;
}

int gettimeofday(struct timeval *time, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

static struct timespec kernels(const struct timespec *until) {
    struct timespec at = *until;
    if (at.tv_sec > EPOCH) at.tv_sec -= *offset;
    return at;
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until) {
    begin();
    struct timespec at = kernels(until);
    return real_cond(c, m, &at);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    begin();
    struct timespec at = kernels(until);
    return real_sem(semaphore, &at);
}
"""
# Nodes get nothing of their manager's environment: so the interpreter itself brings the shim along.
_LAUNCHER = r"""
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments) {
    (void)count;
    setenv("LD_PRELOAD", SHIM, 1);
    execv(PYTHON, arguments);
    return 127;
}
"""


class NoCompilerError(Exception):
    """There is nothing here to compile C with."""


@dataclass(frozen=True)
class Clock:
    """`program` is a Python whose time of day, and that of all it starts, is this clock's."""

    program: Path
    _offset: mmap.mmap

    @property
    def offset(self) -> int:
        """Seconds that the clock is ahead of the machine's."""
        (seconds,) = struct.unpack("q", self._offset[:8])
        return int(seconds)

    def jump(self, seconds: int) -> None:
        """Set the clock forward, or back."""
        self._offset[:8] = struct.pack("q", self.offset + seconds)


@contextmanager
def make_clock(folder: Path) -> Iterator[Clock]:
    """Give a clock that is right at first. Raises NoCompilerError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompilerError("there is no C compiler here")
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "offset"
    told.write_bytes(struct.pack("q", 0))
    shim = folder / "clock.so"
    _compile(compiler, _SHIM, shim, "-shared", "-fPIC", f'-DOFFSET="{told}"', "-ldl", "-pthread")
    program = folder / "python" / "bin" / "python"
    program.parent.mkdir(parents=True)
    # As a virtual environment: the same packages, another program.
    (folder / "python" / "pyvenv.cfg").write_bytes((Path(sys.prefix) / "pyvenv.cfg").read_bytes())
    (folder / "python" / "lib").symlink_to(Path(sys.prefix) / "lib")
    python = os.path.realpath(sys.executable)
    _compile(compiler, _LAUNCHER, program, f'-DPYTHON="{python}"', f'-DSHIM="{shim}"')
    with told.open("r+b") as file, mmap.mmap(file.fileno(), 8) as offset:
        yield Clock(program, offset)


def _compile(compiler: str, source: str, target: Path, *options: str) -> None:
    command = [compiler, "-O1", "-x", "c", "-", "-x", "none", "-o", str(target), *options]
    made = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    if made.returncode:
        raise NoCompilerError(f"{compiler} compiles nothing here: {made.stderr[-400:]}")
