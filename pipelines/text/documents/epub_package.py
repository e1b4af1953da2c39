"""Reads the package file of an EPUB 2 or 3: its files, the order of its pages, title, authors and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import UnreadableInput

from .archive import Archive
from .epub_metadata import EpubMetadata
from .references import resolve_reference
from .safe_xml import local_name, parse_xml

PACKAGE_BYTES = 16 << 20
_CONTAINER = "META-INF/container.xml"
_PACKAGE_TYPE, _FIXED = "application/oebps-package+xml", "pre-paginated"


@dataclass(frozen=True, slots=True)
class BookFile:
    """A file of the book, as the manifest lists it."""

    name: str
    media_type: str
    properties: Sequence[str] = ()
    #: The id of a file to read instead.
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class SpinePage:
    """A page in reading order. `is_linear`: whether it is part of it, or is looked up only."""

    item_id: str
    is_linear: bool = True


@dataclass(slots=True)
class Package:
    """The content of the package file. Names are those of files in the archive."""

    name: str
    items: dict[str, BookFile] = field(default_factory=dict)
    spine: list[SpinePage] = field(default_factory=list)
    toc_id: str | None = None
    title: str | None = None
    author: str | None = None
    language: str | None = None
    #: What `<meta name="cover">` names: an id, or the name of a file.
    cover: str | None = None
    #: The guide of EPUB 2: type of a page → its name.
    guide: dict[str, str] = field(default_factory=dict)
    #: Whether the guide's table of contents is at a place within a page, which may hold more.
    is_toc_within_page: bool = False
    #: How often ids were seen in the manifest and in the spine; some books have one twice.
    item_counts: Counter[str] = field(default_factory=Counter)
    page_counts: Counter[str] = field(default_factory=Counter)

    def find_file(self, name: str) -> BookFile | None:
        """The manifest's entry of a file."""
        return next((item for item in self.items.values() if item.name == name), None)


def read_package(archive: Archive) -> Package:
    """Raises `UnreadableInput` for what is not an EPUB, and for a book without pages."""
    package = Package(_find_package(archive))
    root = parse_xml(archive.read(package.name, PACKAGE_BYTES), "The book's package file")
    for element in root.iter():
        _read_element(archive, package, local_name(element), element)
    metadata = EpubMetadata(root)
    package.title, package.author, package.language = metadata.title, metadata.author, metadata.language
    if not package.spine:
        raise UnreadableInput("The book names no pages to read (its spine is empty).", field="file")
    return package


def _find_package(archive: Archive) -> str:
    if (name := next(_container_names(archive), None)) is not None:
        return name
    for name in archive.names():
        if name.lower().endswith(".opf"):
            return name
    raise UnreadableInput("This is not an EPUB: it holds no package file (.opf).", field="file")


def _container_names(archive: Archive) -> Iterator[str]:
    """Names of package files in the container file, which may hold other renditions of the book, too."""
    if _CONTAINER not in archive:
        return
    try:
        root = parse_xml(archive.read(_CONTAINER, PACKAGE_BYTES), "The book's container file")
    except UnreadableInput:
        return
    found = [element for element in root.iter() if local_name(element) == "rootfile" and element.get("full-path")]
    for element in sorted(found, key=_rank_rendition):
        name = archive.find_name(resolve_reference("", element.get("full-path")))
        if name in archive:
            yield name


def _rank_rendition(rootfile: Any) -> int:
    """A package before other files, text before pictures of pages; else their order."""
    is_fixed = any(key.rpartition("}")[2].endswith("layout") and value == _FIXED for key, value in rootfile.items())
    is_other = rootfile.get("media-type", _PACKAGE_TYPE) != _PACKAGE_TYPE
    return 2 * int(is_other) + int(is_fixed)


def _read_element(archive: Archive, package: Package, tag: str, element: Any) -> None:
    if tag == "item" and element.get("id") and element.get("href"):
        item_id = element.get("id")
        # The second of this name is what the spine means where it names it for the second time.
        item_id = _number_repeated(item_id, package.item_counts)
        package.items[item_id] = BookFile(
            archive.find_name(resolve_reference(package.name, element.get("href"))),
            (element.get("media-type") or "").partition(";")[0].strip().lower(),
            tuple((element.get("properties") or "").split()),
            element.get("fallback"),
        )
    elif tag == "spine":
        package.toc_id = element.get("toc")
    elif tag == "itemref" and element.get("idref"):
        item_id = element.get("idref")
        repeated = _number_repeated(item_id, package.page_counts)
        is_linear = (element.get("linear") or "").strip().lower() != "no"
        package.spine.append(SpinePage(repeated if repeated in package.items else item_id, is_linear))
    elif tag == "meta" and element.get("name") == "cover":
        package.cover = element.get("content")
    elif tag == "reference" and element.get("type") and element.get("href"):
        target = archive.find_name(resolve_reference(package.name, element.get("href")))
        package.guide.setdefault(element.get("type").lower(), target)
        package.is_toc_within_page |= element.get("type").lower() == "toc" and "#" in element.get("href")


def _number_repeated(item_id: str, counts: Counter[str]) -> str:
    """The id, with its number where it was there before."""
    counts[item_id] += 1
    return item_id if counts[item_id] == 1 else f"{item_id}\0{counts[item_id]}"
