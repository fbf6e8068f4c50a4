import numpy as np
import pytest
import torch

from gnnseq.data import read_npz

DATA = np.arange(24.0).reshape(4, 3, 2)


def test_features_and_gaps(tmp_path):
    data = DATA.copy()
    data[1, 2, 1] = np.nan
    np.savez(tmp_path / "pems.npz", data=data)
    for feature in (0, 1):
        series = read_npz(tmp_path / "pems.npz", feature)
        expected = torch.from_numpy(data[..., feature])
        torch.testing.assert_close(series.values, expected, equal_nan=True, rtol=0, atol=0)
        assert (series.names, series.times) == (["0", "1", "2"], None)
    np.savez_compressed(tmp_path / "flat.npz", data=DATA[..., 0].astype(np.int32), other=np.ones(2))
    assert torch.equal(read_npz(tmp_path / "flat.npz").values, torch.from_numpy(DATA[..., 0]))


@pytest.mark.parametrize(
    ("arrays", "feature", "message"),
    [
        ({"values": DATA}, 0, r'pems.npz is no .npz file with an array "data"'),
        ({"data": DATA}, 2, r"feature is 2, expected 0 to 1, the features of .*pems.npz"),
        ({"data": DATA}, -1, "feature is -1"),
        ({"data": DATA[0, 0]}, 0, r"pems.npz: data has shape \[2\]"),
        ({"data": DATA[:0]}, 0, r"pems.npz: data has shape \[0, 3, 2\]"),
        ({"data": DATA.astype(complex)}, 0, r"pems.npz: data has shape .* complex128"),
        ({"data": np.array([["a"]])}, 0, r"pems.npz: data has"),
        ({"data": np.array([[{}]], dtype=object)}, 0, r"pems.npz is no .npz file"),
        ({"data": np.full((2, 2), np.inf)}, 0, r"pems.npz: data\[0, 0\] is inf, expected a float32 number or NaN"),
    ],
)
def test_bad_archives_are_named(tmp_path, arrays, feature, message):
    np.savez(tmp_path / "pems.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_npz(tmp_path / "pems.npz", feature)


def test_other_files_are_named(tmp_path):
    path = tmp_path / "pems.npz"
    with pytest.raises(FileNotFoundError, match=r"pems\.npz"):
        read_npz(path)
    for content in (b"", b"PK\x03\x04 no zip", b"text"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"pems\.npz is no \.npz file"):
            read_npz(path)
    np.save(tmp_path / "one.npy", DATA)
    with pytest.raises(ValueError, match=r"one\.npy: data has a single array"):
        read_npz(tmp_path / "one.npy")
