"""What worker processes gain for the distortions that Pillow makes, as ratios.

    python -m benchmarks.pillow_workers [runs]

Maps photos of 512 x 512 with one thread, then with two: with Pillow in this process,
and with Pillow in workers. "Two threads" is how much more two get done than one. "Two
processes" is the same for two that only count: the most that the machine can give under
its current load, which affects the next two columns less. "Lock" is the longest time
that another thread is blocked while Pillow works in this process, as a fraction of that
work: 1 if Pillow never releases the interpreter's lock. "Own time" is the CPU time this
process spends per photo without workers, divided by that with workers.
"""

import subprocess
import sys
import threading
import time

import numpy as np
import tensorflow as tf
from PIL import Image

from distortions import _pillow
from distortions import _pillow_worker
from rankiqa_tf.data.references import embedded_photos

NUM_PHOTOS = 24


def read_photos():
    for path in embedded_photos():
        with Image.open(path) as photo:
            pixels = np.asarray(photo.convert("RGB"))[:512, :512]
        if pixels.shape == (512, 512, 3):
            yield pixels


def in_process(operation, source, *arguments):
    """Does the work of _pillow.call without a worker."""
    header = {"operation": operation, "arguments": arguments, "shape": source.shape}
    header, data = _pillow_worker.answer(header, source.tobytes())
    return np.frombuffer(data, np.uint8)


def jpeg2000(call):
    return lambda pixels: call("encode_jpeg2000", pixels, 50)


def quantization(call):
    return lambda pixels: call("quantize_colors", pixels, 16)


def seconds(function, photos, num_threads):
    """Returns the elapsed time, and this process's CPU time."""
    dataset = tf.data.Dataset.from_tensor_slices(photos)
    dataset = dataset.map(
        lambda pixels: tf.numpy_function(
            lambda pixels: len(function(pixels)), [pixels], tf.int64
        ),
        num_parallel_calls=num_threads,
    )
    start, own_start = time.perf_counter(), time.process_time()
    for _ in dataset:
        pass
    return time.perf_counter() - start, time.process_time() - own_start


def lock_held(function, pixels):
    """Returns the longest pause of a ticking thread, as a fraction of the work."""
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    function(pixels)
    duration = time.perf_counter() - start
    done.set()
    thread.join()
    return max(np.diff([*ticks, start + duration])) / duration


def seconds_of_counting(num_processes):
    program = f"for _ in range({60_000_000 // num_processes}): pass"
    start = time.perf_counter()
    counting = [
        subprocess.Popen([sys.executable, "-c", program]) for _ in range(num_processes)
    ]
    for process in counting:
        process.wait()
    return time.perf_counter() - start


def main(runs="3"):
    photos = np.resize(np.stack(list(read_photos())), [NUM_PHOTOS, 512, 512, 3])
    print(
        "| distortion | two threads | with workers | two processes | lock | own time |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for distortion in (jpeg2000, quantization):
        ours, theirs = distortion(_pillow.call), distortion(in_process)
        seconds(ours, photos[:4], 2)  # Starts the workers.
        for _ in range(int(runs)):
            (one, own), (two, _) = (seconds(theirs, photos, n) for n in (1, 2))
            inside = one / two
            (one, own_less), (two, _) = (seconds(ours, photos, n) for n in (1, 2))
            free = seconds_of_counting(1) / seconds_of_counting(2)
            lock = min(lock_held(theirs, photos[0]) for _ in range(9))
            print(
                f"| {distortion.__name__} | {inside:.2f} | {one / two:.2f} "
                f"| {free:.2f} | {lock:.2f} | {own / own_less:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
