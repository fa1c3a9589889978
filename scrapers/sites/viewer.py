"""Radiopaedia's image viewer: its data on one study, in the three forms it has had. Parsing only, no network.

a: `/studies/<id>/stacks`, a list of stacks with images (2020 to 2024);
b: the full-screen page, whose script holds the same list as `stackedImages`;
c: `/studies/<id>/annotated_viewer_json` (2026), a study with series of frames and their encodings.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cxrkit.data.readers.collected import EXACT, NOT_KNOWN, STATED, XRAY, Case, Fact, Film, Study
from cxrkit.errors import BadInput
from scrapers.sites import pages, prose
from scrapers.sites.cases import fill_blanks

HOME = "https://radiopaedia.org"
IMAGES = "https://prod-images-static.radiopaedia.org/images/"
PROJECTION = "the viewer's projection field: "
SIZES = ("", "_jumbo", "_big_gallery", "_gallery")
"""Suffixes of a picture's file, the full size first; what is smaller is a thumbnail."""
ALL_SIZES = re.compile(r"_(?:jumbo|big_gallery|gallery|medium|small|thumb|tiny)(?=\.[a-z]+$)", re.IGNORECASE)
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True)
class ViewerStudy:
    """One study in the viewer's data. case: the rID of its case, or empty where the form has none. images: their number."""

    study: str
    case: str = ""
    title: str = ""
    modality: str = ""
    caption: str = ""
    findings: str = ""
    images: int = 0
    films: tuple[Film, ...] = ()

    def as_study(self) -> Study:
        return Study(self.study, self.modality, self.caption, self.findings, self.images)


def read(content: bytes | str, study: str = "") -> ViewerStudy:
    """A study from any of the viewer's three forms: stacks JSON, full-screen page, annotated viewer JSON.

    study: the study's id, for the forms that do not hold it. Raises BadInput.
    """
    text = content if isinstance(content, str) else pages.decode(content)
    if text.lstrip()[:1] in ("[", "{"):
        value = pages.json_of(text)
    else:
        value = pages.json_after(text, r"\bstackedImages\s*=\s*")
    if isinstance(value, list):
        return _from_stacks(value, study)
    if isinstance(value, dict) and isinstance(value.get("study"), dict):
        return _from_annotated(value["study"], study)
    raise BadInput("This is none of the viewer's forms.", None, "save stacks JSON, annotated_viewer_json or the full-screen page")


def _from_stacks(stacks: list[Any], study: str) -> ViewerStudy:
    films, kinds, count = [], [], 0
    for stack in stacks:
        if not isinstance(stack, dict) or not isinstance(stack.get("images"), list):
            continue
        modality = _text(stack.get("modality"))
        kinds.append(modality)
        for image in stack["images"]:
            count += 1
            if not isinstance(image, dict) or (modality and modality != XRAY):
                continue
            addresses = [_text(image.get(name)) for name in ("public_filename", "fullscreen_filename")]
            films.append(_film(_text(image.get("id")), addresses, study, modality, _text(image.get("plane_projection"))))
    kinds = [kind for kind in dict.fromkeys(kinds) if kind]
    return _with_views(ViewerStudy(study, modality=kinds[0] if len(kinds) == 1 else "", images=count, films=tuple(films)))


def _from_annotated(value: dict[str, Any], study: str) -> ViewerStudy:
    study = _text(value.get("id")) or study
    modality = _text(value.get("modality"))
    films, count = [], 0
    for series in value.get("series") if isinstance(value.get("series"), list) else []:
        if not isinstance(series, dict):
            continue
        frames = [frame if isinstance(frame, dict) else {} for frame in _list(series.get("frames"))]
        encodings = series.get("encodings") if isinstance(series.get("encodings"), dict) else {}
        # a null keeps its place, or every later film could get its neighbour's file
        files = [entry if isinstance(entry, dict) else {} for entry in _list(encodings.get("thumbnailed_files"))]
        count += sum(map(bool, frames))
        if modality and modality != XRAY:
            continue
        for position, frame in enumerate(frames):
            if not frame:
                continue
            number, note, addresses = _text(frame.get("id")), "", []
            if len(files) == len(frames):
                names = [_text(files[position].get(size)) for size in ("original", "big_gallery", "gallery")]
                addresses = [name if name.startswith("http") else f"{IMAGES}{number}/{name}" for name in names if name]
            else:
                note = f"the viewer names {len(frames)} frames and {len(files)} files, so it is not known which belongs to which"
            film = _film(number, addresses, study, modality, _text(series.get("perspective")), note)
            films.append(replace(film, caption=prose.shorten(_text(series.get("specifics")))))
    findings = pages.text_of(pages.soup(_text(value.get("findings"))))
    viewed = ViewerStudy(
        study,
        _text(value.get("case_id")),
        _text(value.get("case_title")),
        modality,
        _text(value.get("caption")),
        findings,
        count,
        tuple(films),
    )
    return _with_views(viewed)


