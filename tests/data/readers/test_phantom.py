from pathlib import Path

import numpy as np
import pytest

from cxrkit.data import cache, images
from cxrkit.data.readers import coronahack, phantom
from cxrkit.errors import BadInput
from cxrkit.files import sha256_of


def all_hashes(root):
    return {path.relative_to(root).as_posix(): sha256_of(path) for path in sorted(Path(root).rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path, phantoms):
    phantom.read(tmp_path / "again")
    phantom.read(tmp_path / "other", seed=1)
    assert all_hashes(tmp_path / "again") == all_hashes(phantoms)
    assert all_hashes(tmp_path / "other") != all_hashes(phantoms)


def test_a_damaged_set_is_drawn_anew_only_when_its_marker_is_wrong(tmp_path):
    phantom.read(tmp_path)
    before = all_hashes(tmp_path)
    (tmp_path / coronahack.PHANTOM_MARKER).write_text("half")
    phantom.read(tmp_path)
    assert all_hashes(tmp_path) == before


def test_nothing_is_drawn_over_somebody_s_folder(tmp_path):
    (tmp_path / coronahack.METADATA).write_text("mine")
    with pytest.raises(BadInput, match="did not draw"):
        phantom.read(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(coronahack.METADATA, "mine")]


def test_size_format_and_mode_do_not_tell_the_classes_apart(phantoms):
    records, _ = cache.add_facts(phantom.read(phantoms), lambda record: phantoms / record.path.split("/", 1)[1])
    by_label = {
        label: {(r.width, r.height, r.mode, r.format) for r in records if r.used and r.label == label} for label in ("covid", "normal")
    }
    assert by_label["covid"] == by_label["normal"]


def test_patients_have_several_films_and_quirks_are_there(phantoms):
    records = phantom.read(phantoms)
    used = [record for record in records if record.used]
    assert len({record.patient for record in used}) < len(used)
    assert sum(not record.used for record in records) == 2
    assert "slice-without-a-row" not in " ".join(record.image_id for record in records)


def test_the_marked_ones_differ_in_the_corner_of_covid_films_and_nowhere_else(tmp_path, phantoms):
    records = {record.image_id: record for record in phantom.read_marked(tmp_path)}
    plain, marked = all_hashes(phantoms), all_hashes(tmp_path)
    changed = {name for name in plain if plain[name] != marked[name]} - {coronahack.PHANTOM_MARKER}
    assert set(plain) == set(marked)
    assert changed == {record.path.split("/", 1)[1] for record in records.values() if record.used and record.label == "covid"}
    for name in sorted(changed)[:10]:
        before, after = (np.asarray(images.open_grey(root / name), int) for root in (phantoms, tmp_path))
        assert after[12:28, 16:28].min() > 230
        assert np.abs(after - before)[48:, 60:].max() == 0
