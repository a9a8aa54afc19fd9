"""Clips of the six open sets, found in the real archives."""

import tarfile

import pytest

from train.data.readers import reader
from train.data.vocabularies import datasets_of, label_map

EMPTY = {("msr-action3d", "a13_s09_e02_skeleton3D")}  # all zeros: no frame holds a body


@pytest.fixture(scope="session")
def clips(shared, tmp_path_factory):
    """Columns (label, dataset, subject) over every usable clip."""
    found = []
    for dataset in datasets_of("open"):
        folder = tmp_path_factory.mktemp(dataset)
        with tarfile.open(shared / "data" / "raw" / f"{dataset.replace('-', '_')}.tar.xz") as tar:
            tar.extractall(folder, filter="data")
        labels = label_map("open", dataset)
        found += [
            (labels[source.label], dataset, source.subject)
            for source in reader(dataset).find(folder)
            if (dataset, source.name) not in EMPTY
        ]
    return list(zip(*found, strict=True))
