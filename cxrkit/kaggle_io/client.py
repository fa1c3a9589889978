"""The one door to Kaggle's API: the installed client, made to tell the truth.

Kaggle's client (2.0.2 in Kaggle's image, 2.2.5 at the time of writing) hides the server's words behind
"Bad Request", prints to the terminal, leaves the program when credentials are missing, and repeats no
push, no status and no download. This module calls it, repeats what is safe to repeat, and raises the
kit's own errors without ever showing a credential.
"""

import contextlib
import functools
import io
import os
import random
import re
import sys
import time
from pathlib import Path

from cxrkit.errors import RemoteRefusal, Unwritable, WrongUse
from cxrkit.files import UNWRITABLE

ATTEMPTS = 6
LONGEST_PAUSE = 300.0
"""Seconds; a server that wants a longer pause is taken at its word and not asked again."""
BUSY = (429, 500, 502, 503, 504)
LIMITS = (30, 120)
"""Seconds to connect, and between two pieces of an answer: Kaggle's client itself waits for ever."""

MAKE_A_TOKEN = (
    "make a token at https://www.kaggle.com/settings (API) and set KAGGLE_API_TOKEN to it, or save it as ~/.kaggle/access_token; "
    "an older key has a file of its own, ~/.kaggle/kaggle.json, or stands in KAGGLE_USERNAME and KAGGLE_KEY, both of them"
)
CHECK_NETWORK = "check the network, then run the same command again"
TRY_LATER = "this is Kaggle's trouble: run the same command again later"
REMEDIES = {
    400: "correct what the server names",
    401: MAKE_A_TOKEN,
    403: "check the owner and the name, and that your token is that owner's: Kaggle answers like this for what does not exist, too",
    404: "check the owner and the name",
    413: "send less",
    429: "wait some minutes, then run the same command again",
}


