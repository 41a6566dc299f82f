"""What pyproject.toml can't say: a wheel brings pipelines and components along."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("pipelines", "components")


class BuildWithPipelines(build_py):
    """Puts them into ``matops/shipped``, from where ``matops run`` compiles them.

    A checkout has them at its top.
    """

    def run(self) -> None:
        """Build, and copy."""
        super().run()
        if self.editable_mode:
            return
        for name in SHIPPED:
            target = Path(self.build_lib, "matops", "shipped", name)
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for module in Path(__file__).parent.joinpath(name).glob("*.py"):
                shutil.copy(module, target)


setup(cmdclass={"build_py": BuildWithPipelines})
