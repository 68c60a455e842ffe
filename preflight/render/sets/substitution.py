"""Parameters put into what a set says: by Go templates, or by fasttemplate's `{{name}}`.

Source: Argo CD 3.5, applicationset/utils/utils.go.
"""

import re
from dataclasses import dataclass
from typing import Any

from preflight.render.gotemplate.evaluate import render
from preflight.render.gotemplate.values import NotKnownError, TemplateError
from preflight.render.sets.errors import SetError, SetUnknownError

Params = dict[str, Any]
TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
TEMPLATED = re.compile(r"\{\{.*\}\}")
MISSING = "map has no entry for key"


@dataclass(frozen=True)
class Language:
    """How a set's templates are read.

    go: whether they are Go templates; options: those given to them, `missingkey=error`
    """

    go: bool
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "Language":
        """That of a set's spec."""
        return cls(bool(spec.get("goTemplate")), tuple(map(str, spec.get("goTemplateOptions") or [])))

    @property
    def strict(self) -> bool:
        """Whether a missing key is an error. The last option counts."""
        keys = [option for option in self.options if option.startswith("missingkey=")]
        return bool(keys) and keys[-1] == "missingkey=error"

    def text(self, written: str, params: Params) -> str:
        """A text with the parameters in it. Raises SetError and SetUnknownError."""
        if not self.go:
            return _fast(written, params)
        if "{{" not in written:
            return written
        try:
            return render(written, params, missing_is_error=self.strict)
        except TemplateError as error:
            raise SetError(f"{_short(written)}: {error}") from error
        except NotKnownError as error:
            raise SetUnknownError(f"{_short(written)}: {error}") from error

    def deep(self, value: Any, params: Params) -> Any:
        """Every text in a value, keys too, with the parameters in it."""
        if isinstance(value, dict):
            return {
                self.text(str(key), params): self.deep(each, params)
                for key, each in value.items()
                if each is not None
            }
        if isinstance(value, list):
            return [self.deep(each, params) for each in value]
        return self.text(value, params) if isinstance(value, str) else value

    def values(self, written: Any, params: Params) -> None:
        """A generator's `values`, which may speak of its other parameters, added to these."""
        made = {str(key): self.text(str(value), params) for key, value in (written or {}).items()}
        if made and self.go:
            params["values"] = made
        params.update({} if self.go else {f"values.{key}": value for key, value in made.items()})


def _fast(written: str, params: Params) -> str:
    """A tag that names no text stays as it is."""
    if not TEMPLATED.search(written):
        return written

    def value(match: re.Match[str]) -> str:
        found = params.get(match[1].strip())
        return found if isinstance(found, str) and match[1].strip() else match[0]

    return TAG.sub(value, written)


def _short(written: str) -> str:
    text = " ".join(written.split())
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004
