"""BAML's package `baml_py`, served by bamlet. Every name here is one of `bamlet.baml_py`."""

from importlib import metadata as _metadata
from typing import TYPE_CHECKING, Any

from bamlet import baml_py as _served
from bamlet.baml_py import AbortController as AbortController
from bamlet.baml_py import Audio as Audio
from bamlet.baml_py import BamlRuntime as BamlRuntime
from bamlet.baml_py import ClientRegistry as ClientRegistry
from bamlet.baml_py import Collector as Collector
from bamlet.baml_py import FunctionLog as FunctionLog
from bamlet.baml_py import FunctionResult as FunctionResult
from bamlet.baml_py import FunctionResultStream as FunctionResultStream
from bamlet.baml_py import HTTPRequest as HTTPRequest
from bamlet.baml_py import Image as Image
from bamlet.baml_py import LLMCall as LLMCall
from bamlet.baml_py import Pdf as Pdf
from bamlet.baml_py import Timing as Timing
from bamlet.baml_py import Usage as Usage
from bamlet.baml_py import Video as Video
from bamlet.baml_py import invoke_runtime_cli as invoke_runtime_cli

if TYPE_CHECKING:
    # Asked for by `__getattr__`: they need more than an import should bring.
    from bamlet.baml_py import BamlAbortError as BamlAbortError
    from bamlet.baml_py import BamlClientError as BamlClientError
    from bamlet.baml_py import BamlClientFinishReasonError as BamlClientFinishReasonError
    from bamlet.baml_py import BamlClientHttpError as BamlClientHttpError
    from bamlet.baml_py import BamlError as BamlError
    from bamlet.baml_py import BamlInvalidArgumentError as BamlInvalidArgumentError
    from bamlet.baml_py import BamlStream as BamlStream
    from bamlet.baml_py import BamlSyncStream as BamlSyncStream
    from bamlet.baml_py import BamlTimeoutError as BamlTimeoutError
    from bamlet.baml_py import BamlValidationError as BamlValidationError
    from bamlet.baml_py import HTTPBody as HTTPBody
    from bamlet.baml_py import HTTPResponse as HTTPResponse
    from bamlet.baml_py import LLMStreamCall as LLMStreamCall
    from bamlet.baml_py import SSEResponse as SSEResponse
    from bamlet.baml_py import StreamTiming as StreamTiming


def _refuse_both() -> None:
    """Two packages that write one folder: nobody can tell which of their files are there."""
    try:
        version = _metadata.version("baml-py")
    except _metadata.PackageNotFoundError:
        return
    raise ImportError(
        f"baml-py {version} and bamlet-baml-py are both installed, and both write the folder baml_py.\n"
        "Have one of them: pip uninstall baml-py bamlet-baml-py, and then install the one that you want."
    )


_refuse_both()


def __getattr__(name: str) -> Any:
    return getattr(_served, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_served)})
