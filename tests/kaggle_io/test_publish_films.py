"""`scrapers publish` with the real client: the films of a store arrive as a private dataset, each with its credit."""

from cxrkit.data import manifest
from cxrkit.data.readers import collected
from cxrkit.kaggle_io import datasets
from scrapers.publish import publish
from scrapers.refresh import merge, refresh
from scrapers.settings import DEFAULTS
from tests.scrapers.test_saved import save_radiopaedia, save_sirm
from tests.standins import radiopaedia, sirm


def test_the_films_arrive_private_and_whole(server, kaggle, tmp_path, phantoms, monkeypatch):
    monkeypatch.setattr(datasets, "POLL_SECONDS", 0.01)
    save_radiopaedia(tmp_path / "in/r", radiopaedia.Case(1))
    save_sirm(tmp_path / "in/s", sirm.Case(41))
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    merge(tmp_path / "store", [f"coronahack={phantoms}"], tmp_path / "manifest.csv")
    assert publish(tmp_path / "store", tmp_path / "manifest.csv", "alice/covid-films", "covid films", tmp_path / "out") == 0
    dataset = server.datasets["alice/covid-films"]
    assert dataset.private
    arrived = dataset.versions[0]
    films = [record for record in manifest.read(tmp_path / "manifest.csv").used if record.source != "phantom"]
    assert len(films) == 2
    for record in films:
        assert record.path in arrived and record.credit in arrived["ATTRIBUTION.csv"].decode()
    assert len([record for record in collected.read(tmp_path / "out" / "collected") if record.used]) == 2
