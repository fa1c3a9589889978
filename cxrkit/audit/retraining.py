"""A network trained once more by the same recipe on altered films or labels: what `--retrain` adds to an audit."""

from dataclasses import replace
from pathlib import Path

from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of_json
from cxrkit.training import jobs, loaders, recipe


def predictions(experiment, architecture, seed, records, pixels, alteration, folder, device):
    """{image_id: p_covid} of the films that are held out, by one network trained on these records and pixels.

    experiment: the run's, with the weights' folder of this machine; alteration: what was changed, in a word, which
    names the training's folder below `folder`; a training that is there already is not repeated.
    Raises BadInput where the training failed, and what jobs.run raises.
    """
    experiment = replace(experiment, architectures=(architecture,), seeds=(seed,))
    folder, job = Path(folder) / alteration, recipe.Job(architecture, seed)
    identity = sha256_of_json([alteration, sorted([r.image_id, r.sha256, r.label, r.split] for r in records if r.used)])
    jobs.run(experiment, lambda: loaders.resident(pixels, records, experiment.batch_size, device), identity, folder, device)
    if not recipe.done(folder / job.name, "unfrozen"):
        reason = jobs.failures(experiment, folder).get(job.name, "it did not end")
        raise BadInput(f"The training of {job.name} on altered data ({alteration}) failed: {reason}", folder, "look at failed.json there")
    return dict(read_json(folder / job.name / "unfrozen.json")["predictions"])
