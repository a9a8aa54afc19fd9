"""Where the pose model comes from, and what is trusted."""

import hashlib
import zipfile

import pytest

from bank.errors import InputError
from realtime.poses import find_bundle

ASSEMBLED = "ad51bbfbc7b7c073bfcf5d17c2570ebab880cbb23ea087f53a97e7456e09cb39"
LANDMARK_NETWORK = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def offline(no_download, monkeypatch, tmp_path):
    """No network, an empty cache, and pip looking only into a folder of ours."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PGFA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def write_wheel(folder, files):
    """A wheel of the release the networks are taken from, holding other files."""
    info = "mediapipe-0.10.21.dist-info"
    text = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n",
        f"{info}/RECORD": "",
    }
    name = folder / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    with zipfile.ZipFile(name, "w") as wheel:
        for path, content in (text | files).items():
            wheel.writestr(path, content)


def the_one_line(info):
    message = str(info.value)
    assert "\n" not in message
    return message


def test_a_corrupt_cache_is_made_anew_and_always_the_same(assembled, spoilt_cache):
    assert assembled == spoilt_cache / "pose_landmarker_full.task"
    assert sha256(assembled.read_bytes()) == ASSEMBLED
    assert [path.name for path in spoilt_cache.iterdir()] == [assembled.name]


def test_the_bundle_is_an_uncompressed_zip_with_the_network_as_published(assembled):
    with zipfile.ZipFile(assembled) as bundle:
        entries = bundle.infolist()
        landmarker = bundle.read("pose_landmarks_detector.tflite")
    names = [entry.filename for entry in entries]
    assert names == ["pose_detector.tflite", "pose_landmarks_detector.tflite"]
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert sha256(landmarker[-6440512:]) == LANDMARK_NETWORK


def test_the_networks_say_how_pictures_are_normalised(assembled):
    from mediapipe.tasks.metadata import metadata_schema_py_generated as words
    from mediapipe.tasks.metadata import schema_py_generated as schema

    def normalisation(data):
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
        entry = next(item for item in model.metadata if item.name == b"TFLITE_METADATA")
        raw = model.buffers[entry.buffer].data.tobytes()
        about = words.ModelMetadataT.InitFromObj(words.ModelMetadata.GetRootAs(raw, 0))
        (tensor,) = about.subgraphMetadata[0].inputTensorMetadata
        options = tensor.processUnits[0].options
        return model, (list(options.mean), list(options.std))

    with zipfile.ZipFile(assembled) as bundle:
        _, detector = normalisation(bundle.read("pose_detector.tflite"))
        data = bundle.read("pose_landmarks_detector.tflite")
        model, landmarker = normalisation(data)
    assert detector == ([127.5], [127.5])
    assert landmarker == ([0.0], [255.0])
    before = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data[-6440512:], 0))
    assert len(model.buffers) == len(before.buffers) + 1
    assert len(model.subgraphs[0].operators) == len(before.subgraphs[0].operators)
    for new, old in zip(model.buffers, before.buffers, strict=False):
        assert (new.data is None) == (old.data is None)
        assert new.data is None or (new.data == old.data).all()
    assert (len(data) - 6440512) % 16 == 0  # the weights stay as aligned as they were
    assert data[4:8] == b"TFL3"


def test_a_good_cache_needs_no_network(assembled, offline, tmp_path):
    cached = tmp_path / "cache" / assembled.name
    cached.parent.mkdir()
    cached.write_bytes(assembled.read_bytes())
    assert find_bundle() == cached


def test_a_path_is_used_and_nothing_else(assembled, offline, tmp_path):
    assert find_bundle(assembled) == assembled
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("variant", ["full", "heavy"])
def test_when_none_can_be_had_one_line_says_what_to_do(offline, tmp_path, variant):
    with pytest.raises(InputError) as info:
        find_bundle(variant=variant)
    message = the_one_line(info)
    assert variant in message
    assert "download failed" in message
    assert "--pose-model" in message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_package_with_other_networks_is_refused(offline, tmp_path):
    write_wheel(
        offline,
        {
            "mediapipe/modules/pose_detection/pose_detection.tflite": b"not the network",
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": b"nor this",
        },
    )
    with pytest.raises(InputError, match=r"pose_detection\.tflite in .* is not the known one"):
        find_bundle()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_package_without_networks_is_refused(offline):
    write_wheel(offline, {})
    with pytest.raises(InputError, match=r"wheel of .* cannot be read"):
        find_bundle()


def test_a_download_of_something_else_is_refused(offline, monkeypatch, tmp_path):
    impostor = tmp_path / "impostor.task"
    impostor.write_bytes(b"<html>log in to this network</html>")
    monkeypatch.setattr("realtime.poses.bundle._OFFICIAL_URL", impostor.as_uri())
    with pytest.raises(InputError, match="what came is not the official bundle"):
        find_bundle(variant="heavy")


def test_a_folder_that_cannot_be_made_is_said_before_fetching(offline, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PGFA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match="PGFA_CACHE") as info:
        find_bundle()
    the_one_line(info)


def test_what_is_no_bundle_is_refused(tmp_path):
    absent, text, other = (tmp_path / name for name in ("none.task", "text.task", "other.task"))
    text.write_text("hello")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("hand_detector.tflite", b"")
    for path, reason in (
        (absent, "no such pose model"),
        (tmp_path, "no such pose model"),
        (text, "no zip archive"),
        (other, "lacks pose_detector"),
    ):
        with pytest.raises(InputError, match=reason) as info:
            find_bundle(path)
        assert str(path) in the_one_line(info)


def test_an_unknown_variant_is_refused():
    with pytest.raises(InputError, match="lite, full or heavy"):
        find_bundle(variant="huge")
