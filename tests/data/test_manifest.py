"""manifest.csv: written, read and checked; what follows from its records; and one build for every caller."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from cxrkit import config
from cxrkit.__main__ import main
from cxrkit.data import copies, groups, images, manifest, pixels, sources, splits, summary, tree
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import COLUMNS, Record
from cxrkit.errors import BadInput, WrongUse, run_command
from cxrkit.files import sha256_of
from tests.data.readers.layouts import draw

EXPERIMENT = config.Experiment(image_size=48)


@pytest.fixture(scope="module")
def built(phantoms):
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    return manifest.build(found, EXPERIMENT), manifest.roots_of(found)


def test_it_is_written_read_and_written_the_same(tmp_path, built):
    made, roots = built
    manifest.write(tmp_path / "manifest.csv", made, roots)
    again = manifest.read(tmp_path / "manifest.csv")
    assert again == made
    assert Manifest(reversed(again.records)).text == made.text == (tmp_path / "manifest.csv").read_text()
    assert again.sha256 == made.sha256 == sha256_of(tmp_path / "manifest.csv")
    assert manifest.read_roots(tmp_path / "manifest.csv") == roots
    assert str(roots["coronahack"]) not in (tmp_path / "manifest.csv").read_text()


@pytest.mark.parametrize("text", ['{"dpi": "300"}', "not JSON", "[1]"])
def test_a_list_of_folders_that_the_kit_did_not_write_stays(tmp_path, built, text):
    made, roots = built
    (tmp_path / "m.roots.json").write_text(text)
    with pytest.raises(BadInput, match="did not write"):
        manifest.write(tmp_path / "m.csv", made, roots)
    assert (tmp_path / "m.roots.json").read_text() == text and not (tmp_path / "m.csv").exists()
    code = run_command(lambda: main(["manifest", "build", "--source", "phantom", "--out", str(tmp_path / "m.csv")]))
    assert code == 3 and [path.name for path in tmp_path.iterdir()] == ["m.roots.json"]


def test_its_own_list_of_folders_is_written_anew(tmp_path, built):
    made, roots = built
    for _ in range(2):
        manifest.write(tmp_path / "m.csv", made, roots)
    (tmp_path / "m.roots.json").write_text("")
    manifest.write(tmp_path / "m.csv", made, roots)
    assert manifest.read_roots(tmp_path / "m.csv") == roots


@pytest.mark.parametrize(
    "text, words",
    [
        ("ours={}", "did you mean folder:ours={}?"),
        ("{}", "write folder:NAME={}"),
        ("folders:ours={}", "did you mean folder?"),
    ],
)
def test_own_films_named_as_one_would_guess_are_answered_with_what_to_write(tmp_path, text, words):
    for label in ("covid", "normal"):
        (tmp_path / label).mkdir()
    with pytest.raises(WrongUse) as raised:
        sources.parse(text.format(tmp_path), drawn_at="")
    assert words.format(tmp_path) in raised.value.next


def test_a_file_that_somebody_changed_has_another_hash(tmp_path, built):
    made, roots = built
    manifest.write(tmp_path / "manifest.csv", made, roots)
    text = (tmp_path / "manifest.csv").read_bytes()
    (tmp_path / "manifest.csv").write_bytes(text.replace(b"\n", b"\r\n"))
    again = manifest.read(tmp_path / "manifest.csv")
    assert again.records == made.records and again.sha256 != made.sha256


def test_it_is_never_written_over_somebody_s_table(tmp_path, built):
    (tmp_path / "films.csv").write_text("file,patient\na.png,1\n")
    with pytest.raises(BadInput, match="did not write"):
        manifest.write(tmp_path / "films.csv", *built)
    assert (tmp_path / "films.csv").read_text().startswith("file,patient")
    for _ in range(2):
        manifest.write(tmp_path / "manifest.csv", *built)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_what_a_spreadsheet_made_of_it_is_read(tmp_path, built, encoding):
    made, roots = built
    manifest.write(tmp_path / "m.csv", made, roots)
    with open(tmp_path / "m.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    width = rows[0].index("width")
    rows[1:] = [[*row[:width], row[width] and row[width] + ".0", *row[width + 1 :]] for row in rows[1:]]
    with open(tmp_path / "saved.csv", "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    assert manifest.read(tmp_path / "saved.csv").records == made.records


def test_of_unknown_patients_it_is_not_said_that_none_leaks():
    films = [
        Record(f"s/{label}{i}", "", "s", label, split=split) for label in ("covid", "normal") for i, split in enumerate(("train", "valid"))
    ]
    text = summary.text(Manifest(films))
    assert "patients in two splits: not known for 4 of 4 films" in text and "splits: 0" not in text.partition("Pictures")[0]
    named = summary.text(Manifest([film.but(patient=film.image_id) for film in films]))
    assert "patients or pictures in two splits: 0" in named


def test_awkward_text_survives(tmp_path):
    awkward = Record("s/a", "s/a", "s", credit='quote " comma , line\nbreak \u202e\u00e8', excluded="x")
    manifest.write(tmp_path / "m.csv", Manifest([awkward]), {})
    assert manifest.read(tmp_path / "m.csv").records == (awkward,)


def test_what_follows_from_the_records_is_computed_once(built, monkeypatch):
    made = Manifest(built[0].records)
    first = made.used, made.by_id, made.groups, made.leaks, made.held_out, made.text, made.sha256
    assert made.used == tuple(record for record in made.records if record.used)
    assert list(made.by_id) == [record.image_id for record in made.used]
    assert made.groups == groups.groups_of(made.records) and made.groups == built[0].groups
    assert (made.leaks, made.held_out) == ((), "valid")
    for module, name in ((groups, "groups_of"), (splits, "leaks"), (manifest, "csv_text")):
        monkeypatch.setattr(module, name, None)
    again = made.used, made.by_id, made.groups, made.leaks, made.held_out, made.text, made.sha256
    assert all(one is other for one, other in zip(first, again))


@pytest.mark.parametrize(
    "present, held_out", [(("train", "valid", "test"), "test"), (("train", "valid"), "valid"), (("train",), ""), ((), "")]
)
def test_the_split_that_is_judged(present, held_out):
    records = [Record(f"s/{split}", "", "s", split=split) for split in present]
    left_out = Record("s/out", "", "s", split="test", excluded="view lateral")
    assert Manifest([*records, left_out]).held_out == held_out


def counted(monkeypatch, counts, module, name):
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given, **named: counts.update([name]) or real(*given, **named))


@pytest.mark.parametrize("duplicates, times", [("remove", 1), ("keep", 2)])
def test_one_build_groups_once_and_looks_for_leaks_once(tmp_path, phantoms, monkeypatch, duplicates, times):
    counts = Counter()
    monkeypatch.setattr(copies, "find", lambda thumbnails, kept: [])
    for module, name in ((groups, "groups_of"), (splits, "leaks"), (copies, "find")):
        counted(monkeypatch, counts, module, name)
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    experiment = config.Experiment(image_size=48, duplicates=duplicates)
    made = manifest.build(found, experiment, tmp_path)
    summary.text(made)
    manifest.problems(made)
    assert made.leaks is made.leaks and made.groups is made.groups
    assert counts == {"groups_of": times, "leaks": 1, "find": 1}
    summary.as_merged(made, experiment)
    assert counts["groups_of"] == times + 1
    manifest.build(found, experiment, tmp_path)
    assert counts["find"] == 1


def test_a_build_and_its_squares_decode_each_film_once(tmp_path, phantoms, monkeypatch):
    counts = Counter()
    monkeypatch.setattr(copies, "find", lambda thumbnails, kept: [])
    for module, name in ((images, "decode"), (images.Image, "open")):
        counted(monkeypatch, counts, module, name)
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    locate = sources.locator(manifest.roots_of(found))

    def films(size):
        counts.clear()
        made = manifest.build(found, config.Experiment(image_size=size), tmp_path)
        squares = pixels.load(made, locate, size, tmp_path)
        return len({record.sha256 for record in made.records if record.sha256}), squares, made

    readable, first, made = films(48)
    assert counts == {"decode": readable, "open": readable} and readable > 150
    second = films(48)
    assert counts == {} and second[2] == made
    assert (second[1].of(made.by_id) == first.of(made.by_id)).all()
    readable, other, _ = films(32)
    assert counts["decode"] == len(made.used) and other.size == 32
    films(32)
    assert counts == {}


def test_the_experiment_decides_as_it_says(tmp_path, phantoms):
    """Each key of the experiment that concerns the data reaches the manifest, whoever builds it.

    Two films are there twice, and their copies are taken for one patient's, so that patients 1 and 65 are one group with two labels.
    """
    for name in ("train/IM-0001-0001.jpeg", "train/phantom0065-day1.jpeg"):
        source = phantoms / "Coronahack-Chest-XRay-Dataset" / "Coronahack-Chest-XRay-Dataset" / name
        label = "covid" if "phantom" in name else "normal"
        (tmp_path / "copy" / label).mkdir(parents=True)
        (tmp_path / "copy" / label / f"again_{label}.jpeg").write_bytes(source.read_bytes())
    (tmp_path / "copy" / "films.csv").write_text("file,patient\nagain_covid,again\nagain_normal,again\n")
    found = sources.parse_all([str(phantoms), f"folder:copy={tmp_path / 'copy'}"], drawn_at="unused")

    def build(**keys):
        return manifest.build(found, config.Experiment(image_size=48, **keys), tmp_path / "known")

    plain, conflicts = build(), build(label_conflicts="keep")
    both = build(label_conflicts="keep", duplicates="keep")
    of_two_labels = [record for record in plain.records if record.excluded.startswith("conflicting labels")]
    assert sum(record.is_removed_copy for record in plain.records) == 2 and len(of_two_labels) > 1
    assert len(conflicts.used) == len(plain.used) + len(of_two_labels)
    assert not any(record.is_removed_copy for record in both.records) and len(both.used) == len(conflicts.used) + 2
    assert {record.image_id: record.split for record in build(split_seed=1).used} != {r.image_id: r.split for r in plain.used}
    assert {record.split for record in build(split="grouped").used} == {"train", "valid", "test"}
    with pytest.raises(BadInput, match="no normal image"):
        build(exclude_views=("AP",))


def test_a_sound_manifest_has_no_problems(built):
    made, roots = built
    assert manifest.problems(made, sources.locator(roots), hashes=True) == []


@pytest.mark.parametrize(
    "change, words",
    [
        ({"label": "ill"}, "label 'ill'"),
        ({"view": "PB"}, "view 'PB'"),
        ({"split": ""}, "in no split"),
        ({"label": ""}, "without a label"),
        ({"source": "other"}, "does not start with its source"),
        ({"path": "coronahack/../../etc/passwd"}, "leaves its folder"),
        ({"path": "elsewhere/a.png"}, "not known where the folder"),
        ({"path": "coronahack/gone.png"}, "no file"),
        ({"sha256": "0" * 64}, "SHA-256"),
    ],
)
def test_check_finds(built, change, words):
    made, roots = built
    index = next(i for i, record in enumerate(made.records) if record.used)
    changed = [*made.records[:index], made.records[index].but(**change), *made.records[index + 1 :]]
    assert words in "\n".join(manifest.problems(Manifest(changed), sources.locator(roots), hashes=True))


def test_check_finds_repeated_ids_leaks_and_empty_classes(built):
    records = built[0].records
    assert "stands 2 times" in "\n".join(manifest.problems(Manifest([*records, records[0]])))
    of_one = [r for r in records if r.used and r.patient == next(r.patient for r in records if r.used and r.image_id.endswith("0002.jpeg"))]
    moved = [record.but(split="valid" if record is of_one[0] else "train") if record in of_one else record for record in records]
    assert "patient" in "\n".join(manifest.problems(Manifest(moved)))
    only_normal = [record for record in records if record.label != "covid"]
    assert "no covid image in train" in manifest.problems(Manifest(only_normal))


@pytest.mark.parametrize(
    "text, words",
    [
        ("a,b\n1,2\n", "columns are not a manifest's: lacking image_id, path, source, label and 24 more; beyond them a, b."),
        (",".join(reversed(COLUMNS)) + "\n", "they stand in another order"),
        (",".join(column for column in COLUMNS if column != "split") + "\n", "a manifest's: lacking split."),
        ("", "lacking image_id"),
        (",".join(COLUMNS) + "\nx\n", "row 2"),
        (",".join(COLUMNS) + "\n" + ",".join("wide" if c == "width" else "" for c in COLUMNS) + "\n", "row 2"),
    ],
)
def test_a_broken_file_names_the_row(tmp_path, text, words):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(BadInput) as caught:
        manifest.read(tmp_path / "m.csv")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "command", ["manifest check", "manifest diff", "manifest licences --out there/A.md", "tree build --out there/tree", "audit"]
)
def test_what_is_no_manifest_is_told_with_what_to_name_instead(tmp_path, monkeypatch, command):
    """Regression: a folder was "Is a directory", a table without a list of folders beside it a manifest "built on another machine"."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films.csv").write_text("file,patient\nx.png,1\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "manifest.csv").write_text(",".join(COLUMNS) + "\n")
    words = command.split() + (["home/manifest.csv"] if command.endswith("diff") else [])
    with pytest.raises(BadInput, match="columns are not a manifest's") as table:
        main([*words, "films.csv"])
    with pytest.raises(BadInput) as folder:
        main([*words, "home"])
    assert str(table.value.where) == "films.csv" and "python -m cxrkit manifest build" in table.value.next
    assert str(folder.value.where) == "home" and folder.value.next.endswith(str(Path("home") / "manifest.csv"))


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "null"])
def test_a_list_of_folders_that_is_damaged_is_named(tmp_path, built, text):
    manifest.write(tmp_path / "m.csv", *built)
    (tmp_path / "m.roots.json").write_text(text)
    with pytest.raises(BadInput, match="list of folders"):
        manifest.read_roots(tmp_path / "m.csv")


