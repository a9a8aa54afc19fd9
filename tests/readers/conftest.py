"""A few real files of each set, unpacked from the shared archives."""

import re
import tarfile

import pytest


def first_files(archive, folder, pattern, number):
    """Unpack the first so many files that match, without going through the rest of the archive."""
    with tarfile.open(archive, "r|xz") as packed:
        for member in packed:
            if member.isfile() and re.search(pattern, member.name):
                packed.extract(member, folder, filter="data")
                number -= 1
                if not number:
                    break
    return folder


@pytest.fixture(scope="session")
def kinect_sets(shared, tmp_path_factory):
    """Reader name to a folder with a few files of that set."""
    root = tmp_path_factory.mktemp("sets")
    sets = {
        "gtu3d": r"\.txt$",
        "kard": r"a(12|17|18)_.*\.txt$",  # bend, sit down, stand up
        "kinder-gator": r"\.csv$",
        "msr-action3d": r"\.txt$",
        "nw-ucla": r"\.json$",
        "utd-mhad": r"\.mat$",
    }
    return {
        name: first_files(
            shared / f"data/raw/{name.replace('-', '_')}.tar.xz", root / name, pattern, 8
        )
        for name, pattern in sets.items()
    }


@pytest.fixture(scope="session")
def bandai(shared, tmp_path_factory):
    """A folder with a few BVH files."""
    archive = shared / "data/raw/bandai_bvh_sample.tar.xz"
    return first_files(archive, tmp_path_factory.mktemp("bandai"), r"\.bvh$", 4)


@pytest.fixture(scope="session")
def msrc12(shared, tmp_path_factory):
    """A folder with two continuous recordings and their tags."""
    archive = shared / "data/raw/msrc12_streams.tar.xz"
    return first_files(archive, tmp_path_factory.mktemp("msrc12"), r"P1_1_1A_p(06|19)\.", 4)
