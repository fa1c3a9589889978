"""audits.json: can the answer be trusted? What knows nothing of lungs, masks, sources, controls, films from elsewhere.

The parts stand in modules of their own; here they are put together for a run or for a manifest alone. What cannot be
done on this machine, because the films or the weights are not here, is listed with its reason and stops nothing.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxrkit import config, environment
from cxrkit.audit import asking, attention, baselines, controls, external, masking, probes, verdict
from cxrkit.audit import sources as source_audit
from cxrkit.data import images, manifest, pixels, sources, splits
from cxrkit.errors import BadInput, CxrkitError, Interrupted, WrongUse
from cxrkit.evaluation import outcome, predictions
from cxrkit.files import sha256_of, write_json
from cxrkit.progress import say

SIZE = 224
"""Side in pixels of the squares that are looked at where no run says another."""
NAME = "audits.json"


@dataclass(frozen=True)
class Options:
    """What a user may ask for beyond the parts that take no training.

    outside: `NAME=DIR` texts; retrain: whether networks are trained anew on masked films, without a source and on
    permuted labels; networks: names such as resnet34-seed0; sources: `KIND:NAME=DIR` texts that say where the films
    lie; weights: the folder of ImageNet's, for retraining; home: the run's out folder, with manifest.roots.json and
    pixels/, where the results do not lie in it; asks: whether trained networks are asked at all.
    """

    outside: tuple = ()
    retrain: bool = False
    networks: tuple = ()
    sources: tuple = ()
    weights: str = ""
    home: str = ""
    asks: bool = True


class Audit:
    """One audit on its way: what is looked at, and the content of audits.json so far."""

    def __init__(self, target, options=Options()):
        """target: a run's folder, its results folder, or a manifest.csv. Raises BadInput, WrongUse."""
        target, self.options = Path(target), options
        if target.suffix == ".csv" and (options.outside or options.retrain or options.networks):
            raise WrongUse(
                "A manifest has no networks to ask.", target, "name a run's folder, or leave out --external, --retrain and --networks"
            )
        self.run = None if target.suffix == ".csv" else predictions.read(outcome.results_folder(target))
        path = target if self.run is None else self.run.folder / "manifest.csv"
        self.records, self.folder = manifest.read(path), path.parent
        self.home = Path(options.home) if options.home else self.folder if self.run is None else _home(self.folder)
        self.roots = manifest.read_roots(self.home / "manifest.csv") | _named(options.sources)
        self.locate = sources.locator(self.roots)
        self.films = probes.Films.of(self.records)
        if not self.films.records:
            raise BadInput("The manifest uses no film.", path, "look at the reasons in its column `excluded`")
        if self.run and self.run.held != self.films.held:
            raise BadInput(
                f"The run has predictions for {self.run.held}, and none for {self.films.held}.", self.run.folder, "run the training again"
            )
        self.outside = {name: external.read(name, place) for name, place in map(external.parse, options.outside)}
        self.pixels = None
        self.device = environment.choose_device().value if self.run else "cpu"
        self.content = {"manifest_sha256": sha256_of(path), "data": self._data(), "films": self._count(), "not_done": []}

    def _data(self):
        return self.run.about["data"] if self.run else "phantom" if set(self.films.sources) == {"phantom"} else "films"

    def _count(self):
        """How many films and patients there are, and how many are judged: the held-out ones for a run, else all."""
        films = self.films
        judged = films.splits == self.run.held if self.run else np.ones(len(films.groups), bool)
        of_class = {"covid": films.is_covid, "normal": ~films.is_covid}
        return {
            **{label: int(chosen.sum()) for label, chosen in of_class.items()},
            "patients": len(np.unique(films.groups)),
            "leaks": len(splits.leaks(self.records)),
            "judged": {"split": self.run.held if self.run else "all"}
            | {label: int((judged & chosen).sum()) for label, chosen in of_class.items()}
            | {f"{label}_patients": probes.patients(films.groups, judged & chosen) for label, chosen in of_class.items()},
        }

    def not_done(self, part, reason):
        self.content["not_done"].append({"part": part, "reason": str(reason)})

    @contextmanager
    def part(self, name):
        """A part whose bad input is listed, and ends that part alone."""
        try:
            yield
        except Interrupted:
            raise
        except CxrkitError as error:
            self.not_done(name, " ".join(str(part) for part in (error.what, error.where) if part))

    @property
    def held(self):
        return self.films.take(self.films.splits == self.films.held)

    def open_films(self):
        """Decode the films, or open their cache; without them the parts that look at pictures are listed as not done."""
        size = self.run.about["experiment"].get("image_size", SIZE) if self.run else SIZE
        with self.part("everything that looks at pictures"):
            if not self.roots:
                raise BadInput("it is not known where the films lie on this machine (no manifest.roots.json; name them with --source)")
            self.pixels = pixels.load(self.records, self.locate, size, self.home / "pixels")
            self.films = replace(self.films, images=self.pixels.of(self.films.image_ids))

    def without_networks(self):
        """The parts that need no network: baselines, sources by a thumbnail, controls."""
        content = self.content
        content["baselines"], self.held_scores = baselines.run(self.films)
        content["sources"] = source_audit.without_networks(self.films) if self.pixels else []
        content["controls"] = []
        wanted = {
            "control: permuted labels": lambda: controls.permutation(self.films),
            "control: a planted patient": lambda: controls.leaked_patient(self.films, self.records),
            "control: a planted copy": lambda: controls.leaked_copy(self.films, self.records, self.locate),
        }
        for name, control in wanted.items():
            with self.part(name):
                content["controls"].append(control())

    def scored(self):
        """The networks' areas on the held-out films, from the predictions alone, each beside the best coarse baseline's."""
        rows = []
        for architecture in self.run.table["architecture"].unique():
            mine = predictions.scores(self.run.table, architecture, self.run.held)
            if mine is None:
                continue
            row = {"architecture": architecture, "seeds": list(mine.seeds), **probes.area(mine.is_covid, mine.p_covid, mine.groups)}
            rows.append(row | self._advantage(mine))
            self.content["sources"] += source_audit.same_source(self.held, mine.p_covid, architecture)
        self.content["networks"] = rows

    def _advantage(self, mine):
        coarse = [row for row in self.content["baselines"] if row["name"] in baselines.COARSE and row["name"] in self.held_scores]
        if not coarse:
            return {}
        best = max(coarse, key=lambda row: row["auc"])
        about = {"over": best["name"], "over_title": best["title"], "coarse_auc": best["held_out"]["auc"]}
        return {"advantage": about | probes.advantage(mine.is_covid, mine.p_covid, self.held_scores[best["name"]], mine.groups)}

    def asked(self):
        """The parts that ask trained networks: masking, sources by their features, attention, films from elsewhere."""
        held, content = self.held, self.content
        content["masking"], content["external"] = [], []
        chosen = asking.of_run(self.run, self.device, self.options.networks)
        every = asking.of_run(self.run, "cuda")
        if len(chosen) < len(every):
            asked = ", ".join(map(asking.name_of, chosen))
            self.not_done("masking and features of further networks", f"asked: {asked}, of {len(every)} (name others with --networks)")
        for network in chosen:
            with self.part(f"asking {asking.name_of(network)}"):
                model = asking.load(network, self.device)
                say(f"audit: asking {asking.name_of(network)}")
                content["masking"] += masking.curve(network, model, held, self.device)
                if network.seed == min(n.seed for n in chosen if n.architecture == network.architecture):
                    self._features(network, model)
        with self.part("attention"):
            threshold = outcome.threshold_of([self.run])
            content["attention"] = attention.audit(self.run, self.pixels, self.records, self.folder, chosen, self.device, threshold)
        for name, films in self.outside.items():
            content["external"] += self._outside(name, *films, every)
        if self.options.retrain:
            self._retrain([network for network in chosen if network.seed == chosen[0].seed])

    def _features(self, network, model):
        tellable = [label for label in (True, False) if len(np.unique(self.films.sources[self.films.is_covid == label])) > 1]
        if tellable:
            seen = asking.features(model, self.films.images, self.device)
            found = source_audit.seen_sources(self.films, seen, f"the features of {network.architecture}")
            self.content["sources"] += [row | {"by_network": network.architecture} for row in found]

    def _outside(self, name, records, locate, thumbnails, networks):
        """The rows of all networks on the external films `name`, without those that show a picture of the study."""
        from cxrkit.training import networks as asked

        say(f"audit: looking for the study's pictures among {len(thumbnails)} films of {name}")
        inside = {}
        with self.part(f"altered copies of the study's films in {name}"):
            inside = images.add_facts(list(self.films.records), self.locate)[1]
        records = external.without_copies(records, thumbnails, self.films.records, inside)
        used = sorted((record for record in records if record.used), key=lambda record: record.image_id)
        rows = []
        for architecture in self.run.table["architecture"].unique():
            with self.part(f"{architecture} on the films of {name}"):
                if not used:
                    raise BadInput("no film is left that the study does not have")
                squares = pixels.load(records, locate, self.pixels.size, self.home / "pixels").of([record.image_id for record in used])
                mine = [network for network in networks if network.architecture == architecture]
                p_covid = np.stack([asked.p_covid(asking.load(network, self.device), squares, self.device) for network in mine])
                rows.append(external.row(name, records, architecture, p_covid, self.run, outcome.threshold_of([self.run])))
        return rows

    def _retrain(self, networks):
        about = self.run.about["experiment"]
        experiment = config.make({**about, "weights": self.options.weights}, {}, self.run.folder / "run.json")
        folder = self.home / "audit-jobs"
        for network in networks:
            with self.part(f"retraining {asking.name_of(network)}"):
                self.content["masking"] += masking.retrained(network, experiment, self.records, self.pixels, self.held, folder, self.device)
                self.content["sources"] += source_audit.left_out_retrained(
                    network, experiment, self.films, self.pixels, folder, self.device
                )
                self.content["controls"].append(
                    controls.retrained_permutation(network, experiment, self.films, self.pixels, folder, self.device)
                )


