import numpy as np

from cxrkit.audit import retraining, sources
from cxrkit.audit.asking import Network
from cxrkit.data.records import NEGATIVE
from tests.audit.films import films


def two_sources(label, patient):
    return "north" if patient % 2 else "south"


def test_sources_that_look_alike_are_not_told_apart_and_others_are():
    alike = films(source_of=two_sources, where="centre")
    rows = sources.without_networks(alike)
    seen = [row for row in rows if row["kind"] == "seen-source"]
    assert len(seen) == 2 and all(row["interval"][0] < 0.5 < row["interval"][1] for row in seen)
    bright = alike.images.copy()
    bright[alike.sources == "north", :4, :4] = 250
    rows = sources.without_networks(type(alike)(alike.records, alike.groups, bright))
    seen = [row for row in rows if row["kind"] == "seen-source"]
    assert all(row["auc"] > 0.95 and row["n"] == 80 for row in seen) and "among normal films" in seen[1]["title"]


def test_a_disease_that_looks_the_same_everywhere_survives_a_source_left_out_and_stays_within_one():
    rows = sources.without_networks(films(source_of=two_sources, where="centre"))
    for kind in ("left-out", "same-source"):
        mine = [row for row in rows if row["kind"] == kind]
        assert len(mine) == 2 and all(row["auc"] > 0.95 for row in mine), kind


def test_a_sign_of_one_source_alone_does_not_survive_leaving_it_out():
    """North's COVID-19 films carry a mark that south's do not: learned in south, nothing of north is recognised."""
    found = films(source_of=two_sources)
    images = found.images.copy()
    marked = (found.sources == "north") & found.is_covid
    images[marked, :6, :6] = 250
    south = (found.sources == "south") & found.is_covid
    images[south, -6:, -6:] = 250
    rows = {
        row["title"].split(",")[0]: row
        for row in sources.without_networks(type(found)(found.records, found.groups, images))
        if row["kind"] == "left-out"
    }
    north = rows["films of north"]
    assert north["auc"] < 0.8 and float(north["note"].split()[0]) > 0.95


def test_a_source_with_one_label_is_set_against_the_other_label_of_the_others():
    def source(label, patient):
        return "normals" if label == NEGATIVE else ("first", "second")[patient % 2]

    rows = sources.without_networks(films(source_of=source, where="centre"))
    left = [row for row in rows if row["kind"] == "left-out"]
    assert {row["title"].split(",")[0] for row in left} == {"films of first", "films of second"}
    assert all("against the normal films of the others" in row["title"] and (row["n"], row["n_covid"]) == (120, 40) for row in left)


def test_one_source_alone_gives_no_row():
    assert sources.without_networks(films()) == []


def test_a_network_trained_without_a_source_sees_none_of_its_films_and_is_scored_on_all_of_them(monkeypatch):
    found, seen = films(source_of=two_sources), {}

    def train(experiment, architecture, seed, records, pixels, alteration, folder, device):
        seen[alteration] = records
        return {record.image_id: float(record.label == "covid") for record in records if record.split == "valid"}

    monkeypatch.setattr(retraining, "predictions", train)
    rows = sources.left_out_retrained(Network("resnet34", 0, None), None, found, None, None, "cpu")
    assert len(rows) == 2 and all(row["auc"] == 1 and row["n"] > 80 for row in rows)
    for source in ("north", "south"):
        mine = [record for record in seen[f"without-{source}"] if record.source == source]
        assert len(mine) == 80 and {record.split for record in mine} == {"valid"}


def test_same_source_takes_the_mean_over_seeds():
    found = films(source_of=two_sources)
    scores = np.random.default_rng(0).random((3, len(found.groups))) + found.is_covid
    rows = sources.same_source(found, scores, "a network")
    assert len(rows) == 2 and all(row["auc"] > 0.95 and row["n"] == 80 for row in rows)
