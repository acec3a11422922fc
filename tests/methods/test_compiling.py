"""numba is loaded by who computes, and by nobody else."""

import subprocess
import sys

READS = """
import sys
import camphora.engines.watch, camphora.engines.watch.pages, camphora.engines.watch.workshop, camphora.web.app
print(*sorted({"numba", "llvmlite", "scipy.stats"} & set(sys.modules)))
"""
COMPUTES = """
import sys
import numpy as np
from camphora.methods.compiling import njit

@njit()
def twice(x):
    return 2 * x

@njit()
def four_times(x):
    return twice(twice(x))

assert four_times.__name__ == "four_times"
assert "numba" not in sys.modules
print(four_times(3), four_times(np.ones(2)).tolist(), "numba" in sys.modules)
"""


def said(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_server_that_reads_what_was_worked_out_loads_no_compiler():
    assert said(READS) == ""


def test_a_compiled_function_is_compiled_at_its_first_call_with_those_that_it_calls():
    assert said(COMPUTES) == "12 [4.0, 4.0] True"
