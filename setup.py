"""What pyproject.toml cannot say: the bundles of data/ that the wheel carries along."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BUNDLES = {"zdcsim": "zn-shower-vae", "pid": "pid-feature-set"}
"""The best of each package; found there by `detcore.zoo`."""


class WithBundles(build_py):
    """Also copies each bundle into its package; an editable installation finds those of data/."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        for package, bundle in BUNDLES.items():
            self.copy_tree(f"data/{bundle}", str(Path(self.build_lib, package, "bundles", bundle)))


setup(cmdclass={"build_py": WithBundles})
