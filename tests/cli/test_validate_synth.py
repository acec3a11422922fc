"""The tool that validates the synthetic whole says on stderr how far it is; stdout holds its one line alone."""

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "validate_synth.py"


def test_the_progress_ends_with_everybody_and_goes_to_stderr(capsys):
    spec = importlib.util.spec_from_file_location("validate_synth", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    progress = tool.Progress(1_003)
    progress.add(1_000)
    assert capsys.readouterr() == ("", "")
    progress.add(3)
    assert capsys.readouterr() == ("", "1,003 / 1,003 people, about 0 s left\n")
