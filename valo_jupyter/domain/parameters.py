"""The parameters and inputs that a notebook declares, read from its syntax tree and never by running it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

from valo_jupyter.domain.cells import CodeCell, code_cells, language, parse, without_magics
from valo_jupyter.domain.interface import Input, NotebookInterface, Parameter, Type, check_values, type_of
from valo_jupyter.domain.literals import NotLiteral, evaluate
from valo_jupyter.domain.prepare import PrepareReader

__all__ = ["Input", "NotebookInterface", "Parameter", "Type", "check_values", "notebook_parameters"]

_ANNOTATIONS = {
    "str": Type.STRING,
    "int": Type.INTEGER,
    "float": Type.FLOAT,
    "bool": Type.FLAG,
    "list": Type.JSON,
    "dict": Type.JSON,
}
_OPTIONAL = re.compile(r"^(?:typing\.)?Optional\[(.*)\]$|^(.*?)\s*\|\s*None$|^None\s*\|\s*(.*)$")
#: Papermill's comment hint: `# type: int what it is`.
_COMMENT = re.compile(r"^#\s*(?:type:\s*(?P<type>\S+)\s*)?(?P<help>.*)$")


def notebook_parameters(nb: dict[str, Any]) -> NotebookInterface:
    """
    Parameters and inputs of an nbformat 4 notebook.

    Read are the first cell tagged `parameters` (as Papermill takes it), `valohai.prepare(…)` wherever it is called, and
    the older cells tagged `inputs`. What cannot be known without running the code is reported in `problems`.
    """
    if language(nb) not in {"python", "ipython", "python3"}:
        problem = f"The parameters of a notebook in {language(nb)} are not read: any name and value is passed on."
        return NotebookInterface(problems=(problem,), complete=False)
    reader = _Reader()
    for cell in code_cells(nb):
        reader.read(cell)
    return reader.interface()


class _Reader:
    """Goes through the cells in order, keeping the values of names that are plainly assigned."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.parameters: dict[str, Parameter] = {}
        self.inputs: dict[str, Input] = {}
        self.problems: list[str] = []
        self.prepare = PrepareReader(self.names, self.problems)
        self.complete = True
        self._parameters_cell_seen = False

    def read(self, cell: CodeCell) -> None:
        is_parameters = "parameters" in cell.tags and not self._parameters_cell_seen
        self._parameters_cell_seen |= is_parameters
        try:
            module = parse(cell.source)
        except SyntaxError as error:
            if is_parameters or "inputs" in cell.tags or "prepare" in cell.source:
                where = f" (line {error.lineno})" if error.lineno else ""
                self.problems.append(
                    f"Cell {cell.number} is not valid Python{where}: {error.msg}. Its parameters are not known."
                )
                self.complete = False
            return
        comments = _comments(cell.source) if is_parameters else {}
        for statement in module.body:
            self.prepare.visit(statement)
            for name, node, annotation in _assignments(statement):
                self._assign(name, node)
                if node is not None and is_parameters:
                    self._parameter(cell, name, node, annotation, comments.get(_last_line(statement), ""))
                elif node is not None and "inputs" in cell.tags:
                    self._input(cell, name)
            if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)):
                self._forget_assigned_within(statement)

    def interface(self) -> NotebookInterface:
        # a name in both: the cell is what the notebook's code reads, and prepare usually repeats it
        parameters = {**self.prepare.parameters, **self.parameters}
        return NotebookInterface(
            parameters=tuple(parameters.values()),
            inputs=tuple({**self.prepare.inputs, **self.inputs}.values()),
            problems=tuple(self.problems),
            step=self.prepare.step,
            image=self.prepare.image,
            environment=self.prepare.environment,
            complete=self.complete and self.prepare.complete,
        )

    def _assign(self, name: str, node: ast.expr | None) -> None:
        try:
            if node is not None:
                self.names[name] = evaluate(node, self.names)
        except NotLiteral:
            self.names.pop(name, None)

    def _forget_assigned_within(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
                self.names.pop(node.id, None)

    def _parameter(self, cell: CodeCell, name: str, node: ast.expr, annotation: ast.expr | None, comment: str) -> None:
        computed = name not in self.names
        default = self.names.get(name)
        hint = _COMMENT.match(comment)
        written = ast.unparse(annotation) if annotation is not None else (hint and hint["type"]) or ""
        declared, optional = _declared(written.strip("'\""))
        if computed:
            self.problems.append(
                f"Parameter `{name}` (cell {cell.number}) is computed: "
                "its default is known only when the notebook runs."
            )
            if declared is None and isinstance(node, ast.JoinedStr):
                declared = Type.STRING
        self.parameters[name] = Parameter(
            name=name,
            type=declared or type_of(default),
            default=default,
            optional=optional or (default is None and not computed),
            computed=computed,
            help=hint["help"].strip() if hint else "",
        )

    def _input(self, cell: CodeCell, name: str) -> None:
        value = self.names.get(name)
        addresses = [value] if isinstance(value, str) else value
        if isinstance(addresses, list) and all(isinstance(address, str) for address in addresses):
            self.inputs[name] = Input(name, tuple(addresses))
        else:
            self.inputs[name] = Input(name)
            self.problems.append(
                f"Input `{name}` (cell {cell.number}) is not an address or a list of addresses that can be read "
                "without running the notebook."
            )


def _assignments(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """`(name, value, annotation)` for each name that a plain assignment sets; the value is None when it has none."""
    if isinstance(statement, ast.AnnAssign):
        if isinstance(statement.target, ast.Name) and statement.value is not None:
            yield statement.target.id, statement.value, statement.annotation
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value, None
            elif isinstance(target, (ast.Tuple, ast.List)):
                yield from _unpacked(target.elts, statement.value)


def _unpacked(targets: list[ast.expr], value: ast.expr) -> Iterator[tuple[str, ast.expr | None, None]]:
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    if len(names) != len(targets):
        return
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(names):
        yield from ((name, element, None) for name, element in zip(names, value.elts, strict=True))
    else:
        computed = ast.Call(ast.Name("next", ast.Load()), [value], [])
        yield from ((name, computed, None) for name in names)


def _declared(annotation: str) -> tuple[Type | None, bool]:
    """The type and whether None is allowed, from an annotation's text."""
    optional = _OPTIONAL.match(annotation)
    if optional:
        annotation = next(group for group in optional.groups() if group is not None)
    base = annotation.split("[", 1)[0].strip().removeprefix("typing.").lower()
    return _ANNOTATIONS.get(base), optional is not None


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line, by line number."""
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(without_magics(source)).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
                found[token.start[0]] = token.string
    except (tokenize.TokenError, SyntaxError):
        pass  # comments are only hints
    return found


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno
