"""Snapshots and submits a notebook of this Jupyter server, with progress while it lasts."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError

from valo_jupyter.client.client import Client
from valo_jupyter.domain.errors import Invalid, ValoError
from valo_jupyter.jupyter.addresses import Addresses
from valo_jupyter.jupyter.base import ValoHandler
from valo_jupyter.jupyter.paths import local_file
from valo_jupyter.submit.arguments import accepted, check_arguments, text_list

NDJSON = "application/x-ndjson"
#: Seconds between two lines of progress: smooth to the eye, nothing to the network.
EVERY = 0.1
_MAPPINGS = ("parameters", "inputs", "resources", "environment_variables", "secret_environment_variables")
_TEXTS = ("title", "environment", "image")
_LISTS = ("tags", "accept", "accept_findings", "name_secrets")


class RunHandler(ValoHandler):
    """`POST valo/run`"""

    @web.authenticated
    @authorized("execute")
    async def post(self) -> None:
        request = _checked(self.get_json_body())
        if NDJSON in self.request.headers.get("Accept", ""):
            await self._stream(request)
        else:
            self.finish(json.dumps(await self._submit(request, None)))

    async def _stream(self, request: dict[str, Any]) -> None:
        self.set_header("Content-Type", NDJSON)
        # a proxy in front of Jupyter is not to keep the lines back
        self.set_header("X-Accel-Buffering", "no")
        lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        task = asyncio.ensure_future(self._submit(request, reporter(asyncio.get_running_loop(), lines)))
        task.add_done_callback(lambda _: lines.put_nowait({}))
        try:
            while line := await lines.get():
                await self._line(line)
            await self._line(task.result())
        except ValoError as error:
            await self._line({"error": error.to_json()})
        except StreamClosedError:
            # the browser has gone; what was begun is finished, and the execution is in the list
            await asyncio.wait([task])
        except Exception:
            self.log.exception("A notebook could not be submitted")
            await self._line(
                {"error": ValoError("The Jupyter server failed to submit it; its log says why.").to_json()}
            )
        self.finish(set_content_type=NDJSON)

    async def _line(self, line: dict[str, Any]) -> None:
        self.write(json.dumps(line, default=str) + "\n")
        await self.flush()

    async def _submit(self, request: dict[str, Any], progress: Callable[[Any], None] | None) -> dict[str, Any]:
        file = local_file(self.contents_manager, request["path"])
        manager = self.kernel_spec_manager
        # a gateway's kernels are not on this machine, and asking for their specs is a request
        remote = inspect.iscoroutinefunction(getattr(manager, "get_kernel_spec", None))
        manager = manager if isinstance(manager, KernelSpecManager) and not remote else None
        client = await self.client()
        execution = await self.in_thread(_submit, client, file, request, manager, progress)
        execution = Addresses(client.url, url_path_join(self.base_url, "valo")).localized(execution)
        return {
            "execution": execution,
            "snapshot": {"commit": execution["commit"], "left_out": execution.get("left_out") or []},
        }


def _submit(
    client: Client, file: Path, request: dict[str, Any], manager: Any, progress: Callable[[Any], None] | None
) -> dict[str, Any]:
    from valo_jupyter.snapshots import Choice
    from valo_jupyter.submit import resolve_kernel, submit
    from valo_jupyter.submit.submission import read_notebook

    return submit(
        client,
        file,
        parameters=request["parameters"],
        inputs=request["inputs"],
        tags=request["tags"],
        title=request["title"],
        environment=request["environment"],
        image=request["image"],
        resources=request["resources"],
        environment_variables=request["environment_variables"],
        secret_environment_variables=request["secret_environment_variables"],
        time_limit=request["time_limit"],
        choice=Choice(
            include=request["include"],
            accept=request["accept"],
            name_secrets=tuple(request["name_secrets"]),
        ),
        accept_secrets="secrets" in request["accept"] or request["accept_findings"],
        kernel=resolve_kernel(read_notebook(file), manager=manager) if manager is not None else None,
        progress=progress,
    ).data


def reporter(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[dict[str, Any]]) -> Callable[[Any], None]:
    """What a snapshot is given to tell its progress to; it puts lines into the queue, some of them."""
    last = {"at": 0.0, "stage": ""}

    def report(progress: Any) -> None:
        # called from the thread that takes the snapshot
        now = time.monotonic()
        if progress.stage == last["stage"] and now - last["at"] < EVERY:
            return
        last.update(at=now, stage=progress.stage)
        line = {
            name: getattr(progress, name, None) for name in ("stage", "files", "bytes", "total_files", "total_bytes")
        }
        loop.call_soon_threadsafe(lines.put_nowait, {"progress": line})

    return report


def _checked(body: Any) -> dict[str, Any]:
    """The request with every key present, or `Invalid` for what is not understood."""
    if not isinstance(body, dict) or not isinstance(body.get("path"), str) or not body["path"]:
        raise Invalid('Say which notebook to run: {"path": "….ipynb"}.')
    request: dict[str, Any] = {
        "time_limit": None, "include": "folder", **dict.fromkeys(_TEXTS),
        **{name: {} for name in _MAPPINGS}, **{name: [] for name in _LISTS},
    }  # fmt: skip
    unknown = sorted(set(body) - set(request) - {"path"})
    if unknown:
        raise Invalid(f"A run does not take {', '.join(unknown)}; it takes path, {', '.join(sorted(request))}.")
    request.update({name: value for name, value in body.items() if value is not None})
    check_arguments(
        request["path"],
        mappings={name: request[name] for name in _MAPPINGS},
        texts={name: request[name] for name in _TEXTS},
        include=request["include"],
    )
    request.update({name: text_list(name, request[name]) for name in _LISTS}, accept=accepted(request["accept"]))
    return request
