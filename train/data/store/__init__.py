"""The canonical store: clips of any datasets in one folder of memory-mapped arrays and a table.

``docs/store.md`` describes the folder byte by byte.
"""

from train.data.store.build import BuildReport, build_store
from train.data.store.store import Store
from train.data.store.table import BadClip, Table

__all__ = ["BadClip", "BuildReport", "Store", "Table", "build_store"]
