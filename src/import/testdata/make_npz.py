#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes stored.npz and deflated.npz, as numpy does. Needs python3-numpy."""
import pathlib

import numpy

folder = pathlib.Path(__file__).parent
arrays = {"x": numpy.float32([[1, 2], [3, 4]]), "y": numpy.int64(7),
          "zeros": numpy.zeros(1000, numpy.uint8)}
numpy.savez(folder / "stored.npz", **arrays)
numpy.savez_compressed(folder / "deflated.npz", **arrays)