class Kaggle:
    """A signed-in client. `api` is a kaggle.KaggleApi, `owner` the user name it is signed in as.

    sleep, jitter: what time.sleep and random.random are, for tests.
    """

    def __init__(self, api, sleep=time.sleep, jitter=random.random):
        self.api, self.sleep, self.jitter = api, sleep, jitter
        self.owner = api.config_values["username"]

    def ask(self, doing, function, *arguments, **options):
        """function(*arguments, **options), repeated while Kaggle is busy: only for what is safe to repeat.

        doing: what this is, for the message ("the status of x/y"). Raises RemoteRefusal.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.once(function, *arguments, **options)
            except failures() as error:
                pause = self.pause_after(error, attempt)
                if pause is None:
                    raise self.refusal(doing, error) from None
                self.sleep(pause)

    def send(self, doing, taken, function, *arguments, **options):
        """function(*arguments, **options) for what must not happen twice.

        taken: called after a failure; says whether the server acted all the same. The call is repeated only
        when it did not (the client repeats some calls itself, so the last answer may be about a repetition).
        Returns None when the answer was lost and the server did act. Raises RemoteRefusal.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.once(function, *arguments, **options)
            except failures() as error:
                if not never_sent(error) and taken():
                    return None
                pause = self.pause_after(error, attempt)
                if pause is None:
                    raise self.refusal(doing, error) from None
                self.sleep(pause)

    def once(self, function, *arguments, **options):
        """function(*arguments, **options) without what the client prints."""
        with silence():
            return function(*arguments, **options)

    def kernels(self, method, request):
        """The answer of Kaggle's kernel service to a request of its SDK."""
        with self.api.build_kaggle_client() as client:
            return getattr(client.kernels.kernels_api_client, method)(request)

    def plain(self, method, request):
        """The JSON object, as it is, with which Kaggle's kernel service answers a request of its SDK.

        The SDK takes what is missing for a default (no status is "queued"), and stumbles over what is no object.
        """
        with self.api.build_kaggle_client() as client:
            return client.kernels.kernels_api_client._client.call("kernels.KernelsApiService", method, request, _Plain)

    def datasets(self, method, request):
        """The answer of Kaggle's dataset service to a request of its SDK."""
        with self.api.build_kaggle_client() as client:
            return getattr(client.datasets.dataset_api_client, method)(request)

    def pause_after(self, error, attempt):
        """Seconds to wait before the next attempt; None when there must not be one."""
        if attempt + 1 >= ATTEMPTS or not is_passing(error):
            return None
        wanted = _retry_after(error)
        if wanted is None:
            return min(60.0, 2.0**attempt) * (0.5 + self.jitter() / 2)
        return wanted + self.jitter() if wanted <= LONGEST_PAUSE else None

    def refusal(self, doing, error):
        """A RemoteRefusal in the server's own words, without credentials."""
        import requests

        response = response_of(error)
        if response is not None and response.status_code >= 400:
            remedy = REMEDIES.get(response.status_code, TRY_LATER)
            if "phone" in words_of(response).lower():
                remedy = "verify your telephone number at https://www.kaggle.com/settings; Kaggle asks for it once"
            refusal = RemoteRefusal(f"Kaggle refused {doing}: {self.hide(words_of(response))}", next=remedy)
            refusal.code = response.status_code
            return refusal
        if isinstance(error, (requests.exceptions.InvalidJSONError, *NO_ANSWER)):
            refusal = RemoteRefusal(
                f"What came in answer to {doing} is none of Kaggle's: {self.hide(_first_line(error))}",
                next="see whether a sign-in page or a proxy of your network stands between; " + TRY_LATER,
            )
            refusal.shapeless = True
            return refusal
        if isinstance(error, _network_failures()):
            return RemoteRefusal(f"Kaggle cannot be reached for {doing}: {self.hide(_first_line(error))}", next=CHECK_NETWORK)
        return RemoteRefusal(f"Kaggle's client could not manage {doing}: {self.hide(_first_line(error))}", next="correct what it names")

    def hide(self, text):
        """The text with credentials blotted out, should a server or a library repeat one; a signed address is one too."""
        for name in ("key", "token"):
            if self.api.config_values.get(name):
                text = text.replace(self.api.config_values[name], "***")
        return re.sub(r"\?[^\s'\")]+=[^\s'\")]+", "?***", text)


NO_ANSWER = (TypeError, KeyError, AttributeError)
"""What the SDK raises over an answer of another shape."""


class _Plain:
    """The SDK's type of an answer that is to be given as it came."""

    @staticmethod
    def prepare_from(response):
        import requests

        answer = response.json()
        if not isinstance(answer, dict):
            raise requests.exceptions.InvalidJSONError(f"{response.text[:40]!r} is no JSON object")
        return answer


def _limit_calls():
    """Give every call of this process that has no limit of its own one: the client opens sessions where nobody else can reach."""
    from requests.adapters import HTTPAdapter

    usual = HTTPAdapter.send
    if getattr(usual, "limited", False):
        return

    @functools.wraps(usual)
    def send(self, request, stream=False, timeout=None, *arguments, **options):
        return usual(self, request, stream, timeout or LIMITS, *arguments, **options)

    send.limited = True
    HTTPAdapter.send = send


def _limit_pauses(api):
    """Let the client's own repetitions of an upload wait no longer than ours, whatever the server asks for."""
    wanted = getattr(api, "_get_retry_after_delay", None)
    if wanted is not None:
        api._get_retry_after_delay = lambda response: None if (pause := wanted(response)) is None else min(pause, LONGEST_PAUSE)


