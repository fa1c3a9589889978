"""Intake of one case into the store: its record, then its pictures, whether the pages were requested or saved by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cxrkit.data.readers.collected import GUESSED, XRAY, Case, CaseRecord, Question, StoredFilm
from cxrkit.errors import BadInput, Interrupted
from scrapers import pictures, review, store
from scrapers.review import Answer
from scrapers.sites.cases import same_keys
from scrapers.store import Store
from scrapers.web.refusals import NoAnswer, NotAllowed, WouldRequest

STATES = ("new", "unchanged", "changed", "gone")

Fetch = Callable[[tuple[str, ...]], tuple[bytes, str, str]]
"""From a film's addresses to its bytes, where they came from, and the content type or empty. Raises BadInput, NoAnswer, NotAllowed."""


class SamePicture(BadInput):
    """A film's picture that another film of the case has already."""


@dataclass
class Outcome:
    """What one refresh did at one site.

    cases: {key: one of STATES}. films: how many were fetched. refused: [(address, reason)].
    left: addresses of cases that were not reached. stopped, capped: why the work ended early, or empty.
    requests: [(status, address)]. bytes: received.
    """

    site: str
    cases: dict[str, str] = field(default_factory=dict)
    films: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stopped: str = ""
    capped: str = ""
    requests: list[tuple[int | str, str]] = field(default_factory=list)
    bytes: int = 0

    def count(self, state: str) -> int:
        return sum(value == state for value in self.cases.values())


@dataclass(frozen=True)
class Intake:
    """One way into a store.

    answers: of the review. clock: seconds since 1970. outcome: what is done is counted in it.
    how: CRAWL or SAVED. permission: who allowed the requests, as text.
    max_age_days: a film that was refused is not tried again before so many days have passed.
    dry_run: whether nothing is written.
    """

    store: Store
    answers: Sequence[Answer]
    clock: Callable[[], float]
    outcome: Outcome
    how: str
    permission: str = ""
    max_age_days: float = 7.0
    dry_run: bool = False

    def take(self, case: Case, fetch: Fetch) -> None:
        """Bring a case's record and pictures into the store; the record is written after every picture.

        A film whose picture is there already, or was refused lately, is not fetched.
        """
        old = self.store.record(case.site, case.key)
        if old and (question := self._doubt(old, case)):
            self.outcome.cases[case.key] = "unchanged"
            self.outcome.refused.append((case.url or f"{case.site} {case.key}", question.words))
            kept = review.apply(replace(old, questions=tuple(dict.fromkeys((*old.questions, question)))), self.answers)
            if kept != old and not self.dry_run:
                self.store.write(kept)
            return
        if old:
            case = same_keys(old.films, case)
        record, status = store.updated(old, case, self.how, self.permission, self.clock())
        record = review.apply(record, self.answers)
        if self.dry_run:
            self.outcome.cases[case.key] = status
            self._try_films(record, fetch)
            return
        if old and old.complete and status == "changed":
            self.store.archive(old)
        self.outcome.cases[case.key] = "new" if old and not old.complete and status == "unchanged" else status
        complete = True
        for film in record.films:
            if not wanted(film) or self.store.has_picture(record, film) or film.gone:
                continue
            if self._refused_lately(film):
                self._refuse(case, film, film.refused)
                continue
            try:
                film = self._with_picture(record, film, fetch)
                self.outcome.films += 1
            except SamePicture as error:
                film = replace(film, refused=error.what, tried_at=store.iso(self.clock()), how=self.how)
                record = replace(record, questions=(*record.questions, Question(film.key, "picture", "", error.what)))
                self._refuse(case, film, error.what)
            except (BadInput, NotAllowed, NoAnswer) as error:
                passing = isinstance(error, NoAnswer)
                complete = complete and not passing
                film = replace(film, refused=error.what, tried_at="" if passing else store.iso(self.clock()), how=self.how)
                self._refuse(case, film, error.what)
            except Interrupted:
                self.store.write(record)
                raise
            record = record.with_film(film)
            self.store.write(record)
        if record != old or record.complete != complete:
            self.store.write(replace(record, complete=complete))

    def _doubt(self, old: CaseRecord, case: Case) -> Question | None:
        """The question that keeps a reading of a page from a record, or None where it may be taken."""
        said = {answer.field: answer.answer for answer in self.answers if not answer.film and self._on(answer, case)}
        if not case.url and old.url and said.get("page") in (None, "no"):
            guess = next((question.guess for question in case.questions if question.field == "page"), "")
            return Question(
                "", "page", guess, "a saved page that names no address of its own looks like this case: is it? Till then it is not used"
            )
        if store.loses(old, case) and said.get("reading") != "replace":
            words = f"the page has lost title, author and all films ({case.title[:80]!r}): the record stays as it was"
            return Question("", "reading", "keep", words)
        return None

    @staticmethod
    def _on(answer: Answer, case: Case) -> bool:
        return not answer.problem and (answer.site, answer.case) == (case.site, case.key)

    def _refused_lately(self, film: StoredFilm) -> bool:
        since = store.iso(self.clock() - self.max_age_days * 86400)
        return bool(film.refused) and film.how == self.how and film.tried_at > since

    def _refuse(self, case: Case, film: StoredFilm, reason: str) -> None:
        self.outcome.refused.append((f"{case.url}, film {film.key}", reason))

    def _with_picture(self, record: CaseRecord, film: StoredFilm, fetch: Fetch) -> StoredFilm:
        if film.note:
            raise BadInput(film.note)
        content, origin, content_type = fetch(film.image_urls)
        picture = pictures.check(content, content_type)
        same = next((other for other in record.films if other.sha256 == picture.sha256 and other.key != film.key and other.file), None)
        accepted = any(a.field == "picture" and a.film == film.key and a.answer != "no" and self._on(a, record) for a in self.answers)
        if same and not accepted:
            raise SamePicture(f"its picture is byte for byte that of film {same.key}: is it this one's, too?")
        return replace(
            film,
            file=self.store.add_picture(record, film, picture),
            sha256=picture.sha256,
            bytes=len(content),
            width=picture.width,
            height=picture.height,
            format=picture.format,
            image_url=origin,
            how=self.how,
            permission=self.permission,
            retrieved_at=store.iso(self.clock()),
            refused="",
            tried_at="",
        )

    def _try_films(self, record: CaseRecord, fetch: Fetch) -> None:
        """In a dry run: ask for the pictures, so that their requests are listed."""
        for film in record.films:
            if wanted(film) and film.image_urls and not self.store.has_picture(record, film):
                try:
                    fetch(film.image_urls)
                except (WouldRequest, NotAllowed):
                    continue


def wanted(film: StoredFilm) -> bool:
    """Whether a film's picture is worth fetching: whatever is not known to be something other than an X-ray."""
    return film.modality.value in (XRAY, "") or film.confidence == GUESSED
