"""Writes NumPy's files for the tests of package npy: types.npz, an array of each type that
is read, in both orders of bytes and of axes; compressed.npz; and files that
must be refused. The arrays are those that npy_test.go expects.

Made with NumPy 2. Run in this directory.
"""
import numpy as np

values = np.array([[0, 1, 2], [3, 4, 5]])
arrays = {"scalar": np.float64(2.5), "empty": np.zeros((0, 3), np.float32), "columns": np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4))}
for descr in ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "|i1", "|u1"] + [order + kind + size for order in "<>" for kind in "iu" for size in "248"]:
    arrays[descr.replace("<", "little_").replace(">", "big_").replace("|", "")] = values.astype(descr)
arrays["bool"] = values > 2
np.savez("types.npz", **arrays)
np.savez_compressed("compressed.npz", values=values.astype("<f4"))
np.save("objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
np.save("complex.npy", np.array([1j]))
np.save("records.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
