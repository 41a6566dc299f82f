"""The Open Inference Protocol over gRPC, without its calls that change what is served."""

from typing import Never

from grpc_interceptor.exceptions import Unimplemented
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from matops.adapters.serving.limits import Limits


class FixedRepository(ModelRepositoryExtension):  # type: ignore[misc]
    """The one model of a server: KServe would let any client unload it."""

    async def load(self, model_name: str) -> Never:
        """Refuse.

        Raises:
            Unimplemented: always.
        """
        raise Unimplemented(f"{model_name}: the package that the server was started with is served")

    unload = load


def grpc_server(port: int, plane: DataPlane, limits: Limits) -> GRPCServer:
    """A server that is not started yet."""
    sizes = {
        "grpc_max_receive_message_length": limits.body_bytes,
        "grpc_max_send_message_length": limits.buffered_bytes,
    }
    repository = FixedRepository(plane.model_registry)
    return GRPCServer(port, plane, repository, sizes, round(limits.finish_seconds))
