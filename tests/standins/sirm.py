"""A site that behaves like SIRM's WordPress: Italian and English listings, posts of free prose with pictures."""

from tests.standins.web import MONTH_AGO, Page, Web, address_mark, film

ITALIAN, ENGLISH = "/category/senza-categoria/covid-19/", "/en/category/articles/covid-19-database/"


class Case:
    """One post. parts: texts and picture names in their order; a picture is a name that ends in .jpeg or .png."""

    def __init__(self, number, parts=None, date="2020/03/11", language="it", slug=None):
        self.number, self.date, self.language = number, date, language
        word = "caso" if language == "it" else "case"
        self.title = f"COVID-19: {word} {number}"
        prefix = "" if language == "it" else "/en"
        self.path = f"{prefix}/{date}/{slug or f'covid-19-{word}-{number}'}/"
        sex, age = ("maschile", "femminile")[number % 2], 30 + number % 60
        self.parts = parts or [
            "Rossi Maria, Bianchi Luca",
            "UOC Radiologia, Ospedale di Prova",
            f"Paziente di sesso {sex}, {age} anni, giunge in PS per febbre e tosse.",
            "RX torace a letto in unica proiezione AP: addensamenti bilaterali.",
            f"foto-{number}-a.jpeg",
            "TC torace: aree a vetro smerigliato.",
            f"foto-{number}-b.jpeg",
        ]

    def pictures(self):
        return [part for part in self.parts if part.endswith((".jpeg", ".png"))]

    def upload(self, name):
        return f"/wp-content/uploads/{self.date[:7]}/{name}"

    def body(self):
        html = []
        for part in self.parts:
            if part in self.pictures():
                stem, _, ending = self.upload(part).rpartition(".")
                html.append(
                    f'<p><img class="entry-thumb" src="data:image/gif;base64,R0lGOD" data-src="{stem}-300x200.{ending}" alt=""></p>'
                )
            else:
                html.append(f"<p>{part}</p>")
        return "".join(html)

    def page(self):
        return f"""<html><head><title>{self.title} - SIRM</title></head><body><article><header><h1 class="entry-title">{self.title}</h1></header>
<div class="td-post-content">{self.body()}</div></article><div class="sidebar"><img src="/logo.png"><p>RX TC</p></div></body></html>"""


def site(cases, per_page=10, robots="User-agent: *\nDisallow: /wp-admin/\n"):
    """A Web with these posts, listed by language."""
    web = Web()
    web.pages["/robots.txt"] = Page(robots, "text/plain")
    for base, language in ((ITALIAN, "it"), (ENGLISH, "en")):
        posts = [case for case in cases if case.language == language]
        last = max(1, -(-len(posts) // per_page))
        for page in range(1, last + 1):
            items = (
                "".join(
                    f'<div class="td_module_{18 + i % 3} td_module_wrap"><h3 class="entry-title td-module-title"><a href="{case.path}" rel="bookmark">{case.title}</a></h3></div>'
                    for i, case in enumerate(posts[(page - 1) * per_page : page * per_page])
                )
                or '<div class="td_module_19 td_module_wrap"><h3 class="entry-title"><a rel="bookmark" href="/2020/01/01/other/">Other</a></h3></div>'
            )
            pager = (
                f'<div class="page-nav td-pb-padding-side"><a href="{base}page/2/">2</a><a class="last" href="{base}page/{last}/">{last}</a></div>'
                if last > 1
                else ""
            )
            web.pages[base if page == 1 else f"{base}page/{page}/"] = Page(f"<html><body>{items}{pager}</body></html>")
    for case in cases:
        web.pages[case.path] = Page(case.page())
        for name in case.pictures():
            seed = sum(name.encode())
            kind = ("PNG", "image/png") if name.endswith(".png") else ("JPEG", "image/jpeg")
            stem, _, ending = case.upload(name).rpartition(".")
            web.pages[case.upload(name)] = lambda web, path, seed=seed, kind=kind: Page(film(seed, 700, 640, kind[0]), kind[1])
            web.pages[f"{stem}-300x200.{ending}"] = lambda web, path, seed=seed, kind=kind: Page(film(seed, 300, 200, kind[0]), kind[1])
    return web


def settings(web, **changes):
    """The entry for scrapers.yaml with which the collector uses this server as the site."""
    return {
        "hosts": {"www.sirm.org": web.origin},
        "contact": "tester@hospital.test",
        "permission": {"by": "B. Segretaria", "date": MONTH_AGO, "reference": "prot. 17"},
        "interval": 0,
        "timeout": 5,
        "allow_loopback": True,
        **changes,
    }


def save(folder, case):
    """A post with its pictures, as a browser would have saved them."""
    folder.mkdir(parents=True, exist_ok=True)
    body = case.page()
    for name in case.pictures():
        stem, _, ending = case.upload(name).rpartition(".")
        body = body.replace(f'data-src="{stem}-300x200.{ending}"', f'srcset="{stem}-300x200.{ending} 300w, {stem}.{ending} 900w"').replace(
            "data:image/gif;base64,R0lGOD", f"./caso_files/{name}", 1
        )
        (folder / "caso_files").mkdir(exist_ok=True)
        (folder / "caso_files" / name).write_bytes(film(sum(name.encode()), 500, 450))
    (folder / "caso.html").write_text(address_mark("https://www.sirm.org" + case.path) + body)
