"""A way to a cluster that ends with its process, at a request that was chosen."""

from __future__ import annotations

from typing import Any

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects


class KilledError(BaseException):
    """The process ends here."""


class Mortal(KubernetesObjects):
    """Ends the process before or after its nth request."""

    left = 0

    def ask(self, *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KilledError
        answer = super().ask(*arguments)
        if self.left == 0:
            raise KilledError
        return answer
