"""A run's trained networks, loaded from its results folder and asked about films."""

import pickle
from collections import namedtuple

import numpy as np

from cxrkit.errors import BadInput
from cxrkit.evaluation import predictions

Network = namedtuple("Network", "architecture seed path")


def of_run(run, device, wanted=()):
    """The run's trained Networks: all seeds on a GPU, the first seed of each architecture on processors.

    wanted: names such as resnet34-seed0, which are then the ones, whatever the device. Raises BadInput for a name
    that the run does not have.
    """
    found = []
    for architecture in run.table["architecture"].unique():
        seeds = predictions.scores(run.table, architecture, run.held).seeds
        found += [Network(architecture, seed, run.folder / "models" / f"{architecture}-seed{seed}.pt") for seed in seeds]
    if wanted:
        names = {name_of(network): network for network in found}
        unknown = sorted(set(wanted) - set(names))
        if unknown:
            raise BadInput(f"The run has no network {', '.join(unknown)}.", run.folder, f"name some of {', '.join(names)}")
        return [names[name] for name in dict.fromkeys(wanted)]
    if device == "cpu":
        return [network for number, network in enumerate(found) if network.architecture not in {n.architecture for n in found[:number]}]
    return found


def name_of(network):
    return f"{network.architecture}-seed{network.seed}"


def load(network, device):
    """The Network's model in eval mode. Raises BadInput for a file that is absent or no such network's weights."""
    from cxrkit.training import networks

    try:
        return networks.load(network.path, network.architecture, device)
    except FileNotFoundError:
        raise BadInput("The trained network is not there.", network.path, "bring the run's models/ folder") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise BadInput(
            f"The weights cannot be read: {str(error).splitlines()[0][:100]}", network.path, "restore the file from the run's output"
        ) from error


def features(model, images, device, batch_size=64):
    """What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
    import torch

    from cxrkit.training import networks

    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    seen = []
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    try:
        networks.p_covid(model, images, device, batch_size)
    finally:
        hook.remove()
    return np.concatenate(seen).astype(float)