def test_a_folder_whose_name_is_no_utf8_is_a_source(tmp_path):
    root = tmp_path / os.fsdecode(b"f\xe9")
    for number in range(12):
        draw(root / ("covid" if number % 2 else "normal") / f"{number}.png", number)
    found = sources.parse_all([f"folder:x={root}"], "unused")
    made = manifest.build(found, config.Experiment(image_size=48, split="grouped"))
    manifest.write(tmp_path / "m.csv", made, manifest.roots_of(found))
    locate = sources.locator(manifest.read_roots(tmp_path / "m.csv"))
    assert tree.build(manifest.read(tmp_path / "m.csv"), locate, tmp_path / "tree").linked == 12
    assert manifest.problems(made, locate, hashes=True) == []


def test_the_table_of_what_is_left_out_has_an_end(built):
    odd = [Record(f"s/{i}", "", "s", excluded=f"cannot be decoded: fault {i}") for i in range(50)]
    odd += [Record(f"s/x{i}", "", "s", excluded=f"finding {i}: neither") for i in range(60)]
    records = (*built[0].records, *odd)
    rows = summary.left_out(Manifest(records), summary.REASONS)
    assert len(rows) == summary.REASONS + 1 and (50, "s", "cannot be decoded") in rows
    assert sum(count for count, *_ in rows) == sum(not record.used for record in records) and "manifest.csv" in rows[-1][2]
    assert "rarer reasons" in summary.text(Manifest(records))


