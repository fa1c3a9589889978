"""Small pictures of the films that a report shows, kept in the results; only of films whose licence lets them be passed on."""

import hashlib

from cxrkit.data import licences
from cxrkit.errors import BadInput
from cxrkit.files import replacing

FOLDER = "figures/films"
SIDE = 200


def place(image_id):
    """Path of a film's thumbnail below the results: named by a hash, for image ids are other people's text."""
    return f"{FOLDER}/{hashlib.sha256(image_id.encode()).hexdigest()[:16]}.jpg"


def write(results, records, locate):
    """Write thumbnails of these records, at most SIDE pixels wide and high; skip what may not be passed on or cannot be read."""
    from cxrkit.data.images import open_grey

    for record in records:
        if not licences.may_redistribute(record.licence):
            continue
        try:
            film = open_grey(locate(record))
        except BadInput:
            continue
        film.thumbnail((SIDE, SIDE))
        with replacing(results / place(record.image_id)) as temporary:
            film.save(temporary, format="JPEG", quality=80)
