"""The sites that can be collected: for each, the parser of its pages."""

from typing import Protocol

from bs4 import BeautifulSoup

from cxrkit.data.readers.collected import Case
from scrapers.sites import radiopaedia, sirm
from scrapers.sites.cases import Listing


class Parser(Protocol):
    """What the module of a site offers. None of it uses the network; every reader raises BadInput for another kind of page."""

    @property
    def SITE(self) -> str:
        """The site's name, in the settings and in the store."""
        ...

    @staticmethod
    def listing(content: bytes, url: str) -> Listing:
        """One page of the site's listing of cases."""
        ...

    @staticmethod
    def case_page(content: bytes | BeautifulSoup, url: str = "") -> Case:
        """The case on a page. url: the page's own address, which says which case it is. Raises NotACase."""
        ...

    @staticmethod
    def owns(url: str) -> bool:
        """Whether an address lies on the site."""
        ...

    @staticmethod
    def case_address(url: str) -> str:
        """The plain address of the case to which an address leads; empty for any other address."""
        ...

    @staticmethod
    def case_name(url: str) -> str:
        """The name of the case in an address of its page, the same for all its addresses; empty for any other address."""
        ...


SITES: dict[str, Parser] = {radiopaedia.SITE: radiopaedia, sirm.SITE: sirm}
