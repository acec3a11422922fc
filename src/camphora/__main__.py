"""`python -m camphora`."""

import sys

from camphora.cli import main

sys.exit(main())
