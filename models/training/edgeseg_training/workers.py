"""Processes that prepare batches ahead of the network, in a fixed order.

Batches lie in anonymous shared memory, which no limit of /dev/shm applies to. Batch b is made by process b mod n, so the
order does not depend on speed.
"""
import math
import mmap
import multiprocessing
import os
import signal
import traceback

import cv2
import numpy as np

from . import sampling

SLOTS = 3  # batches a process prepares ahead
PATIENCE = 1.0  # seconds between looks at whether a process is alive


class Batches:
    """Iterates over batches of a sampler (`sample`, `shapes`) from `first_sample` on, without end. Close it, or use it in a `with`."""

    def __init__(self, sampler, batch: int, first_sample: int, processes: int):
        self.sampler, self.batch, self.next = sampler, batch, first_sample
        self.shapes = sampler.shapes(batch)
        self.processes, self.pipes, self.slots = [], [], []
        self.turn, self.held = 0, None
        context = multiprocessing.get_context("fork")
        for worker in range(processes):
            slots = [shared_arrays(self.shapes) for _ in range(SLOTS)]
            here, there = context.Pipe()
            others = [*self.pipes, here]
            first = first_sample + worker * batch
            process = context.Process(target=work, args=(sampler, slots, there, others, first, processes * batch), daemon=True)
            process.start()
            there.close()
            self.processes.append(process)
            self.pipes.append(here)
            self.slots.append(slots)

    def __iter__(self):
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        """The next batch's arrays. They are valid until the next call."""
        self.next += self.batch
        if not self.processes:
            arrays = {name: np.empty(*each) for name, each in self.shapes.items()}
            sampling.fill(self.sampler, self.next - self.batch, arrays)
            return arrays
        self.release()
        worker = self.turn
        self.turn = (worker + 1) % len(self.processes)
        pipe = self.pipes[worker]
        while not pipe.poll(PATIENCE):
            if not self.processes[worker].is_alive():
                raise RuntimeError(f"a process that prepares data ended with status {self.processes[worker].exitcode}")
        try:
            answer = pipe.recv()
        except EOFError:
            raise RuntimeError("a process that prepares data ended without a message; it may have run out of memory") from None
        if isinstance(answer, str):
            raise RuntimeError(f"a process that prepares data failed:\n{answer}")
        self.held = worker, answer
        return self.slots[worker][answer]

    def release(self):
        """Gives the last batch's memory back to its process."""
        if self.held is not None:
            worker, slot = self.held
            self.held = None
            try:
                self.pipes[worker].send(slot)
            except OSError:
                pass  # the process has ended: the next receive says so

    def close(self):
        """Ends the processes."""
        for pipe in self.pipes:
            pipe.close()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.terminate()
                process.join()
        self.processes, self.pipes = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def shared_arrays(shapes: dict) -> dict[str, np.ndarray]:
    """Arrays that a forked process shares with this one."""
    arrays = {}
    for name, (shape, kind) in shapes.items():
        memory = mmap.mmap(-1, max(1, math.prod(shape) * np.dtype(kind).itemsize))
        arrays[name] = np.frombuffer(memory, kind, math.prod(shape)).reshape(shape)
    return arrays


def work(sampler, slots, pipe, others, first: int, step: int):
    """A process's life: fills free slots until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard's interrupt is the main process's to handle
    for other in others:
        other.close()
    cv2.setNumThreads(1)
    free, number = list(range(len(slots))), first
    try:
        while True:
            if not free:
                free.append(pipe.recv())
            slot = free.pop(0)
            sampling.fill(sampler, number, slots[slot])
            number += step
            pipe.send(slot)
            while pipe.poll():
                free.append(pipe.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the run is over
    except Exception:
        try:
            pipe.send(traceback.format_exc())
        except OSError:
            pass
    os._exit(0)
