"""A trainer of the tests that trains nothing: it tells what Ray gave it, and waits for its end. It loads no torch."""

import ray

from cxrkit.cluster.trainer import Trainer


class Idle(Trainer):
    """Tells (its job, the numbers of its GPUs, its share of them)."""

    def _train(self, parcel):
        context = ray.get_runtime_context()
        self._told.put((ray.get_gpu_ids(), context.get_assigned_resources().get("GPU")))
