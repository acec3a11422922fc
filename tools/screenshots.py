"""Pictures of the main pages for the manual: `python tools/screenshots.py` writes docs/pictures/NAME.LANG[.phone].png.

A demo is opened in a process of its own and walked through in Chromium; names of pages may follow to redo only those.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import struct
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import serving

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
LANGUAGES = ("zh-TW", "en")
PHONE = (390, 844)
PERSON = "0000-1"
WATCH = "/systems/smart_epidemic_prevention"
Colour = tuple[int, ...]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]


@dataclass(frozen=True, slots=True)
class Shot:
    """A page, who opens it, and on which screens."""

    name: str
    path: str
    person: str = ""
    wide: bool = True
    phone: bool = False
    size: tuple[int, int] = (1200, 900)


SHOTS = (
    Shot("home", "/", phone=True),
    Shot("nurse-ratio", "/systems/nurse_ratio?month=2024-12", phone=True),
    Shot("hospital", "/systems/nurse_ratio/hospitals/0421040011"),
    Shot("population", "/open/population"),
    Shot("catalogue", "/systems?q=護"),
    Shot("my-record", "/me", "citizen", wide=False, phone=True),
    Shot("choices", "/me/choices", "citizen", phone=True),
    Shot("who-looked", "/me/looked", "citizen", phone=True),
    Shot("patient", f"/patients/{PERSON}", "clinician"),
    Shot("item", "{result}", "clinician"),
    Shot("ask", "/ask?view=condition&by=county", "analyst"),
    Shot("patterns", "/patterns"),
    Shot("signals", f"{WATCH}?week=2017-25", "officer"),
    Shot("signal", f"{WATCH}/signal/dengue_weekly-2015-27-67000-all", "officer", phone=True),
    Shot("bulletin", f"{WATCH}/bulletin?week=2019-06"),
    Shot("epidemic", f"{WATCH}/public?week=2017-25", phone=True),
    Shot("clusters", f"{WATCH}/dengue?day=2015-08-20"),
    Shot("room", f"{WATCH}/room?week=2017-25", "officer", size=(1920, 1080)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these pictures")
    wanted = parser.parse_args().names
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "kept", 1000, wait_for_all=True) as (host, port),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for path, picture in taken(browser, f"http://{host}:{port}", wanted):
            path.write_bytes(picture)
            print(f"{path.name} {len(picture) // 1000} KB", file=sys.stderr)
        browser.close()


def taken(browser: Browser, address: str, wanted: list[str]) -> Iterator[tuple[Path, bytes]]:
    """(file, PNG) of each shot in both languages; the clinician looks first, so that there is who looked."""
    people = ("", "clinician", "citizen", "analyst", "officer")
    pages = {person: signed_in(browser, address, person) for person in people}
    result, blank = first_result(pages["clinician"]), browser.new_page()
    for shot in (shot for shot in SHOTS if not wanted or shot.name in wanted):
        for lang in LANGUAGES:
            page = pages[shot.person]
            page.goto(f"/about/privacy?lang={lang}")
            for (width, height), mark in [(shot.size, "")] * shot.wide + [(PHONE, ".phone")] * shot.phone:
                page.set_viewport_size({"width": width, "height": height})
                made(page, shot.path.format(result=result))
                yield (
                    FOLDER / f"{shot.name}.{lang}{mark}.png",
                    small(page.screenshot(type="png", scale="css"), blank),
                )


def made(page: Page, path: str) -> None:
    """Open a page; of what is still being worked out, until it is there."""
    page.goto(path, wait_until="networkidle")
    while path.startswith(WATCH) and not page.locator(".figures").count():
        page.wait_for_timeout(2000)
        page.goto(path, wait_until="networkidle")


def signed_in(browser: Browser, address: str, person: str) -> Page:
    page = browser.new_context(base_url=address, locale="zh-TW").new_page()
    if person:
        page.goto("/sign-in/as")
        page.locator("li", has=page.locator(f"input[value={person}]")).get_by_role("button").click()
    return page


def first_result(page: Page) -> str:
    """The address of the patient's first result."""
    page.goto(f"/patients/{PERSON}")
    return page.locator("section[aria-labelledby=results-title] a").nth(1).get_attribute("href") or ""


PIXELS = """async source => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const held = pen.getImageData(0, 0, image.width, image.height).data;
    let text = '';
    for (let at = 0; at < held.length; at += 8192) text += String.fromCharCode(...held.subarray(at, at + 8192));
    return [image.width, image.height, btoa(text)];
}"""
"""Width, height and RGBA of a picture, read by the browser, which knows PNG."""


def small(picture: bytes, blank: Page) -> bytes:
    """The same picture as a PNG with a palette of at most 256 colours."""
    source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    width, height, text = blank.evaluate(PIXELS, source)
    held = base64.b64decode(text)
    pixels = list(zip(held[0::4], held[1::4], held[2::4], strict=True))
    palette, place = chosen(Counter(pixels))
    indices = bytes(place[pixel] for pixel in pixels)
    lines = b"".join(b"\0" + indices[row * width : (row + 1) * width] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    parts = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)


def chosen(counts: Counter[Colour]) -> tuple[list[Colour], dict[Colour, int]]:
    """The 256 most frequent colours, and for every colour the place of the nearest of them."""
    palette = [colour for colour, _ in counts.most_common(256)]
    place = {colour: number for number, colour in enumerate(palette)}
    for colour in counts.keys() - place.keys():
        distances = [sum((a - b) ** 2 for a, b in zip(colour, known, strict=True)) for known in palette]
        place[colour] = distances.index(min(distances))
    return palette, place


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    main()
