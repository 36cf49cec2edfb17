"""The errors under BAML's module name; they are bamlet's own classes, and there is no second hierarchy."""

from ..embed.errors import BamlAbortError as BamlAbortError
from ..embed.errors import BamlClientConnectionError as BamlClientConnectionError
from ..embed.errors import BamlClientError as BamlClientError
from ..embed.errors import BamlClientFinishReasonError as BamlClientFinishReasonError
from ..embed.errors import BamlClientHttpError as BamlClientHttpError
from ..embed.errors import BamlError as BamlError
from ..embed.errors import BamlInvalidArgumentError as BamlInvalidArgumentError
from ..embed.errors import BamlTimeoutError as BamlTimeoutError
from ..embed.errors import BamlValidationError as BamlValidationError
