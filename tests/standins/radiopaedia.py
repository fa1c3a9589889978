"""A site that behaves like Radiopaedia: listing, case pages of three years, viewer JSON, images of all sizes.

Pages are our own, written after the documented structures. Odd numbers of cases have a CT study as well.
"""

import json

from tests.standins.web import MONTH_AGO, Page, Web, address_mark, film

IMAGES = "https://prod-images-static.radiopaedia.org/images"
SIZES = {
    "": (900, 800),
    "_big_gallery": (640, 600),
    "_gallery": (400, 360),
    "_medium": (300, 280),
    "_small": (200, 180),
    "_thumb": (104, 104),
}


class Case:
    """One case of the stand-in. form: 2020, 2023 or 2026. views: its frontal and lateral films."""

    def __init__(
        self,
        number,
        form=2020,
        title=None,
        age="60 years",
        sex="Male",
        views=("Frontal",),
        ct=None,
        findings="Bilateral patchy opacities.",
        author="Dr Ada Test",
    ):
        self.rid, self.slug = str(75000 + number), f"covid-19-pneumonia-{number}"
        self.form, self.title = form, title or f"COVID-19 pneumonia {number}"
        self.age, self.sex, self.views, self.findings, self.author = age, sex, views, findings, author
        self.ct = number % 2 == 1 if ct is None else ct
        self.study, self.ct_study = str(80000 + 2 * number), str(80001 + 2 * number)

    def image(self, position):
        return str(int(self.rid) * 10 + position), f"{int(self.rid) * 7919 + position:030x}"

    # -- pages ---------------------------------------------------------------------------------------

    def page(self):
        return {2020: self.page_2020, 2023: self.page_2023, 2026: self.page_2026}[self.form]()

    def studies(self):
        found = [(self.study, "X-ray", self.findings)]
        return found + [(self.ct_study, "CT", "")] if self.ct else found

    def citation(self):
        rows = {
            "Citation:": f"Test A, {self.title}. Case study, Radiopaedia.org",
            "DOI:": f"https://doi.org/10.53347/rID-{self.rid}",
            "rID:": self.rid,
            "Case published:": "15 Apr 2020",
            "Tags:": '<a href="/tags/covid-19">covid-19</a>',
        }
        return "".join(
            f'<div class="row"><div class="col-sm-3"><strong>{label}</strong></div><div class="col-sm-8">{value}</div></div>'
            for label, value in rows.items()
        )

    def page_2020(self):
        # a study without findings has no findings node, which is what misaligns parallel lists
        studies = "".join(
            f'<div class="well case-section case-study" data-study-id="{key}" data-study-stacks-url="/studies/{key}/stacks?lang=us"><div class="study-desc"><h2>{"Chest" if kind == "X-ray" else "CT chest"}</h2></div><div class="study-modality"><span>{kind}</span></div>'
            + (f'<div class="sub-section study-findings body"><p>{findings}</p></div>' if findings else "")
            + f'<a class="view-fullscreen-link" href="/cases/{self.rid}/studies/{key}?lang=us">View</a></div>'
            for key, kind, findings in reversed(self.studies())
        )
        return f"""<!DOCTYPE html><html><head><title>{self.title} | Radiology Case | Radiopaedia.org</title></head><body><h1 class="header-title">{self.title}</h1>
<div class="author-info">Case contributed by <a href="/users/ada">{self.author}</a></div><span class="diagnostic-certainty-title">Diagnosis almost certain</span>
<div id="case-patient-presentation"><h2>Presentation</h2><p>Fever and cough.</p></div>
<div id="case-patient-data"><div class="data-item"><strong>Age:</strong> {self.age}</div><div class="data-item"><strong>Gender:</strong> {self.sex}</div></div>
{studies}<div id="case-discussion"><p>PCR positive.</p></div><img id="offline-workflow-study-large-image">
<div id="citation-info">{self.citation()}</div><a href="/cases/some-other-case/studies/99999">related</a></body></html>"""

    def page_2023(self):
        data = json.dumps({"study": self.annotated()["study"]})
        return f"""<html><head><title>{self.title} | Radiology Case | Radiopaedia.org</title><meta name="author" content="{self.author}"></head><body><h1 class="header-title">{self.title}</h1>
<div id="case-patient-data"><div class="data-item"><strong class="data-item-label">Age:</strong> {self.age}</div><div class="data-item"><strong class="data-item-label">Gender:</strong> {self.sex}</div></div>
<div class="case-section"><div class="main-study-desc" id="main-study-desc-{self.study}"><h2>Chest</h2></div><div class="study-findings">{self.findings}</div></div>
<div class="hidden data">{data}</div><div class="citation-info"><div class="js-content">{self.citation()}</div></div></body></html>"""

    def page_2026(self):
        sections = "".join(f'<section id="study-{key}"><h2>Study</h2></section>' for key, _, _ in self.studies())
        return f"""<html><head><title>{self.title} | Radiology Case | Radiopaedia.org</title><meta name="author" content="{self.author}">
<link rel="license" href="https://creativecommons.org/licenses/by-nc-sa/3.0/"><meta property="og:description" content="A case."><meta name='dc.identifier' content='https://doi.org/10.53347/rID-{self.rid}'>
<meta name="keywords" content="Chest"></head><body><main><p>Age: {self.age}</p><p>Sex: {self.sex}</p>{sections}<a href="/cases/{self.slug}/studies/{self.study}">x</a><a href="/cases/unrelated-case/studies/99999">other</a></main></body></html>"""

    # -- viewer --------------------------------------------------------------------------------------

    def stacks(self, key=None):
        if key == self.ct_study:
            return [{"modality": "CT", "images": [{"id": 1, "public_filename": f"{IMAGES}/1/ct.jpeg", "plane_projection": "Axial"}]}]
        images = []
        for position, view in enumerate(self.views):
            number, name = self.image(position)
            images.append(
                {
                    "id": int(number),
                    "fullscreen_filename": f"{IMAGES}/{number}/{name}_big_gallery.jpeg",
                    "public_filename": f"{IMAGES}/{number}/{name}.jpeg",
                    "plane_projection": view,
                    "position": position,
                    "download_image_url": f"/images/{number}/download?layout=false",
                }
            )
        return [{"modality": "X-ray", "images": images}]

    def annotated(self, key=None):
        if key == self.ct_study:
            return {"study": {"id": int(key), "case_id": int(self.rid), "modality": "CT", "series": []}}
        series = []
        for position, view in enumerate(self.views):
            number, name = self.image(position)
            files = {
                size: f"{name}{suffix}.jpeg"
                for size, suffix in (
                    ("original", ""),
                    ("big_gallery", "_big_gallery"),
                    ("gallery", "_gallery"),
                    ("medium", "_medium"),
                    ("small", "_small"),
                    ("thumb", "_thumb"),
                )
            }
            series.append(
                {
                    "series_id": position,
                    "perspective": view,
                    "specifics": "",
                    "content_type": "image/jpeg",
                    "frames": [{"id": int(number), "width": 900, "height": 800, "current": True}],
                    "encodings": {"thumbnailed_files": [files]},
                }
            )
        return {
            "study": {
                "id": int(self.study),
                "case_id": int(self.rid),
                "case_title": self.title,
                "modality": "X-ray",
                "caption": "",
                "findings": f"<p>{self.findings}</p>",
                "series": series,
            }
        }

    def fullscreen(self):
        return f"<html><script>var x = 1; var stackedImages = {json.dumps(self.stacks())}; go();</script></html>"


