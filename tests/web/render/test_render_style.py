"""The one style sheet: contrast of every pair of tokens that meets, and both dark modes alike."""

import re
from importlib.resources import files

import pytest

CSS = files("camphora.web").joinpath("static/camphora.css").read_text("utf-8")
TEXT = [
    *(("ink", ground) for ground in ("paper", "surface", "soft", "amber-soft", "red-soft")),
    *(("muted", ground) for ground in ("paper", "surface", "soft", "amber-soft", "red-soft")),
    *(("accent", ground) for ground in ("paper", "surface", "soft")),
    ("on-accent", "accent"),
    ("blue", "blue-soft"), ("amber", "amber-soft"), ("red", "red-soft"),
    *((colour, "surface") for colour in ("blue", "amber", "red", "violet")),
    *((f"on-step-{k}", f"step-{k}") for k in range(1, 6)),
]  # fmt: skip
SHAPES = [
    ("edge", "surface"),
    ("edge", "paper"),
    ("accent", "soft"),
    ("red", "surface"),
    ("step-5", "surface"),
]


def tokens(head: str) -> dict[str, str]:
    body = CSS[CSS.index(head) :]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", body[: body.index("}")]))


LIGHT = tokens(":root {")
PRINT = LIGHT | tokens("@media print {\n  :root {")
DARK = tokens(':root:not([data-theme="light"]) {')


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_stands_out(mode, text, ground) -> None:
    assert contrast(mode[text], mode[ground]) >= 4.5


@pytest.mark.parametrize("mode", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_stand_out(mode, shape, ground) -> None:
    assert contrast(mode[shape], mode[ground]) >= 3


def test_the_chosen_dark_is_the_dark_of_the_device() -> None:
    assert tokens(':root[data-theme="dark"] {') == DARK
    assert DARK.keys() == {name for name in LIGHT if not name.startswith("shade")}


def test_paper_is_never_dark() -> None:
    heads = re.findall(r"([^{}]*)\{\s*(?::root:not\(|:root\[data-theme)", CSS)
    assert [head.strip()[:13] for head in heads] == ["@media screen"] * 2


def test_steps_of_the_map_go_one_way() -> None:
    for mode, sign in ((LIGHT, -1), (DARK, 1)):
        shades = [sign * luminance(mode[f"step-{k}"]) for k in range(1, 6)]
        assert shades == sorted(shades)


def test_every_colour_is_a_token_outside_the_lists_of_tokens() -> None:
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", CSS)
    assert re.findall(r"#[0-9a-f]{3,8}\b", rules) == []
