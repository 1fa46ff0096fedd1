"""Times sgemm in OpenBLAS on the shapes of `benchmarks/speed -run gemm -json`.

Reads those JSON lines and prints one for each of them. What a call from Python
costs is measured with an empty product and taken off. Needs no package: the
library is a file, such as Debian's libopenblas.so.0 or the one that comes with
the wheels of numpy and scipy-openblas32.
"""

import argparse
import ctypes
import ctypes.util
import glob
import importlib.util
import json
import os
import sys

from measuring import seconds_a_call

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112

# How builds name their functions, and the width of their integers.
NAMINGS = (
    ("", "", ctypes.c_int32),
    ("scipy_", "", ctypes.c_int32),
    ("scipy_", "64_", ctypes.c_int64),
    ("", "64_", ctypes.c_int64),
)


def find_library():
    """The path of an OpenBLAS, or None."""
    for package, folder in (("scipy_openblas32", "lib"), ("numpy", "../numpy.libs")):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            found = glob.glob(os.path.join(os.path.dirname(spec.origin), folder, "*openblas*"))
            if found:
                return found[0]
    return ctypes.util.find_library("openblas")


class OpenBLAS:
    def __init__(self, path, threads):
        library = ctypes.CDLL(path)
        for prefix, suffix, integer in NAMINGS:
            if hasattr(library, f"{prefix}cblas_sgemm{suffix}"):
                break
        else:
            sys.exit(f"openblas_gemm.py: {path} has no cblas_sgemm")
        self.integer = integer
        self.sgemm = getattr(library, f"{prefix}cblas_sgemm{suffix}")
        self.sgemm.restype = None
        config = getattr(library, f"{prefix}openblas_get_config{suffix}")
        config.restype = ctypes.c_char_p
        self.name = " ".join(config().decode().split()[:2])
        getattr(library, f"{prefix}openblas_set_num_threads{suffix}")(ctypes.c_int(threads))

    def product(self, m, n, k, trans_a, trans_b):
        """A function that computes C = op(A) op(B) once, its arguments prepared."""
        i, f = self.integer, ctypes.c_float
        a, b, c = matrix(m * k), matrix(k * n), matrix(m * n)
        args = (
            ctypes.c_int(ROW_MAJOR),
            ctypes.c_int(TRANSPOSED if trans_a else PLAIN),
            ctypes.c_int(TRANSPOSED if trans_b else PLAIN),
            i(m), i(n), i(k), f(1), a, i(max(1, m if trans_a else k)),
            b, i(max(1, k if trans_b else n)), f(0), c, i(max(1, n)),
        )
        return lambda: self.sgemm(*args)


def matrix(elements):
    """Memory with small numbers of both signs; zeros and subnormals could take another time."""
    period = (ctypes.c_float * 101)(*((37 * i % 101 - 50) / 101 for i in range(101)))
    values = (ctypes.c_float * max(1, elements))()
    ctypes.memmove(values, bytes(period) * (elements // 101 + 1), 4 * elements)
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", type=argparse.FileType(), help="what `speed -run gemm -json` printed; - is standard input")
    parser.add_argument("--library", help="the file of an OpenBLAS (default: one that is installed)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    path = args.library or find_library()
    if not path:
        parser.error("no OpenBLAS was found: install one or name its file with --library")
    blas = OpenBLAS(path, args.threads)
    overhead = seconds_a_call(blas.product(0, 0, 0, False, False))
    for line in args.shapes:
        shape = json.loads(line)
        m, n, k = shape["m"], shape["n"], shape["k"]
        call = blas.product(m, n, k, shape["trans_a"], shape["trans_b"])
        seconds = seconds_a_call(call) - overhead
        print(json.dumps({
            "name": shape["name"],
            "peer": blas.name,
            "threads": args.threads,
            "gflops": 2 * m * n * k / seconds / 1e9,
        }), flush=True)


if __name__ == "__main__":
    main()
