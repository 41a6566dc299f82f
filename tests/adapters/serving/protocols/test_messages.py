"""Our messages over gRPC beside KServe's own: the same bytes on the wire."""

from __future__ import annotations

from kserve.protocol.grpc import grpc_predict_v2_pb2 as kserve

from matops.adapters.serving.protocols.messages import Request, Response


def test_a_request_of_kserve_is_read() -> None:
    request = kserve.ModelInferRequest(model_name="m", model_version="v", id="seven")
    request.parameters["on_error"].string_param = "skip"
    tensor = request.inputs.add(name="instances", datatype="BYTES", shape=[2])
    tensor.contents.bytes_contents.extend([b"a", b"bc"])
    request.outputs.add(name="K")
    read = Request.FromString(request.SerializeToString())
    assert (read.model_name, read.model_version, read.id) == ("m", "v", "seven")
    assert [(e.key, e.value.text) for e in read.parameters] == [("on_error", "skip")]
    assert list(read.inputs[0].contents.bytes_contents) == [b"a", b"bc"]
    assert list(read.inputs[0].shape) == [2]
    assert [wanted.name for wanted in read.outputs] == ["K"]


def test_numbers_stay_as_they_came() -> None:
    request = kserve.ModelInferRequest(raw_input_contents=[b"raw"])
    request.inputs.add(datatype="INT64").contents.int64_contents.extend([1, 2, 3])
    read = Request.FromString(request.SerializeToString())
    assert read.SerializeToString() == request.SerializeToString()
    assert list(read.raw_input_contents) == [b"raw"]
    assert [field.name for field in read.inputs[0].contents.DESCRIPTOR.fields] == ["bytes_contents"]


def test_kserve_reads_a_response() -> None:
    response = Response(model_name="m", model_version="v", id="seven")
    response.parameters.add(key="unit").value.text = "GPa"
    for name, values in {
        "fp64_contents": [1.5, 2.5],
        "int64_contents": [3],
        "bool_contents": [True, False],
        "bytes_contents": [b"x"],
    }.items():
        output = response.outputs.add(name=name, datatype="T", shape=[len(values)])
        getattr(output.contents, name).extend(values)
    read = kserve.ModelInferResponse.FromString(response.SerializeToString())
    assert (read.model_name, read.model_version, read.id) == ("m", "v", "seven")
    assert read.parameters["unit"].string_param == "GPa"
    assert list(read.outputs[0].contents.fp64_contents) == [1.5, 2.5]
    assert list(read.outputs[1].contents.int64_contents) == [3]
    assert list(read.outputs[2].contents.bool_contents) == [True, False]
    assert list(read.outputs[3].contents.bytes_contents) == [b"x"]
    assert list(read.outputs[0].shape) == [2]
