"""The environment, read once: the only module that looks at it."""

from functools import cache
from os import cpu_count
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one process; each is an environment variable with the prefix ``MATOPS_``."""

    model_config = SettingsConfigDict(env_prefix="MATOPS_", frozen=True)

    workspace: Path = Field(Path(), description="directory with data, models and runs")
    remote: str | None = Field(None, description="DVC URL for the data; a directory by default")
    workers: int = Field(cpu_count() or 1, ge=1, description="processes for simulations")
    commit: str = Field("", description="code commit for model cards, where there is no git")
    project: Path = Field(Path(), description="checkout that has the pipelines' definitions")

    @property
    def cache(self) -> Path:
        """Directory of what can be computed again."""
        return self.workspace / ".matops" / "cache"

    @property
    def campaigns(self) -> Path:
        """Directory of finished simulations."""
        return self.workspace / ".matops" / "campaigns"

    @property
    def models(self) -> Path:
        """Directory of released packages."""
        return self.workspace / "models"

    @property
    def runs(self) -> Path:
        """Directory of pipeline runs."""
        return self.workspace / "runs"


@cache
def read_settings() -> Settings:
    """The settings of this process."""
    return Settings()
