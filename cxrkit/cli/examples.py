"""Two examples of each command, as --help shows them; a test parses each."""

EXAMPLES = {
    "fetch": ("fetch --list", "fetch coronahack --out films/coronahack"),
    "manifest build": (
        "manifest build --source coronahack=DIR --source ieee8023=DIR",
        "manifest build --source folder:ours=DIR --experiment rigorous --ages adults --out ours.csv",
    ),
    "manifest check": ("manifest check manifest.csv --hashes", "manifest check manifest.csv --json"),
    "manifest diff": ("manifest diff old.csv manifest.csv", "manifest diff runs/a/manifest.csv runs/b/manifest.csv"),
    "manifest licences": ("manifest licences manifest.csv", "manifest licences manifest.csv --out CREDITS.md"),
    "tree build": ("tree build manifest.csv", "tree build manifest.csv --out tree"),
    "plan": ("plan --width 0.1", "plan --covid 34 --normal 234"),
    "bench": ("bench --quick", "bench --data DIR --image-size 64 224 --architectures resnet34"),
    "gpu-check": ("gpu-check", "gpu-check --short --precision float16"),
    "evaluate": ("evaluate runs/paper", "evaluate runs/paper --threshold 0.3 --json"),
    "compare": ("compare runs/paper", "compare runs/seeds-0-4 runs/seeds-5-9 --margin 0.02 --out comparison.json"),
    "audit": ("audit manifest.csv", "audit runs/paper --external folder:elsewhere=DIR"),
    "report": ("report runs/paper", "report runs/paper runs/rigorous --out beside.html"),
    "predict": ("predict runs/paper film.png more-films --out maps", "predict runs/paper film.dcm --json"),
    "demo": ("demo runs/paper", "demo runs/paper --port 0 --no-browser"),
    "export": ("export runs/paper", "export runs/paper --out exported --films films"),
    "setup": ("setup", "setup --owner NAME --slug my-kernel"),
    "bundle": ("bundle --check", "bundle --experiment rigorous --seeds 0 1 2"),
    "push": ("push --wait --pull", "push --experiment rigorous --hours 8 --pull"),
    "wait": ("wait --pull", "wait OWNER/NAME --pull --limit 5.5"),
    "status": ("status --log", "status OWNER/NAME --json"),
    "pull": ("pull", "pull OWNER/NAME --partial"),
    "publish": ("publish runs/kaggle/RUN-ID", "publish runs/paper --slug my-results"),
    "delete": ("delete", "delete OWNER/NAME --yes"),
    "workflow": ("workflow > .github/workflows/kaggle.yml", "workflow --experiment rigorous --hours 5"),
    "completion": ("completion bash > ~/.local/share/bash-completion/completions/cxrkit", "completion zsh --of run.py"),
}
"""{command: its two examples, without the program's name}."""
