import numpy as np

from cxrkit.audit import sources
from cxrkit.data.records import NEGATIVE
from tests.audit.films import films, showing


def two_sources(label, patient):
    return "north" if patient % 2 else "south"


def test_sources_that_look_alike_are_not_told_apart_and_others_are():
    alike = films(source_of=two_sources, where="centre")
    rows = sources.without_networks(alike)
    seen = [row for row in rows if row.kind == "seen-source"]
    assert len(seen) == 2 and all(row.area.auc.low < 0.5 < row.area.auc.high for row in seen)
    bright = alike.images.copy()
    bright[alike.sources == "north", :4, :4] = 250
    rows = sources.without_networks(showing(alike, bright))
    seen = [row for row in rows if row.kind == "seen-source"]
    assert all(row.area.auc.value > 0.95 and row.area.auc.n == 80 for row in seen) and "among normal films" in seen[1].title


def test_a_disease_that_looks_the_same_everywhere_survives_a_source_left_out_and_stays_within_one():
    rows = sources.without_networks(films(source_of=two_sources, where="centre"))
    for kind in ("left-out", "same-source"):
        of_kind = [row for row in rows if row.kind == kind]
        assert len(of_kind) == 2 and all(row.area.auc.value > 0.95 for row in of_kind), kind


def test_a_sign_of_one_source_alone_does_not_survive_leaving_it_out():
    """North's COVID-19 films carry a mark that south's do not: learned in south, nothing of north is recognised."""
    drawn = films(source_of=two_sources)
    images = drawn.images.copy()
    marked = (drawn.sources == "north") & drawn.is_covid
    images[marked, :6, :6] = 250
    south = (drawn.sources == "south") & drawn.is_covid
    images[south, -6:, -6:] = 250
    rows = {row.title.split(",")[0]: row for row in sources.without_networks(showing(drawn, images)) if row.kind == "left-out"}
    north = rows["films of north"]
    assert north.area.auc.value < 0.8 and float(north.note.split()[0]) > 0.95 and north.was.value > 0.95


def test_a_source_with_one_label_is_set_against_the_other_label_of_the_others():
    def source(label, patient):
        return "normals" if label == NEGATIVE else ("first", "second")[patient % 2]

    rows = sources.without_networks(films(source_of=source, where="centre"))
    left = [row for row in rows if row.kind == "left-out"]
    assert {row.title.split(",")[0] for row in left} == {"films of first", "films of second"}
    assert all("against the normal films of the others" in row.title for row in left)
    assert all((row.area.auc.n, row.area.positives) == (120, 40) for row in left)


def test_one_source_alone_gives_no_row():
    assert sources.without_networks(films()) == []


def test_same_source_takes_the_mean_over_seeds():
    drawn = films(source_of=two_sources)
    scores = np.random.default_rng(0).random((3, len(drawn.groups))) + drawn.is_covid
    rows = sources.same_source(drawn, scores, "a network", "resnet34")
    assert {row.by_network for row in rows} == {"resnet34"} and all(row.was.n == 160 and row.was.value > 0.95 for row in rows)
    assert len(rows) == 2 and all(row.area.auc.value > 0.95 and row.area.auc.n == 80 for row in rows)