def site(cases, per_page=10, robots="User-agent: *\nDisallow: /edit\n"):
    """A Web with these cases; the images lie on the same server."""
    web = Web()
    web.pages["/robots.txt"] = Page(robots, "text/plain")
    add_cases(web, cases)
    search = "/search?lang=us&scope=cases&q=COVID-19&modality=X-ray&system[]=Chest&page="
    last = max(1, -(-len(cases) // per_page))
    for page in range(1, last + 1):
        shown = cases[(page - 1) * per_page : page * per_page]
        cards = "".join(
            f'<a class="search-result search-result-case" href="/cases/{case.slug}?lang=us"><h4 class="search-result-title-text">{case.title}</h4></a>'
            for case in shown
        )
        follow = (
            f'<a class="next_page" rel="next" href="{search}{page + 1}">Next</a>'
            if page < last
            else '<a class="next_page disabled" rel="next" href="#">Next</a>'
        )
        html = f'<html><body>{cards}<div class="pagination" role="navigation" aria-label="Pagination">{follow}</div></body></html>'
        for spelling in (f"{search}{page}", f"{search}{page}".replace("[]", "%5B%5D")):
            web.pages[spelling] = Page(html)
    return web


def add_cases(web, cases):
    for case in cases:
        web.pages[f"/cases/{case.slug}"] = Page(case.page())
        for key, _, _ in case.studies():
            if case.form != 2026:
                web.pages[f"/studies/{key}/stacks?lang=us"] = Page(json.dumps(case.stacks(key)), "application/json")
            else:
                web.pages[f"/studies/{key}/annotated_viewer_json?lang=us"] = Page(json.dumps(case.annotated(key)), "application/json")
        for position in range(len(case.views)):
            number, name = case.image(position)
            for suffix, (width, height) in SIZES.items():
                web.pages[f"/images/{number}/{name}{suffix}.jpeg"] = lambda web, path, number=number, width=width, height=height: Page(
                    film(int(number), width, height), "image/jpeg"
                )


def settings(web, **changes):
    """The entry for scrapers.yaml with which the collector uses this server as the site."""
    return {
        "hosts": {"radiopaedia.org": web.origin, "prod-images-static.radiopaedia.org": web.origin},
        "contact": "tester@hospital.test",
        "permission": {"by": "A. Editor", "date": MONTH_AGO, "reference": "letter 17"},
        "interval": 0,
        "timeout": 5,
        "allow_loopback": True,
        **changes,
    }


def save(folder, case, form="stacks", picture=True):
    """A case's page with its viewer's data, as a browser would have saved them."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"https://radiopaedia.org/cases/{case.slug}"
    (folder / f"{case.slug}.html").write_text(address_mark(url) + case.page())
    number, name = case.image(0)
    if form == "stacks":
        (folder / f"stacks_{case.study}.json").write_text(json.dumps(case.stacks()))
    elif form == "annotated":
        (folder / "annotated_viewer_json.json").write_text(json.dumps(case.annotated()))
    elif form == "fullscreen":
        (folder / "viewer.html").write_text(
            address_mark(f"https://radiopaedia.org/cases/{case.rid}/studies/{case.study}?lang=us") + case.fullscreen()
        )
    if picture:
        files = folder / f"{case.slug}_files"
        files.mkdir(exist_ok=True)
        (files / f"{name}_big_gallery.jpeg").write_bytes(film(int(number), 640, 600))
        (files / f"{name}_thumb.jpeg").write_bytes(film(2, 104, 104))