def _with_views(viewed: ViewerStudy) -> ViewerStudy:
    study = viewed.as_study()
    unique = {film.key: film for film in viewed.films}
    return replace(viewed, films=tuple(with_view(film, study) for film in unique.values()))


def _film(number: str, addresses: Iterable[str], study: str, modality: str, projection: str, note: str = "") -> Film:
    plain = [address for address in addresses if pages.absolute("", address) and FILE_NAME.fullmatch(pages.file_name(address))]
    plain = sorted(dict.fromkeys(plain), key=size_rank)
    key = number or (ALL_SIZES.sub("", pages.file_name(plain[0])).rpartition(".")[0] if plain else "")
    exact = Fact(modality, "the viewer's modality field") if modality else NOT_KNOWN
    return Film(
        key=key or f"study-{study}-unnamed",
        image_urls=tuple(plain),
        study=study,
        modality=exact,
        confidence=EXACT if exact else "",
        view=Fact("frontal-unspecified", PROJECTION + projection) if projection else NOT_KNOWN,
        note=note or ("" if plain else "the viewer names no file for it"),
    )


def size_rank(address: str) -> int:
    """The place of a picture's name among SIZES; their number for a thumbnail."""
    suffix = ALL_SIZES.search(pages.file_name(address))
    suffix = suffix[0].lower() if suffix else ""
    return SIZES.index(suffix) if suffix in SIZES else len(SIZES)


def with_view(film: Film, study: Study) -> Film:
    """The film with a view: lateral by the viewer's field; PA, AP or supine only where the words say so.

    "Frontal" is no PA. Words on the study count for its frontal films.
    """
    region = next((text for text in (film.caption, study.caption) if prose.other_region(text)), "")
    if region and film.modality.value == XRAY:
        return replace(film, modality=Fact(prose.OTHER, f"caption: {region}"), confidence=STATED, view=NOT_KNOWN)
    if film.view and not film.view.evidence.startswith(PROJECTION):
        return film
    projection = film.view.evidence.removeprefix(PROJECTION).lower()
    if projection == "lateral":
        return replace(film, view=Fact("lateral", PROJECTION + "Lateral"))
    for place, text in (("caption", f"{film.caption}. {study.caption}"), ("findings", study.findings)):
        stated = prose.view(text) or (prose.view(_without_lateral(text)) if projection else NOT_KNOWN)
        if stated and not (projection and stated.value == "lateral"):
            return replace(film, view=Fact(stated.value, f"{place}: {stated.evidence}"))
    return replace(film, view=Fact("frontal-unspecified", PROJECTION + "Frontal") if projection == "frontal" else NOT_KNOWN)


def joined(case: Case, viewed: ViewerStudy) -> Case:
    """The case with the viewer's data on one of its studies; its pictures replace those that the page names."""
    studies = {study.key: study for study in case.studies}
    study = viewed.as_study()
    study = studies[viewed.study] = fill_blanks(studies[viewed.study], study) if viewed.study in studies else study
    films = viewed.films
    if study.modality and not viewed.modality:
        exact = Fact(study.modality, "the study's modality field")
        films = tuple(film if film.modality else replace(film, modality=exact, confidence=EXACT) for film in films)
    others = tuple(film for film in case.films if film.study not in (viewed.study, ""))
    return case.but(studies=tuple(studies.values()), films=others + tuple(with_view(film, study) for film in films))


def urls(study: Study, rid: str) -> tuple[str, ...]:
    """Where the viewer's data on a study may lie, the likeliest form first; all on the site itself."""
    annotated = f"{HOME}/studies/{study.key}/annotated_viewer_json?lang=us"
    stacks = f"{HOME}/studies/{study.key}/stacks?lang=us"
    first = [study.viewer_url, stacks] if study.viewer_url else [annotated, stacks]
    page = [f"{HOME}/cases/{rid}/studies/{study.key}?lang=us"] if rid.isdigit() else []
    return tuple(dict.fromkeys([*first, *page]))


def _without_lateral(text: str) -> str:
    return ". ".join(part for part in prose.sentences(text) if not prose.LATERAL.search(part))


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
