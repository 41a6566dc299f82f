"""The protocols of requests and answers: V1, and V2 as JSON, with binary tensors and over gRPC.

Bytes come in and bytes go out where the model is computed, so that the process which listens, and
answers probes, reads nothing that a client wrote.
"""
