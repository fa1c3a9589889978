"""Pages saved by real browsers, which see the stand-ins under the sites' own names: Chromium's web archive, Firefox's complete page."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.standins.web import Page

CHROMIUM, DRIVER, FIREFOX = shutil.which("chromium"), shutil.which("chromedriver"), shutil.which("firefox-esr") or shutil.which("firefox")

VIEWER = """<script>
for (const node of document.querySelectorAll('.case-study, .main-study-desc, section[id^="study-"]')) {
  const id = node.dataset.studyId || node.id.split('-').pop();
  fetch('/studies/' + id + '/stacks?lang=us').then(answer => answer.json()).then(stacks => {
    for (const stack of stacks) for (const image of stack.images) {
      const film = document.createElement('img');
      film.src = image.fullscreen_filename || image.public_filename;
      node.appendChild(film);
      const small = document.createElement('img');
      small.src = film.src.replace('_big_gallery', '_thumb');
      node.appendChild(small);
    }
  });
}</script>"""
"""What the site's own script does: the films of every study come into the page, large and small."""


def proxied(web):
    """Let a stand-in answer a browser that asks through it as a proxy: "GET http://host/path"; images are named without TLS."""
    plain = web.find

    def find(path):
        page = plain("/" + path.split("/", 3)[3] if path.startswith("http://") else path)
        if page.content_type.startswith(("text/html", "application/json")):
            body = page.body.replace(b"https://prod-images", b"http://prod-images").replace(b"https://www.sirm.org", b"http://www.sirm.org")
            return Page(body, page.content_type, page.status, page.headers)
        return page

    web.find = find
    return web


class Chromium:
    """A Chromium that reaches every host through a stand-in."""

    def __init__(self, web):
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        proxy = (f"--proxy-server={web.host}", "--proxy-bypass-list=<-loopback>")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *proxy):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.driver.set_page_load_timeout(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def save(self, url, path):
        """Save a page as web archive (MHTML)."""
        self.driver.get(url)
        wait_for(lambda: self.driver.execute_script(SETTLED))
        Path(path).write_bytes(self.driver.execute_cdp_cmd("Page.captureSnapshot", {"format": "mhtml"})["data"].encode())


SETTLED = "return document.readyState === 'complete' && [...document.images].every(image => image.complete)"


def wait_for(condition, seconds=30):
    """Ask again until a condition holds twice in a row."""
    end, row = time.monotonic() + seconds, 0
    while row < 3:
        assert time.monotonic() < end, "the browser does not get ready"
        row = row + 1 if condition() else 0
        time.sleep(0.05)


class Firefox:
    """A Firefox that reaches every host through a stand-in, driven by its own protocol (Marionette)."""

    def __init__(self, web, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        profile = Path(folder) / "profile"
        profile.mkdir(parents=True)
        values = {
            "marionette.port": port,
            "network.proxy.type": 1,
            "network.proxy.http": "127.0.0.1",
            "network.proxy.http_port": web.port,
            "network.proxy.allow_hijacking_localhost": True,
            "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False,
            "network.stricttransportsecurity.preloadlist": False,
            "dom.security.https_first": False,
            "dom.security.https_first_schemeless": False,
            "browser.shell.checkDefaultBrowser": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "app.update.enabled": False,
        }
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in values.items())
        )
        command = [FIREFOX, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(profile)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number, self.link = 0, None
        wait_for(lambda: self.link or self._connect(port), 60)
        self.incoming = self.link.makefile("rb")
        self._read()
        self.ask("WebDriver:NewSession", {"capabilities": {}})

    def _connect(self, port):
        try:
            self.link = socket.create_connection(("127.0.0.1", port), 60)
        except OSError:
            return None
        return self.link

    def _read(self):
        size = b""
        while (mark := self.incoming.read(1)) != b":":
            size += mark
        return json.loads(self.incoming.read(int(size)))

    def ask(self, name, parameters):
        self.number += 1
        text = json.dumps([0, self.number, name, parameters]).encode()
        self.link.sendall(str(len(text)).encode() + b":" + text)
        _, _, error, result = self._read()
        assert not error, error
        return result

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.close()
        self.process.terminate()
        self.process.wait(30)

    def save(self, url, path):
        """Save a page complete, as the browser's own command does."""
        self.ask("WebDriver:Navigate", {"url": url})
        wait_for(lambda: self.ask("WebDriver:ExecuteScript", {"script": SETTLED, "args": []})["value"])
        self.ask("Marionette:SetContext", {"value": "chrome"})
        try:
            status = self.ask("WebDriver:ExecuteAsyncScript", {"script": COMPLETE, "args": [str(path)], "scriptTimeout": 30000})["value"]
        finally:
            self.ask("Marionette:SetContext", {"value": "content"})
        assert status == 0, status


COMPLETE = """
const [path, done] = arguments;
const at = place => { const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile); file.initWithPath(place); return file; };
const persist = Cc["@mozilla.org/embedding/browser/nsWebBrowserPersist;1"].createInstance(Ci.nsIWebBrowserPersist);
persist.persistFlags = persist.PERSIST_FLAGS_REPLACE_EXISTING_FILES | persist.PERSIST_FLAGS_FROM_CACHE;
const folder = at(path.replace(/\\.html$/, "_files"));
gBrowser.selectedBrowser.frameLoader.startPersistence(null, {
  onDocumentReady(document) {
    persist.progressListener = {
      QueryInterface: ChromeUtils.generateQI(["nsIWebProgressListener"]),
      onStateChange(progress, request, flags, status) { if (persist.currentState === persist.PERSIST_STATE_FINISHED) done(status); },
      onProgressChange() {}, onLocationChange() {}, onStatusChange() {}, onSecurityChange() {}, onContentBlockingEvent() {},
    };
    persist.saveDocument(document, Services.io.newFileURI(at(path)), folder, null, persist.ENCODE_FLAGS_ENCODE_BASIC_ENTITIES, 80);
  },
  onError(status) { done(String(status)); },
});
"""
