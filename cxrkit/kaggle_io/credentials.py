"""What a running kernel may sign in to Kaggle with.

Kaggle's client prefers the session's token to the user's own key, even where the token may not write and
after the server called it inactive. So each credential is tried alone, with the others out of its sight.
"""

import os
from contextlib import contextmanager

from cxrkit.kaggle_io import client

SESSION = "KAGGLE_API_V1_TOKEN"
TOKEN, USER, KEY = OWN = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def in_kernel():
    """Yield (name, {variable: value}) of each credential that this kernel has, the user's own first."""
    secrets = {label: secret(label) for label in OWN}
    for kind, found in (("attached secret", secrets), ("variable", os.environ)):
        if found.get(TOKEN):
            yield f"{kind} {TOKEN}", {TOKEN: found[TOKEN]}
        if found.get(USER) and found.get(KEY):
            yield f"{kind}s {USER} and {KEY}", {USER: found[USER], KEY: found[KEY]}
    if os.environ.get(SESSION):
        yield "session's token", {SESSION: os.environ[SESSION]}


def secret(label):
    """The secret that is attached to this kernel under that label, or None.

    `kaggle kernels push` detaches secrets: they have to be attached again on the kernel's page.
    """
    try:
        from kaggle_secrets import UserSecretsClient

        with client.silence():
            return UserSecretsClient().get_secret(label)
    except Exception:  # Kaggle's module has errors of its own for "not attached", "no network" and "no token": all mean none
        return None


@contextmanager
def alone(variables):
    """The environment with these credentials and no others."""
    usual = {name: os.environ.pop(name) for name in (SESSION, *OWN) if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(usual)
