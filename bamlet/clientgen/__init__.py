"""A program's interface to client code in other languages: data in, texts of files out."""

from .document_files import openapi_files as openapi_files
from .go import go_package as go_package
from .package import Made as Made
from .package import python_package as python_package
from .package import stub_package as stub_package
from .ruby import ruby_package as ruby_package
from .rust import rust_package as rust_package
from .targets import Nothing as Nothing
from .targets import Target as Target
from .targets import targets as targets
from .typescript import typescript_package as typescript_package