def audit(target, options=Options(), out=None):
    """Audit a run or a manifest; write audits.json (into the results, beside the manifest, or to `out`) and return its content.

    Raises BadInput for a target or external films that cannot be read, WrongUse for options that do not fit it.
    """
    now = Audit(target, options)
    now.open_films()
    now.without_networks()
    if now.run:
        now.scored()
        if not options.asks:
            now.not_done(
                "masking, features, attention, films from elsewhere, retraining", "not asked for: python -m cxrkit audit RUN does them"
            )
        elif now.pixels:
            now.asked()
        else:
            now.not_done("masking, features, films from elsewhere, retraining", "the films are not on this machine")
    now.content["verdict"] = verdict.decide(now.content)
    write_json(out or now.folder / NAME, now.content)
    if now.run and not out:
        pictures = [entry["file"] for entry in now.content.get("attention", {}).get("gallery", []) if entry["file"]]
        outcome.refresh_checksums(now.folder, (NAME, *pictures))
    return now.content


def _home(results):
    """The folder around a results folder, where the manifest's roots and the pixel cache lie; the folder itself where they do not."""
    return results.parent if (results.parent / "manifest.roots.json").exists() else results


def _named(texts):
    return manifest.roots_of(sources.parse_all(texts, drawn_at="phantoms")) if texts else {}
