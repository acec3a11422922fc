import sys
from pathlib import Path

from web.portal.conftest import filled, fresh, world  # noqa: F401 - the same household

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
