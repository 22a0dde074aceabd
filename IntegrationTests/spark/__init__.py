"""The Spark application beside the server: the same log through both, the same tables."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "spark"))
