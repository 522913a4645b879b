"""Quantization keeps each weight within half a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from edgernn_export.quantization import quantize

MATRICES = stn.arrays(
    np.float32,
    stn.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
)


@given(MATRICES, st.sampled_from([None, 0, 1, -1]), st.sampled_from([7, 8]))
def test_each_weight_is_kept_within_half_a_step(weights, axis, bits):
    quantized = quantize(weights, axis=axis, bits=bits)
    assert np.abs(quantized.values.astype(int)).max() <= 2 ** (bits - 1) - 1
    steps = np.broadcast_to(quantized.scale, weights.shape)
    error = np.abs(quantized.dequantized().astype(np.float64) - weights)
    assert (error <= 0.5001 * steps + 1e-30).all()


@pytest.mark.parametrize(
    ("axis", "shape"), [(None, (1, 1)), (0, (2, 1)), (1, (1, 3)), (-1, (1, 3))]
)
def test_an_axis_keeps_a_scale_for_each_index(axis, shape):
    weights = np.array([[1, -2, 0], [10, 20, 0]], dtype=np.float32)
    quantized = quantize(weights, axis=axis)
    assert quantized.scale.shape == shape
    assert np.abs(quantized.values.astype(int)).max() == 127


def test_zeros_stay_zeros():
    quantized = quantize(np.zeros((2, 2), np.float32))
    assert quantized.values.tolist() == [[0, 0], [0, 0]]
    assert quantized.scale.item() == 1