def connect(sleep=time.sleep, jitter=random.random):
    """A Kaggle, signed in with whatever the user has, in the client's own order.

    Raises WrongUse when there are no credentials, RemoteRefusal when an access token is not accepted: as
    long as one is there the client sends it, even where it signed in with another credential.
    """
    api = failure = None
    with silence():
        try:
            from kagglesdk.kaggle_env import get_access_token_from_env

            _limit_calls()
            token, source = get_access_token_from_env()
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
            _limit_pauses(api)
        except ImportError as error:
            raise WrongUse(
                f"Kaggle's client cannot be imported: {error}.",
                next="pip install -r requirements.txt, or pip install '.[kaggle]' in the clone",
            ) from error
        except (SystemExit, *failures()) as error:
            api, failure = None, error
        except OSError as error:  # it makes a folder of its own when it is imported
            if error.errno not in UNWRITABLE:
                raise
            raise Unwritable(f"{error.strerror}; Kaggle's client keeps its settings there", error.filename) from error
    answer = response_of(failure)
    if answer is not None and answer.status_code in BUSY:
        raise RemoteRefusal(f"Kaggle cannot be asked who you are: {words_of(answer)}", next=TRY_LATER)
    if isinstance(failure, _network_failures()) and answer is None:
        raise RemoteRefusal(f"Kaggle cannot be reached: {_first_line(failure)}", next=CHECK_NETWORK)
    if token and not (api and api.config_values.get("token")):
        raise RemoteRefusal(
            "Kaggle does not accept the access token: it is wrong or expired.",
            f"the token in {source}",
            "make a new one at https://www.kaggle.com/settings, or remove this one if you use another credential",
        )
    if api is None or not api.config_values.get("username"):
        folders = (os.environ.get("KAGGLE_CONFIG_DIR"), Path.home() / ".kaggle", Path.home() / ".config" / "kaggle")
        for path in (Path(folder) / "kaggle.json" for folder in folders if folder):
            if path.is_file():
                what = "Kaggle's client cannot use the key file: it must be JSON in UTF-8, without byte-order mark, with username and key."
                raise WrongUse(what, path, MAKE_A_TOKEN)
        raise WrongUse("No Kaggle credentials were found.", next=MAKE_A_TOKEN)
    return Kaggle(api, sleep, jitter)


@contextlib.contextmanager
def silence():
    """Swallow what the client prints: progress, login help, and sometimes an address that is a key by itself.

    It also calls exit(), which closes standard input; a person could not be asked anything afterwards.
    """
    usual, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdin = usual


def failures():
    """The exceptions with which the client and its libraries fail."""
    return (*_network_failures(), ValueError, *NO_ANSWER)


def _network_failures():
    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError)


def response_of(error):
    """The server's answer behind an error; the client hides some behind a ValueError. None if there was none."""
    while error is not None:
        if getattr(error, "response", None) is not None:
            return error.response
        error = error.__context__
    return None


def words_of(response):
    """What the server itself said: `404: Not found`."""
    try:
        body = response.json()
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
    except (ValueError, AttributeError):
        message = re.sub(r"<[^>]*>", " ", response.text)
    return f"{response.status_code} {' '.join(str(message or response.reason).split())[:300]}"


def is_passing(error):
    """Whether the same request may succeed later: the server is busy, or the connection failed."""
    response = response_of(error)
    if response is not None:
        return response.status_code in BUSY
    return isinstance(error, (*_network_failures(), TypeError))


def never_sent(error):
    """Whether a request cannot have reached the server: no connection came about, or it was turned away unread."""
    response = response_of(error)
    if response is not None:
        return response.status_code == 429
    seen = str(error)
    return any(words in seen for words in ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Failed to establish"))


def _retry_after(error):
    from urllib3.exceptions import InvalidHeader
    from urllib3.util.retry import Retry

    response = response_of(error)
    header = response.headers.get("Retry-After") if response is not None else None
    try:
        return Retry().parse_retry_after(header) if header else None
    except InvalidHeader:
        return None


def _first_line(error):
    """What a failure says first; of a connection that was tried several times, why it could not be made."""
    error = getattr(error.args[0] if error.args else None, "reason", None) or error
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
