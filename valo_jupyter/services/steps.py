"""What an execution will run: a notebook of the commit, or a step of its valohai.yaml."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from valo_jupyter.domain.errors import InputUnavailable, Invalid, NotFound, UnknownParameter, WrongParameterType
from valo_jupyter.domain.interface import check_values
from valo_jupyter.domain.parameters import notebook_parameters
from valo_jupyter.runtime.left_out import rule_for
from valo_jupyter.services.asking import of_step


@dataclass(frozen=True)
class Plan:
    """Everything that comes from the code, with the request's values merged in."""

    step: str
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    notebook_path: str | None = None
    #: the parameters that Papermill injects: those given, for a notebook with a `parameters` cell
    inject: dict[str, Any] = field(default_factory=dict)
    commands: list[str] | None = None
    image: str | None = None
    environment: str | None = None
    environment_variables: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    upload_store: str | None = None
    autorestart: bool | None = None
    time_limit: float | None = None
    no_output_timeout: float | None = None


def plan_notebook(path: str, content: bytes | None, parameters: dict[str, Any], inputs: dict[str, list[str]]) -> Plan:
    """The plan for a notebook.

    Raises
    ------
    NotFound, Invalid, UnknownParameter, WrongParameterType
    """
    if content is None:
        raise NotFound(f"The commit has no notebook {path!r}.")
    try:
        notebook = json.loads(content)
        if not isinstance(notebook, dict) or "cells" not in notebook:
            raise ValueError("it has no cells")
    except ValueError as error:
        raise Invalid(f"{path} is no notebook that can be read: {error}.") from error
    interface = notebook_parameters(notebook)
    given = check_values(interface, parameters)
    in_cell = {parameter.name for parameter in interface.parameters if parameter.source == "cell"}
    prepared = {parameter.name for parameter in interface.parameters} - in_cell
    _check_inputs([entry.name for entry in interface.inputs], inputs)
    merged_inputs = {**interface.default_inputs(), **inputs}
    return Plan(
        step=interface.step or PurePosixPath(path).stem,
        notebook_path=path,
        parameters={**interface.defaults(), **given},
        inject={name: value for name, value in given.items() if name not in prepared},
        inputs=[_input(name, uris) for name, uris in merged_inputs.items()],
        image=interface.image,
    )


def plan_step(
    yaml_path: str, content: bytes | None, name: str, parameters: dict[str, Any], inputs: dict[str, list[str]]
) -> Plan:
    """The plan for a step of a valohai.yaml."""
    config = read_config(yaml_path, content)
    step = config.steps.get(name)
    if step is None:
        known = ", ".join(config.steps) or "none"
        raise NotFound(f"{yaml_path} has no step {name!r}. It has: {known}.")
    values = _step_parameters(step, parameters)
    _check_inputs(list(step.inputs), inputs)
    unknown = [key for key in inputs if key not in step.inputs]
    merged: list[dict[str, Any]] = []
    for key, entry in step.inputs.items():
        uris = inputs[key] if key in inputs else _listed(entry.default)
        if uris:
            merged.append(
                _input(
                    key,
                    uris,
                    keep_directories=entry.keep_directories.value,
                    filename=entry.filename,
                    download=entry.download.value,
                )
            )
        elif not entry.optional and key not in inputs:
            raise Invalid(f"Step {name!r} needs the input {key!r}: give it an address.")
    merged.extend(_input(key, inputs[key]) for key in unknown)
    return Plan(
        step=name,
        parameters=values,
        inputs=merged,
        commands=[str(command) for command in step.build_command(values)],
        image=step.image,
        environment=step.environment,
        environment_variables={
            key: str(variable.default)
            for key, variable in step.environment_variables.items()
            if variable.default is not None
        },
        resources=of_step(step.resources),
        upload_store=step.upload_store,
        autorestart=step.autorestart,
        time_limit=step.time_limit.total_seconds() if step.time_limit else None,
        no_output_timeout=step.no_output_timeout.total_seconds() if step.no_output_timeout else None,
    )


def read_config(yaml_path: str, content: bytes | None) -> Any:
    """The parsed valohai.yaml (`valohai_yaml.objs.Config`)."""
    if content is None:
        raise NotFound(f"The commit has no {yaml_path}; add one, or submit a notebook.")
    # imported on first use: a server of notebooks alone never needs it
    import valohai_yaml
    import yaml

    try:
        return valohai_yaml.parse(content.decode("utf-8"))
    except valohai_yaml.ValidationErrors as error:
        problems = "; ".join(str(getattr(problem, "message", problem)) for problem in error.errors)
        raise Invalid(f"{yaml_path} is not valid: {problems}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"{yaml_path} cannot be read: {error}") from error


def _check_inputs(declared: list[str], given: dict[str, list[str]]) -> None:
    """An input that is not declared is allowed; one that looks like a misspelt declared one is not."""
    for name in given:
        near = [] if name in declared else difflib.get_close_matches(name, declared, n=1)
        if near and near[0] not in given:
            raise Invalid(f"There is no input {name!r}. Did you mean {near[0]!r}? It has: {', '.join(declared)}.")


def check_left_out(inputs: list[dict[str, Any]], left_out: Iterable[Mapping[str, Any]]) -> None:
    """Refuse an input whose file is on the user's side, but not in the snapshot."""
    entries = list(left_out)
    for entry in inputs:
        for uri in entry["uris"]:
            why = None if "://" in uri else rule_for(uri, entries)
            if why is not None:
                raise InputUnavailable(
                    f"Input {entry['name']!r}: {why}. Take it out of that rule, or give its http(s) address."
                )


def _step_parameters(step: Any, given: dict[str, Any]) -> dict[str, Any]:
    from valohai_yaml.excs import ValidationError, ValidationErrors

    values = dict(step.get_parameter_defaults(include_flags=True))
    for name, value in given.items():
        parameter = step.parameters.get(name)
        if parameter is None:
            known = ", ".join(step.parameters) or "none"
            raise UnknownParameter(f"Step {step.name!r} has no parameter {name!r}. It has: {known}.")
        if value is None and parameter.optional:
            values.pop(name, None)
            continue
        try:
            values[name] = parameter.validate(value)
        except (ValidationErrors, ValidationError) as error:
            raise WrongParameterType(f"Parameter {name!r} of step {step.name!r}: {error}") from error
    missing = [key for key, entry in step.parameters.items() if not entry.optional and values.get(key) is None]
    missing = [key for key in missing if step.parameters[key].type != "flag"]
    if missing:
        raise Invalid(f"Step {step.name!r} needs a value for: {', '.join(missing)}.")
    return {name: value for name, value in values.items() if value is not None}


def _input(
    name: str,
    uris: list[str],
    *,
    keep_directories: str = "none",
    filename: str | None = None,
    download: str = "always",
) -> dict[str, Any]:
    if not name or Path(name).name != name or name in (".", ".."):
        raise Invalid(f"{name!r} cannot be an input's name: it becomes a folder.")
    return {
        "name": name,
        "uris": uris,
        "keep_directories": keep_directories,
        "filename": filename,
        "download": download,
    }


def _listed(value: Any) -> list[str]:
    if not value:
        return []
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]
