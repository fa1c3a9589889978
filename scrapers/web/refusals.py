"""Refusals and failures of a server, as errors and in words; challenges for humans, told from pages."""

import re

import requests

from cxrkit.errors import CxrkitError, Interrupted, RemoteRefusal

CHALLENGE = re.compile(
    r"_cf_chl_opt|cf-challenge|<title>[^<]*(?:just a moment|attention required|captcha|are you (?:a )?(?:human|robot)|verify you are human|security check|access denied)",
    re.IGNORECASE,
)


CHALLENGE_HEADER = re.compile(r"captcha|waf-action", re.IGNORECASE)


class NotAllowed(RemoteRefusal):
    """An address that the collector may not or will not fetch: robots.txt, a foreign host, a private network, its size."""


class HostStopped(RemoteRefusal):
    """A host that refused, and gets no further request in this run."""


class NoAnswer(RemoteRefusal):
    """An address that gave no usable answer in all attempts."""


class CapReached(Interrupted):
    """The run's cap on cases or bytes."""


class WouldRequest(CxrkitError):
    """In a dry run: the answer is not known without the request."""


def challenge(status: int, headers: dict[str, str], body: bytes) -> str:
    """The words that show a challenge for humans (CAPTCHA, Cloudflare) instead of a page; empty where there is none."""
    if headers.get("cf-mitigated"):
        return f"cf-mitigated: {headers['cf-mitigated']}"
    for name, value in headers.items():
        if CHALLENGE_HEADER.search(name) or (status != 200 and re.fullmatch(r"challenge|captcha", value, re.IGNORECASE)):
            return f"{name}: {value}"
    start = body[:20_000].decode("utf-8", "replace")
    match = CHALLENGE.search(start)
    if not match and status >= 400:
        match = re.search(r"captcha|checking your browser|enable javascript and cookies", start, re.IGNORECASE)
    return " ".join(match[0].replace("<title>", "").split()) if match else ""


def in_short(error: Exception) -> str:
    """What went wrong on the way, in a few words."""
    text = str(error)
    if isinstance(error, requests.Timeout) and "took longer" not in text:
        return "it did not answer in time"
    if "IncompleteRead" in text:
        return "the answer broke off before its end"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its name has no address"
    if "Connection refused" in text:
        return "the connection was refused"
    return text if len(text) < 140 else text[:137] + "..."
