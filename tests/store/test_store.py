"""Building and reading a store."""

import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from made_up import MadeUp, make_dataset

from bank.errors import InputError
from train.data.readers import reader as reader_named
from train.data.store import BadClip, Store, build_store
from train.data.store import cache as cache_module
from train.skeletons.preprocess import Preprocessing


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "set")


@pytest.fixture
def store(tmp_path: Path, dataset: Path) -> Store:
    build_store(tmp_path / "store", MadeUp(), dataset, chunk=4, progress=False)
    return Store.open(tmp_path / "store")


def test_every_clip_comes_back_as_its_reader_gave_it(store: Store, dataset: Path) -> None:
    reader = MadeUp()
    good = [s for s in reader.find(dataset) if "broken" not in json.loads(s.path.read_text())]
    assert len(store) == len(good) == 18
    for index, source in enumerate(good):
        stored, original = store.clip(index), reader.read(source)
        np.testing.assert_array_equal(stored.joints, original.joints)
        np.testing.assert_array_equal(stored.times, original.times)
        for field in ("name", "label", "dataset", "subject", "view"):
            assert getattr(stored, field) == getattr(original, field)
        row = {name: getattr(store.table, name)[index] for name in ("bodies", "frames", "fps")}
        assert row == {
            "bodies": original.bodies,
            "frames": len(original.times),
            "fps": np.float32(original.fps),
        }
    store.verify()


def test_bad_clips_are_reported_skipped_and_listed(tmp_path: Path, dataset: Path) -> None:
    report = build_store(tmp_path / "store", MadeUp(), dataset, progress=False)
    reason = "clip003: cut short in frame 7"
    assert (report.built, report.already) == (18, 0)
    assert report.skipped == [("clip003", reason), ("clip011", reason.replace("003", "011"))]
    bad = Store.open(tmp_path / "store").bad
    assert bad[0] == BadClip("made-up", "clip003", reason)
    assert len(bad) == 2


def test_a_mended_clip_is_built_by_the_next_run(tmp_path: Path, dataset: Path) -> None:
    build_store(tmp_path / "store", MadeUp(), dataset, progress=False)
    facts = json.loads((dataset / "clip003.json").read_text())
    del facts["broken"]
    (dataset / "clip003.json").write_text(json.dumps(facts))
    report = build_store(tmp_path / "store", MadeUp(), dataset, progress=False)
    assert (report.built, report.already, len(report.skipped)) == (1, 18, 1)
    store = Store.open(tmp_path / "store")
    assert store.table.clip[-1] == "clip003"
    assert [bad.clip for bad in store.bad] == ["clip011"]


def test_strict_stops_every_time(tmp_path: Path, dataset: Path) -> None:
    for _ in range(2):
        with pytest.raises(InputError, match=r"clip003.*strict"):
            build_store(tmp_path / "store", MadeUp(), dataset, strict=True, progress=False)
    store = Store.open(tmp_path / "store")
    assert store.table.clip.tolist() == ["clip000", "clip001", "clip002"]
    assert store.datasets == {"made-up": False}


def test_two_clips_of_one_name_are_not_lost_silently(tmp_path: Path, dataset: Path) -> None:
    make_dataset(dataset / "again", clips=1)
    report = build_store(tmp_path / "store", MadeUp(), dataset, progress=False)
    assert report.built == 18
    (double,) = [clip for clip, reason in report.skipped if "second clip" in reason]
    assert double.startswith("clip000 (")
    assert double in [bad.clip for bad in Store.open(tmp_path / "store").bad]


def test_labels_are_mapped_left_out_or_refused(tmp_path: Path, dataset: Path) -> None:
    labels = {"wave": "greet", "bow": None}
    report = build_store(tmp_path / "store", MadeUp(), dataset, label_map=labels, progress=False)
    assert report.left_out == 7
    assert sum("'jump' is not in the label map" in reason for _, reason in report.skipped) == 5
    table = Store.open(tmp_path / "store").table
    assert set(table.label.tolist()) == {"greet"}
    assert set(table.source_label.tolist()) == {"wave"}
    with pytest.raises(InputError, match="other labels"):
        build_store(tmp_path / "store", MadeUp(), dataset, progress=False)


def test_several_sets_share_a_store(tmp_path: Path, dataset: Path) -> None:
    other = make_dataset(tmp_path / "other", clips=5, broken=())
    build_store(tmp_path / "store", MadeUp(), dataset, progress=False)
    build_store(tmp_path / "store", MadeUp("second"), other, progress=False)
    store = Store.open(tmp_path / "store")
    assert store.datasets == {"made-up": True, "second": True}
    second = store.select(store.table.dataset == "second")
    assert second.tolist() == [18, 19, 20, 21, 22]
    np.testing.assert_array_equal(store.clip(18).joints, store.clip(0).joints)
    store.verify()


