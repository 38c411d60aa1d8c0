"""An engine whose machines a provider gives and takes back: a batch system, a cluster of containers, a cloud."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Collection
from typing import Any

from distributed.deploy.spec import ProcessInterface

from valo_jupyter.domain.lease import FENCE_PATIENCE_SECONDS, FENCE_SECONDS
from valo_jupyter.domain.state import StateFolder
from valo_jupyter.domain.waiting import set_within
from valo_jupyter.engines.claims import Claim
from valo_jupyter.engines.elsewhere import ElsewhereEngine
from valo_jupyter.engines.provider import Provider, Refused, Sight

log = logging.getLogger(__name__)

#: after so long without the engine, or without the server, a machine has ended itself and all it ran
FENCED_SECONDS = FENCE_SECONDS + FENCE_PATIENCE_SECONDS + 2.0
#: a provider may show a new machine only a while after it has given it
_SHOWN_SECONDS = 30.0
#: how long a machine may wait before that is worth a word
_WORTH_A_WORD_SECONDS = 4.0
_EXPLAIN_SECONDS = 3.0
_CLOSE_SECONDS = 60.0


class ProviderEngine(ElsewhereEngine):
    """Machines of a `Provider`. Subclasses open it."""

    #: seconds from when a machine runs until it has arrived, which may have to install the runtime first
    start_seconds = 300.0

    def __init__(self, *, slug: str, state: StateFolder, options: dict[str, Any]) -> None:
        super().__init__(slug=slug, state=state, options=options)
        self.claim = Claim(state)
        #: machines that were asked for and have not ended: when
        self._given: dict[str, float] = {}
        self._never_given: set[str] = set()
        self._runs_since: dict[str, float] = {}
        self._words: dict[str, str] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}
        #: machines that have fenced themselves while the provider did not confirm their end
        self._owed: set[str] = set()
        self._look_now = asyncio.Event()
        self._started = time.monotonic()
        self._leaving = False
        self._reaping: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def open_provider(self) -> Provider:
        raise NotImplementedError

    # life

    async def start(self) -> None:
        self.provider = self.open_provider()
        await super().start()
        self._started = time.monotonic()
        self._reaping = asyncio.get_running_loop().create_task(self._reap())
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        if not hasattr(self, "provider"):
            return
        self._leaving = True
        for task in (self._reaping, self._watching):
            # there is none when the start has failed
            if task is not None:
                task.cancel()
        await super().close()
        ended = await asyncio.gather(
            *(asyncio.wait_for(self._ended(name), _CLOSE_SECONDS) for name in list(self._given)),
            return_exceptions=True,
        )
        for problem in ended:
            if isinstance(problem, Exception):
                log.warning("a machine's end was not confirmed: %s", problem or "no answer")
        await self.provider.close()
        if not self._given and not self._owed:
            self.claim.release()

    # what Dask asks

    def machine_spec(self) -> dict[str, Any]:
        return {"cls": _Machine, "options": {"engine": self}}

    def new_name(self) -> str:
        return self.claim.new_name()

    def give(self, name: str) -> None:
        """Ask the provider for a machine, in the background."""
        self._given[name] = time.monotonic()
        self._spawn(self._give(name))

    async def _give(self, name: str) -> None:
        try:
            await self.make_key(name)
            if name in self._endings:
                # it is taken back before it was asked for
                self._never_given.add(name)
                return
            if name not in self._given:
                self.keys.pop(name)
                return
            await self.provider.give(name, self.configuration(name))
        except Refused as refused:
            if not refused.unclear:
                self._never_given.add(name)
            self.gone(name, str(refused))
        except Exception as error:
            log.exception("machine %s could not be asked for", name)
            self.gone(name, f"it could not be asked for: {error!r}")
        else:
            if self._slots.get(name) is None:
                self.take_back(name)
        self._look_now.set()

    def take_back(self, name: str) -> None:
        """Have a machine ended, in the background."""
        self._ended(name)

    # ends

    async def end(self, name: str, execution_id: str | None) -> None:
        if name:
            await self._ended(name)
        elif self._reaping is not None:
            # an execution of an engine before this one: all of its machines are being ended
            await asyncio.wait({self._reaping}, timeout=max(0.0, self._started + FENCED_SECONDS - time.monotonic()))

    def _ended(self, name: str) -> Awaitable[None]:
        """Done when nothing runs on the machine any more, whoever asked first."""
        task = self._endings.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._end(name))
            self._endings[name] = task
            task.add_done_callback(lambda _: self._endings.pop(name, None))
        return asyncio.shield(task)

    async def _end(self, name: str) -> None:
        began, pause, asked = time.monotonic(), 0.1, False
        while time.monotonic() - began < FENCED_SECONDS:
            try:
                if not asked:
                    await self.provider.take_back(name)
                    asked = True
                if name in self._never_given or self._certain(await self._sight(name)):
                    self._over_and_done(name)
                    return
            except Refused as refused:
                log.warning("machine %s could not be taken back yet: %s", name, refused)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 3.0)
        # nobody has seen it end, but by now it has ended itself
        self._over_and_done(name)
        self._owed.add(name)
        self._look_now.set()

    async def _sight(self, name: str) -> Sight | None:
        return (await self.provider.look([name])).get(name)

    def _certain(self, sight: Sight | None) -> bool:
        """Whether nothing of a machine runs any more."""
        if sight is None:
            return self.provider.forgets_only_ended
        return sight.state == "ended" and sight.confirmed

    def silent_since(self, name: str) -> float | None:
        """Since when the machine cannot have heard of anybody, as far as that is known."""
        return None

    def has_ended(self, name: str) -> None:
        """Nothing of the machine runs any more; for subclasses."""

    def _over_and_done(self, name: str) -> None:
        self._never_given.discard(name)
        for known in (self._given, self._runs_since, self._words, self.keys):
            known.pop(name, None)
        self.has_ended(name)
        self.gone(name, "it was ended")

    # what the provider says

    def departed(self, address: str) -> None:
        super().departed(address)
        self._look_now.set()

    async def explain(self, name: str) -> str | None:  # type: ignore[override]
        deadline = time.monotonic() + _EXPLAIN_SECONDS
        while time.monotonic() < deadline:
            try:
                sight = await self._sight(name)
            except Refused:
                return None
            if sight is not None and sight.state == "ended":
                return sight.reason
            await asyncio.sleep(0.5)
        return None

    async def _reap(self) -> None:
        """End the machines of engines that no longer live."""
        pause, names = 1.0, []
        while not self._leaving:
            try:
                names = [name for name in await self.provider.look() if self.claim.orphaned(name)]
                break
            except Refused as refused:
                log.warning("machines of earlier engines could not be looked for: %s", refused)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self.max_pause)
        if names:
            log.info("ending machines of earlier engines: %s", ", ".join(names))
            await asyncio.gather(*(self._ended(name) for name in names))

    async def _watch(self) -> None:
        """Look at the provider while there is a machine that it has not given, or that is not connected."""
        while not self._leaving:
            pause = self._pause_between_looks()
            await set_within(self._look_now, pause)
            self._look_now.clear()
            names = self._unsettled()
            if names or self._owed:
                try:
                    self._judge(names, await self.provider.look(names) if names else {})
                    await self._pay()
                except Refused as refused:
                    # for now: what it has given goes on without it
                    log.warning("the provider of %s does not answer: %s", self.slug, refused)
                except Exception:
                    log.exception("the machines of %s could not be looked at; the next look tries again", self.slug)
            # those that come at once are looked at together
            await asyncio.sleep(0.5)

    def _unsettled(self) -> list[str]:
        return [name for name, slot in self._slots.items() if slot.address is None and name in self._given]

    def _pause_between_looks(self) -> float | None:
        names = self._unsettled()
        if not names and not self._owed:
            return None
        youngest = max((self._given[name] for name in names), default=self._started)
        return min(15.0, max(1.0, (time.monotonic() - youngest) / 4))

    def _judge(self, names: Collection[str], seen: dict[str, Sight]) -> None:
        now = time.monotonic()
        for name in names:
            slot, sight = self._slots.get(name), seen.get(name)
            if slot is None or slot.address is not None:
                continue
            if sight is None:
                if now - self._given[name] > _SHOWN_SECONDS and slot.state == "starting":
                    self.gone(name, "its provider does not know it any more")
            elif sight.state == "ended":
                self._spawn(self._over(name, slot.state == "starting", sight))
            elif slot.state != "starting":
                continue
            elif sight.state == "waiting":
                if now - self._given[name] > _WORTH_A_WORD_SECONDS:
                    self._say(name, sight.reason)
            elif now - self._runs_since.setdefault(name, now) > self.start_seconds:
                self._spawn(self._over(name, True, Sight("ended", f"it did not report for {self.start_seconds:.0f} s")))

    def _say(self, name: str, reason: str) -> None:
        if reason and self._words.get(name) != reason:
            self._words[name] = reason
            self.waits(name, reason)

    async def _over(self, name: str, starting: bool, sight: Sight) -> None:
        reason = sight.reason
        if starting and (said := await self.provider.said(name)):
            reason = f"{reason}: {said}"
        self.gone(name, reason)

    async def _pay(self) -> None:
        for name in list(self._owed):
            await self.provider.take_back(name)
            self._owed.discard(name)


class _Machine(ProcessInterface):
    """What Dask knows of a machine; it expects start and close to take no time."""

    def __init__(self, scheduler: str, *, engine: ProviderEngine, name: str) -> None:
        super().__init__()
        self._engine = engine
        self._name = name

    async def start(self) -> None:
        self._engine.give(self._name)
        await super().start()

    async def close(self) -> None:
        self._engine.take_back(self._name)
        await super().close()
