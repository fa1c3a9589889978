import pytest

from cxrkit.data import manifest, sources, summary
from cxrkit.data.records import COLUMNS, Record
from cxrkit.errors import BadInput, WrongUse


@pytest.fixture(scope="module")
def built(phantoms):
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    return manifest.build(found), manifest.roots_of(found)


def test_it_is_written_read_and_written_the_same(tmp_path, built):
    records, roots = built
    manifest.write(tmp_path / "manifest.csv", records, roots)
    again = manifest.read(tmp_path / "manifest.csv")
    assert again == records
    assert manifest.to_csv(reversed(again)) == (tmp_path / "manifest.csv").read_text()
    assert str(roots["coronahack"]) not in (tmp_path / "manifest.csv").read_text()


def test_awkward_text_survives(tmp_path):
    awkward = Record("s/a", "s/a", "s", credit='quote " comma , line\nbreak \u202e\u00e8', excluded="x")
    manifest.write(tmp_path / "m.csv", [awkward], {})
    assert manifest.read(tmp_path / "m.csv") == [awkward]


def test_a_sound_manifest_has_no_problems(built):
    records, roots = built
    assert manifest.problems(records, sources.locator(roots), hashes=True) == []


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
    records, roots = built
    index = next(i for i, record in enumerate(records) if record.used)
    changed = [*records[:index], records[index].but(**change), *records[index + 1 :]]
    assert words in "\n".join(manifest.problems(changed, sources.locator(roots), hashes=True))


def test_check_finds_repeated_ids_leaks_and_empty_classes(built):
    records, _ = built
    assert "stands 2 times" in "\n".join(manifest.problems([*records, records[0]]))
    of_one = [r for r in records if r.used and r.patient == next(r.patient for r in records if r.used and r.image_id.endswith("0002.jpeg"))]
    moved = [record.but(split="valid" if record is of_one[0] else "train") if record in of_one else record for record in records]
    assert "patient" in "\n".join(manifest.problems(moved))
    only_normal = [record for record in records if record.label != "covid"]
    assert "no covid image in train" in manifest.problems(only_normal)


@pytest.mark.parametrize(
    "text, words",
    [
        ("a,b\n1,2\n", "columns are not a manifest's"),
        (",".join(COLUMNS) + "\nx\n", "row 2"),
        (",".join(COLUMNS) + "\n" + ",".join("wide" if c == "width" else "" for c in COLUMNS) + "\n", "row 2"),
    ],
)
def test_a_broken_file_names_the_row(tmp_path, text, words):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(BadInput) as caught:
        manifest.read(tmp_path / "m.csv")
    assert words in str(caught.value)


def test_no_manifest(tmp_path):
    with pytest.raises(BadInput, match="no such manifest"):
        manifest.read(tmp_path / "m.csv")


@pytest.mark.parametrize("text", ["ftp=x", "coronahack:A b=x", "coronahack="])
def test_a_wrong_source_is_wrong_use(text):
    with pytest.raises(WrongUse):
        sources.parse(text, "unused")


def test_sources_of_one_name_or_none_are_wrong_use():
    with pytest.raises(WrongUse, match="named 'coronahack'"):
        sources.parse_all(["a", "coronahack=b"], "unused")
    with pytest.raises(WrongUse, match="No source"):
        sources.parse_all([], "unused")


def test_the_summary_counts_every_row(built):
    records, _ = built
    text = summary.summary(records)
    assert f"{len(records)}" in text and "SARS" in text


def test_the_real_films(films):
    found = sources.parse_all([str(films / "coronahack")], "unused")
    records = manifest.build(found)
    used = [record for record in records if record.used]
    assert len(records) == 5910
    assert len(used) == 1576 + 55 - 6 - 3  # six copies, one of them of a lateral; three laterals
    assert manifest.problems(records, sources.locator(manifest.roots_of(found))) == []
