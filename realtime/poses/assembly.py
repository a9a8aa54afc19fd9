"""A pose landmarker bundle out of the two bare networks a registry package carries.

MediaPipe's task API takes a ``.task`` file: an uncompressed zip of a person detector and a landmark
network, each saying in its TFLite metadata how pictures are normalised. The packaged detector says
so already; the packaged landmark network does not, so that is added here.
"""

import io
import zipfile
from typing import Any, Final

from realtime.poses.native import load

DETECTOR: Final = "pose_detector.tflite"
LANDMARKER: Final = "pose_landmarks_detector.tflite"

_SCHEMAS: Final = "mediapipe.tasks.metadata"
_ALIGNMENT: Final = 16  # bytes, the largest that TFLite asks of anything inside a model
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold


def assemble(detector: bytes, landmarker: bytes) -> bytes:
    """Make a bundle. The same networks give the same bytes, on any machine at any time.

    Args:
        detector: TFLite person detector, with metadata.
        landmarker: TFLite landmark network, without metadata; takes pictures scaled to 0..1.

    Raises:
        InputError: MediaPipe, whose schemas are used, cannot be loaded.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        for name, model in (
            (DETECTOR, detector),
            (LANDMARKER, with_normalization(landmarker, mean=0.0, std=255.0)),
        ):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, model)
    return archive.getvalue()


def with_normalization(model: bytes, mean: float, std: float) -> bytes:
    """Add metadata that says a picture is fed as (value - mean) / std.

    The model itself is kept byte for byte, as the tail of the result; a new root in front of it
    points into it and adds one buffer. (Unpacking and repacking the whole model would depend on
    the version of the flatbuffers library.)

    Args:
        model: a TFLite model without metadata.
        mean: of pixel values, 0..255.
        std: likewise.

    Raises:
        InputError: MediaPipe, whose schemas are used, cannot be loaded.
    """
    schema = load(f"{_SCHEMAS}.schema_py_generated")
    builder = load("flatbuffers").Builder(len(model) + 4096)
    tail = model + bytes(-len(model) % _ALIGNMENT)
    builder.CreateByteVector(tail)
    old = schema.Model.GetRootAs(tail, 0)
    table = old._tab

    def follow(position: int) -> int:
        """What an offset in the old model points to, counted from the end as the builder does."""
        return len(tail) - int(table.Indirect(position))

    def field(slot: int) -> int:
        """The same for a field of the old root; 0 where it is absent."""
        offset = int(table.Offset(4 + 2 * slot))
        return follow(table.Pos + offset) if offset else 0

    def elements(slot: int) -> list[int]:
        """The same for all tables in a vector of the old root."""
        offset = int(table.Offset(4 + 2 * slot))
        if not offset:
            return []
        start = int(table.Vector(offset))
        return [follow(start + 4 * index) for index in range(table.VectorLen(offset))]

    def vector(offsets: list[int]) -> int:
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    operator_codes, subgraphs, description, buffers, metadata_buffer, metadata, signatures = range(
        1, 8
    )
    builder.Prep(_ALIGNMENT, 0)
    content = builder.CreateByteVector(_normalization_metadata(mean, std))
    schema.BufferStart(builder)
    schema.BufferAddData(builder, content)
    added_buffer = schema.BufferEnd(builder)
    name = builder.CreateString("TFLITE_METADATA")
    schema.MetadataStart(builder)
    schema.MetadataAddName(builder, name)
    schema.MetadataAddBuffer(builder, old.BuffersLength())
    added_metadata = schema.MetadataEnd(builder)
    all_buffers = vector([*elements(buffers), added_buffer])
    all_metadata = vector([*elements(metadata), added_metadata])

    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, old.Version())
    schema.ModelAddOperatorCodes(builder, field(operator_codes))
    schema.ModelAddSubgraphs(builder, field(subgraphs))
    schema.ModelAddDescription(builder, field(description))
    schema.ModelAddBuffers(builder, all_buffers)
    schema.ModelAddMetadataBuffer(builder, field(metadata_buffer))
    schema.ModelAddMetadata(builder, all_metadata)
    schema.ModelAddSignatureDefs(builder, field(signatures))
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _normalization_metadata(mean: float, std: float) -> bytes:
    """The least metadata MediaPipe accepts: how the one input is normalised."""
    words: Any = load(f"{_SCHEMAS}.metadata_schema_py_generated")
    options = words.NormalizationOptionsT()
    options.mean, options.std = [mean], [std]
    unit = words.ProcessUnitT()
    unit.optionsType = words.ProcessUnitOptions.NormalizationOptions
    unit.options = options
    tensor = words.TensorMetadataT()
    tensor.name = "image"
    tensor.processUnits = [unit]
    graph = words.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    model = words.ModelMetadataT()
    model.subgraphMetadata = [graph]
    builder = load("flatbuffers").Builder(256)
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())
