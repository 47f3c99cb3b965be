"""Modules that share their name with a public function, and may be called as it.

``mrpverify.check``, ``mrpverify.claims`` and ``mrpverify.regime`` are modules, and Python puts them
into the package's namespace when they are imported, over the functions of these names.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that passes a call on to the function of its name in ``interactive``."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """What the function says."""
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module("mrpverify.interactive"), name)(*arguments, **options)
