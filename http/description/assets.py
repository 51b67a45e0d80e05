"""The files of the readable page: ours, and those of Swagger UI from the package openapi-ui-bundles."""

from pathlib import Path

from openapi_ui_bundles import swagger_ui

_OURS = Path(__file__).parent / "page"
_THEIRS = Path(swagger_ui.static_path)

INDEX = _OURS / "index.html"

FILES: dict[str, Path] = {
    "docs.css": _OURS / "docs.css",
    "docs.js": _OURS / "docs.js",
    "swagger-ui.css": _THEIRS / "swagger-ui.css",
    "swagger-ui-bundle.js": _THEIRS / "swagger-ui-bundle.js",
}
"""By the name under which each is served, below `/docs/`."""
