"""Waiting for an event: within a time, and never past a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from valo_jupyter.domain.waiting import set_within


@pytest.mark.asyncio
async def test_it_says_whether_the_event_came() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.01)
    asyncio.get_running_loop().call_later(0.01, event.set)
    assert await set_within(event, 60)


@pytest.mark.asyncio
async def test_a_cancellation_together_with_the_event_is_not_lost() -> None:
    event = asyncio.Event()

    async def loop() -> None:
        while True:
            await set_within(event, 60)
            event.clear()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    event.set()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    with pytest.raises(asyncio.CancelledError):
        task.result()
