"""Rendering Jinja templates of scenarios and loads; errors are reported with file and line."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bisector.errors import ScenarioProblem

if TYPE_CHECKING:
    import jinja2

TEMPLATE = ".j2"  # the end of a template's name; other files are taken as they are


def rendered(folders: tuple[Path, ...], name: str, context: Mapping[str, object]) -> str:
    """The text of the template *name* in the first of *folders* that has it.

    Raises ScenarioProblem with the template's name and line.
    """
    import jinja2

    path = folders[0] / name
    try:
        environment = _environment(folders)
        if environment.loader and not name.endswith(TEMPLATE):
            return environment.loader.get_source(environment, name)[0]
        return environment.get_template(name).render(context)
    except jinja2.TemplateSyntaxError as error:
        place = f"{error.filename or path}:{error.lineno}"
        raise ScenarioProblem(place, error.message or "syntax error") from error
    except jinja2.TemplateNotFound as error:
        raise ScenarioProblem(f"{path}", f"no template '{error.name}'") from error
    except Exception as error:  # a template's expressions can raise anything
        raise ScenarioProblem(_line(error) or str(path), str(error)) from error


@functools.lru_cache(maxsize=8)  # an environment caches compiled templates
def _environment(folders: tuple[Path, ...]) -> jinja2.Environment:
    """Jinja's sandbox: templates cannot access Python's internals or modules, or change values.

    They may come from a stranger, and are rendered outside of bubblewrap.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _line(error: Exception) -> str:
    """FILE:LINE of the template in which *error* was raised, from the traceback; '' if unknown."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(".j2") or trace.tb_frame.f_globals.get("__jinja_template__") is not None:
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