def test_reading_in_other_processes_gives_the_same_store(tmp_path: Path, dataset: Path) -> None:
    for workers in (0, 2):
        folder = tmp_path / str(workers)
        build_store(folder, MadeUp(), dataset, workers=workers, progress=False, chunk=5)
    for name in ("joints.f32", "times.f64", "table.bin", "names.txt", "bad.jsonl"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_prepared_clips_are_those_of_the_chain(store: Store) -> None:
    chain = Preprocessing(frames=20)
    direct = chain([(store.clip(i).joints, store.clip(i).times) for i in range(len(store))])
    some = np.array([7, 2, 2, 11])
    np.testing.assert_array_equal(store.prepared(chain, some).x, direct.x[some])
    everything = store.prepared(chain)
    assert isinstance(everything.x, np.memmap)
    np.testing.assert_array_equal(everything.x, direct.x)
    np.testing.assert_array_equal(everything.present, direct.present)
    chunks = list(store.prepared_chunks(chain, some[::-1], size=3))
    assert [len(chunk) for chunk in chunks] == [3, 1]
    np.testing.assert_array_equal(np.concatenate([c.x for c in chunks]), direct.x[some[::-1]])


def test_clips_are_prepared_once_per_options(
    store: Store, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[int] = []
    original = Preprocessing.__call__

    def counted(self: Preprocessing, clips: list) -> object:  # type: ignore[type-arg]
        prepared.append(len(clips))
        return original(self, clips)

    monkeypatch.setattr(Preprocessing, "__call__", counted)
    monkeypatch.setattr(cache_module, "_BLOCK", 5)
    store.prepared(Preprocessing(), np.array([4, 9, 4]))
    store.prepared(Preprocessing(), np.array([9, 4, 5]))
    Store.open(store.path).prepared(Preprocessing())
    assert sum(prepared) == len(store)
    store.prepared(Preprocessing(frames=10), np.array([0]))
    assert sum(prepared) == len(store) + 1
    # A store that has grown keeps what is prepared.
    build_store(store.path, MadeUp("more"), dataset, progress=False)
    prepared.clear()
    grown = Store.open(store.path)
    assert len(grown.prepared(Preprocessing())) == 36
    assert sum(prepared) == 18


def test_the_cache_may_lie_elsewhere(store: Store, tmp_path: Path) -> None:
    Store.open(store.path, cache=tmp_path / "elsewhere").prepared(Preprocessing())
    assert not (store.path / "prepared").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Store.open(store.path, cache=tmp_path / "file").prepared(Preprocessing())


def test_a_store_travels_to_other_processes(store: Store) -> None:
    store.clip(0)
    again = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(again.clip(5).joints, store.clip(5).joints)


def test_wrong_indices_and_masks_are_refused(store: Store) -> None:
    for wrong in (np.array([18]), np.array([-1]), np.array([[1]])):
        with pytest.raises(InputError):
            store.prepared(Preprocessing(), wrong)
    with pytest.raises(InputError):
        store.select(np.ones(3, bool))


def test_two_builds_do_not_write_at_once(tmp_path: Path, dataset: Path) -> None:
    (tmp_path / "store").mkdir()
    with FileLock(tmp_path / "store" / ".lock"), pytest.raises(InputError, match="another build"):
        build_store(tmp_path / "store", MadeUp(), dataset, progress=False)


def test_missing_and_foreign_folders_are_refused(tmp_path: Path, dataset: Path) -> None:
    for folder in (tmp_path / "nowhere", dataset, dataset / "clip000.json"):
        with pytest.raises(InputError, match="no store here"):
            Store.open(folder)
    with pytest.raises(InputError, match="neither empty nor a store"):
        build_store(dataset, MadeUp(), dataset, progress=False)
    with pytest.raises(InputError, match="no such folder"):
        build_store(tmp_path / "store", MadeUp(), tmp_path / "nowhere", progress=False)
    with pytest.raises(InputError, match="cannot be written"):
        build_store(dataset / "clip000.json", MadeUp(), dataset, progress=False)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("manifest.json", lambda data: data[:-40]),
        ("manifest.json", lambda data: b"[]"),
        ("manifest.json", lambda data: b"\xff\x00" + data),
        ("manifest.json", lambda data: data.replace(b"pgfa-skeleton-store", b"something-else")),
        ("manifest.json", lambda data: data.replace(b'"version": 1', b'"version": 2')),
        ("manifest.json", lambda data: data.replace(b'"table.bin"', b'"table.txt"')),
        ("manifest.json", lambda data: data.replace(b'"size": ', b'"size": -')),
        ("manifest.json", lambda data: data.replace(b'"wave"', b"7")),
        ("manifest.json", lambda data: data.replace(b'"wave",', b"")),
        ("table.bin", lambda data: data[:-4]),
        ("table.bin", lambda data: bytes([data[0] ^ 1]) + data[1:]),
        ("names.txt", lambda data: data.replace(b"clip001", b"clip0\n1")),
        ("joints.f32", lambda data: data[:-1]),
        ("times.f64", lambda data: b""),
        ("bad.jsonl", lambda data: data.replace(b"{", b"[")),
    ],
)
def test_damage_is_named(store: Store, name: str, change) -> None:  # type: ignore[no-untyped-def]
    path = store.path / name
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    with pytest.raises(InputError) as caught:
        assert Store.open(store.path).bad is None
    assert "\n" not in str(caught.value)


def test_verify_finds_what_opening_cannot(store: Store) -> None:
    path = store.path / "joints.f32"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"joints\.f32"):
        Store.open(store.path).verify()


def test_real_clips_go_through(shared: Path, tmp_path: Path) -> None:
    with tarfile.open(shared / "data" / "raw" / "kard.tar.xz", "r|xz") as archive:
        for count, member in enumerate(archive):
            archive.extract(member, tmp_path / "kard", filter="data")
            if count > 20:
                break
    reader = reader_named("kard")
    report = build_store(tmp_path / "store", reader, tmp_path / "kard", progress=False)
    assert report.built > 3
    assert not report.skipped
    store = Store.open(tmp_path / "store")
    prepared = store.prepared(Preprocessing())
    assert np.isfinite(prepared.x).all()
    assert prepared.present[:, 0].all()


def test_the_documented_layout_is_the_real_one(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_store(tmp_path / "skeletons", MadeUp(), dataset, progress=False)
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
    code = page.split("Without this library:")[1].split("```python")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(code, found)
    store = Store.open(tmp_path / "skeletons")
    np.testing.assert_array_equal(found["last"], store.arrays(len(store) - 1)[0])
    assert found["label"] == store.table.label[-1]