def test_no_manifest(tmp_path):
    with pytest.raises(BadInput, match="manifest is not there") as caught:
        manifest.read(tmp_path / "m.csv")
    assert "manifest build" in caught.value.next


def test_a_list_of_copies_that_is_damaged_is_named(tmp_path, phantoms):
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    (tmp_path / "copies.json").write_text("{")
    with pytest.raises(BadInput, match="list of copies is no JSON"):
        manifest.build(found, EXPERIMENT, tmp_path)


@pytest.mark.parametrize("text", ["ftp=x", "coronahack:A b=x", "coronahack="])
def test_a_wrong_source_is_wrong_use(text):
    with pytest.raises(WrongUse):
        sources.parse(text, "unused")


def test_sources_of_one_name_or_none_are_wrong_use():
    with pytest.raises(WrongUse, match="named 'coronahack'"):
        sources.parse_all(["a", "coronahack=b"], "unused")
    with pytest.raises(WrongUse, match="No source"):
        sources.parse_all([], "unused")


@pytest.mark.parametrize(
    "text, name",
    [
        ("/data/films", "coronahack"),
        ("folder=/a=b/films", "folder"),
        ("folder:nih=../films", "folder:nih"),
        ("phantom", "phantom"),
        ("phantom-marked", "phantom-marked"),
    ],
)
def test_a_source_is_named_without_its_folder(text, name):
    assert sources.name_of(text) == name
    source = sources.parse(text, "drawn")
    assert source.kind == name.partition(":")[0]
    if text not in sources.DRAWN:
        assert sources.parse(f"{name}={source.root}", "drawn") == source


def test_the_summary_counts_every_row(built):
    made, _ = built
    text = summary.text(made)
    assert f"{len(made.records)}" in text and "SARS" in text


def test_reasons_are_counted_without_the_file_they_name():
    reasons = {
        "duplicate of sirm/a.jpg": "duplicate of a film of sirm",
        "row 7 of the metadata names no plain file: '..'": "a metadata row names no plain file: '..'",
        "view lateral: left out by the experiment": "view lateral: left out by the experiment",
    }
    assert {reason: summary.short_reason(Record("s/a", "", "s", excluded=reason)) for reason in reasons} == reasons


def test_the_real_films(films, known):
    found = sources.parse_all([str(films / "coronahack")], "unused")
    made = manifest.build(found, config.Experiment(), known, squares=False)
    assert len(made.records) == 5910
    assert len(made.used) == 1576 + 55 - 6 - 3  # six copies, one of them of a lateral; three laterals
    assert manifest.problems(made, sources.locator(manifest.roots_of(found))) == []
