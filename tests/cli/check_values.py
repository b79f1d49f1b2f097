# SPDX-License-Identifier: MIT
"""
usage: check_values.py

Check the values that testdata-gen made in random/, sensor/, int16/ and zeros/: the smooth ones
are smooth, have the width that they say, and compress better than noise.
"""

import zipfile

import numpy

def read(kind, dtype):
    z = zipfile.ZipFile(f"{kind}/file_1.zip")
    i = z.infolist()[0]
    v = numpy.frombuffer(z.read(i), dtype).reshape(50000, 5)
    return v, i.compress_size / i.file_size
random, random_ratio = read("random", "<f4")
sensor, sensor_ratio = read("sensor", "<f4")
int16, int16_ratio = read("int16", "<i2")
zeros, zeros_ratio = read("zeros", "<f4")
assert zeros_ratio < 0.01 and not zeros.any()
assert sensor_ratio < 0.6 * random_ratio and sensor_ratio > 0.05
assert 0.2 < int16_ratio < 0.95
for v in sensor, int16.astype(float):
    assert (v.std(axis=0) > 20 * abs(numpy.diff(v, axis=0)).mean(axis=0)).all()
    assert len({c.tobytes() for c in v.T}) == 5
assert (sensor * 256 == numpy.round(sensor * 256)).all()
assert abs(int16).max() > 4000
