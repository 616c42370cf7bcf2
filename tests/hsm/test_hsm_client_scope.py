"""What leaves `async with HsmClient`: the caller's own exception or cancellation, as it was raised."""

import pytest
import trio

from switch.hsm import requests
from switch.hsm.client import HsmClient, HsmUnavailable

Address = tuple[str, int]


async def test_an_exception_of_the_caller_is_not_wrapped_into_a_group(address: Address) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with HsmClient(*address) as hsm:
            assert (await hsm.call(requests.diagnostics())).ok
            raise KeyError("mine")


async def test_an_unavailable_hsm_can_be_caught_outside_the_client(unused_address: Address) -> None:
    with pytest.raises(HsmUnavailable):
        async with HsmClient(*unused_address) as hsm:
            await hsm.call(requests.diagnostics())


async def test_a_cancelled_caller_leaves_and_its_scope_catches_the_cancellation(address: Address) -> None:
    with trio.CancelScope() as scope:
        async with HsmClient(*address) as hsm:
            assert (await hsm.call(requests.diagnostics())).ok
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_call_given_up_by_its_caller_does_not_shift_the_replies_of_others(address: Address) -> None:
    async with HsmClient(*address, timeout=10) as hsm:
        for number in range(20):
            with trio.CancelScope() as scope:
                scope.cancel()
                await hsm.call(requests.echo("given up"))
            assert (await hsm.call(requests.echo(str(number)))).body == str(number)


@pytest.fixture
async def unused_address() -> Address:
    """A port on which nothing listens."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    address: Address = listener.socket.getsockname()[:2]
    await listener.aclose()
    return address
