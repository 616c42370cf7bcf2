"""What `switch-bench hsm` measures: every command has a request that is answered 00, and the library does the same."""

import pytest
from switch.tools import bench_hsm
from switch.tools.bench_hsm_cards import Bank, cards

from switch.hsm.commands import HostCommands
from switch.hsm.table import TABLE

# psec and pyemv import the cipher from its old place.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")
COMMANDS = bench_hsm._COMMANDS


def test_every_command_of_the_table_is_measured() -> None:
    assert {name[:2] for name in COMMANDS} == {*TABLE}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_request_is_answered_and_the_library_has_the_same_answer(name: str) -> None:
    hsm, bank, command = HostCommands(), Bank(), COMMANDS[name]
    hsm.authorise(True)
    for card in cards(bank, 3):
        request = bench_hsm._bytes(command.request(bank, card))
        answer = command.library and command.library(bank, card)
        bench_hsm._compare(name, request, hsm.handle(request), answer)


def test_another_answer_and_a_refusal_end_the_run() -> None:
    with pytest.raises(SystemExit, match="another answer"):
        bench_hsm._compare("CW", b"CW", b"CX00123", "124")
    with pytest.raises(SystemExit, match="CW was answered 15"):
        bench_hsm._compare("CW", b"CW", b"CX15", None)


def test_a_command_is_chosen_by_its_code() -> None:
    assert bench_hsm.names_of("a6") == ["A6", "A6 TR-31"]
    with pytest.raises(ValueError, match="expected one of A0"):
        bench_hsm.names_of("XX")


def test_more_keys_come_than_the_hsm_keeps_open() -> None:
    hsm = HostCommands()
    (work,) = bench_hsm.works(["BU"], 64, hsm)
    vault = hsm.vault("00")
    assert vault is not None
    asked = vault.open.cache_info()
    bench_hsm.in_process(hsm, work)()
    assert vault.open.cache_info().misses == asked.misses + 1
