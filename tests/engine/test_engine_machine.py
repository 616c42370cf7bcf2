"""Random terminals, hosts, faults and kills against the contract. The checkers read frames, terminals' memories, an
issuer's books and the journal's table, and nothing of the engine."""

from collections import Counter
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from switch.message import is_repeat, reply_mti

CARDS = {"4111111111111111": "visa", "5555555555554444": "mastercard", "4571990000000011": "issuer-a"}
APPROVALS = ("00",)
REVERSAL_ANSWERS = ("0410", "0430")


class Issuer:
    """A host and what it holds, by the request's own DE11 and DE7."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inbox: list[dict[str, str]] = []
        self.outbox: list[tuple[dict[str, str], str]] = []
        self.held: dict[tuple[str, str], tuple[int, str]] = {}
        self.reversed: set[tuple[str, str]] = set()

    def process(self, message: dict[str, str], wish: str) -> tuple[dict[str, str], str]:
        """Books the message and says what it answers."""
        if message["t"][1:3] == "10":
            return message, self._authorise(message, wish)
        if message["t"][1] == "4":
            field = message["56"] if self.name == "issuer-a" else message["90"]
            # DE56: MTI 4, DE11 6, DE12 12 ..; DE90: MTI 4, DE11 6, DE7 10 ..
            key = (field[4:10], "") if self.name == "issuer-a" else (field[4:10], field[10:20])
            self._reverse(key)
            return message, "400" if self.name == "issuer-a" else "00"
        return message, "000" if self.name == "issuer-a" else "00"

    def _authorise(self, message: dict[str, str], wish: str) -> str:
        key = (message["11"], "" if self.name == "issuer-a" else message["7"])
        decline, partial = ("116", "002") if self.name == "issuer-a" else ("51", "10")
        if key in self.reversed or wish == "decline":
            return decline
        amount = int(message["4"]) // (2 if wish == "partial" else 1)
        self.held[key] = (amount, message["49"])
        return partial if wish == "partial" else "000" if self.name == "issuer-a" else "00"

    def _reverse(self, key: tuple[str, str]) -> None:
        self.reversed.add(key)
        self.held.pop(key, None)


class Asked:
    """A terminal's request and all that the terminal knows of it."""

    def __init__(self, message: dict[str, str]) -> None:
        self.message = message
        # Of the final answers that arrived the one that left last: a slow link may bring an older one later.
        self.heard = ""
        self.heard_number = 0
        self.answers = 0  # that left, heard or not
        self.told = ""  # the last final answer that left for it, heard or not
        self.reversing = False  # it has sent a reversal
        self.undone = False  # and heard that it was accepted
        self.approved = False  # it was answered with an approval once
        self.forgotten = False  # the process that declined its repeat was killed, and it has heard nothing since


class Machine(RuleBasedStateMachine):
    make: ClassVar[Any] = None

    def __init__(self) -> None:
        super().__init__()
        self.play = Machine.make()
        self.play.out = self.came_out
        self.issuers = {name: Issuer(name) for name in self.play.up}
        self.asked: list[Asked] = []
        # Also what else was sent under their keys: DE11 and DE4 tell which message an answer is about.
        self.memories: dict[tuple[str, str], Asked] = {}
        self.by_reference: dict[str, Asked] = {}
        self.reversals: dict[str, Asked] = {}
        self.outstanding: Counter[tuple[str, str, str, str]] = Counter()
        # What a link has taken and not written yet: request, type of the answer, code, its place among the answers.
        self.unwritten: dict[str, list[tuple[Asked, str, str, int]]] = {}
        self.requests_seen: Counter[str] = Counter()
        self.reversals_seen: dict[str, tuple[str, ...]] = {}
        self.written: set[int] = set()  # delivery marks that are as safe as the bytes they stand for
        self.link_number = 0
        self.steps_to_calm = 0

    # -- what comes out is checked when it comes out

    def came_out(self, kind: str, who: str, what: dict[str, str]) -> None:
        if kind == "host":
            self.at_host(who, what)
        elif kind == "terminal":
            self.at_terminal(who, what)
        elif kind == "closed":
            raise AssertionError(f"link closed: {what}")

    def at_host(self, host: str, message: dict[str, str]) -> None:
        reference = message["37"]
        if message["t"][1:3] == "10":
            self.requests_seen[reference] += 1
            assert self.requests_seen[reference] == 1, "the issuer sees one request"
            asked = self.memories[self.by_reference[reference].message["11"], message["4"]]
            assert self.state_of(asked.message) == "pending", "intent before request"
        elif message["t"][1] == "4":
            identity = tuple(message[name] for name in ("7", "11", "4", "2"))
            first = self.reversals_seen.setdefault(reference, identity)
            assert first == identity, "one reversal per request"
            assert reference not in self.reversals_sent or is_repeat(message["t"]), "its repeats are marked"
            self.reversals_sent.add(reference)
        self.issuers[host].inbox.append(message)

    @property
    def reversals_sent(self) -> set[str]:
        return self.__dict__.setdefault("_sent", set())

    def at_terminal(self, link: str, answer: dict[str, str]) -> None:
        key = (link, answer["t"], answer["11"], answer["4"])
        assert self.outstanding[key] > 0, "an answer that nobody on this link waits for"
        self.outstanding[key] -= 1
        if answer["39"] == "94":
            return
        if answer["t"] in REVERSAL_ANSWERS:
            asked = self.reversals[answer["11"]]
        else:
            asked = self.memories[answer["11"], answer["4"]]
            if answer["39"] in APPROVALS:
                assert self.state_of(asked.message) == "approved", "durable before it leaves"
                asked.approved = True
            asked.told = answer["39"]
            asked.answers += 1
        self.unwritten.setdefault(link, []).append((asked, answer["t"], answer["39"], asked.answers))

    def state_of(self, message: dict[str, str]) -> str:
        row = self.play.memory.connection.execute(
            "SELECT state FROM txn WHERE stan = ? AND amount = ? AND kind != 'reversal'",
            (message["11"], int(message["4"])),
        ).fetchone()
        return str(row[0]) if row else ""

    def write(self, link: str) -> None:
        for asked, mti, code, number in self.unwritten.pop(link, []):
            if mti not in REVERSAL_ANSWERS:
                if number > asked.heard_number:
                    asked.heard, asked.heard_number, asked.forgotten = code, number, False
            elif code == "00":
                asked.undone = True
        self.written |= set(self.play.link(link).tokens)
        self.play.link(link).tokens.clear()

    # -- terminals

    def ask(self, message: dict[str, str], link: str) -> None:
        self.outstanding[link, reply_mti(message["t"]), message["11"], message["4"]] += 1
        self.play.asks(message, link)

    def a_link(self, number: int) -> str:
        return f"link-{self.link_number}-{number}"

    @rule(
        card=st.sampled_from(sorted(CARDS)),
        amounts=st.lists(st.integers(1, 9999), min_size=1, max_size=3),
        currency=st.sampled_from(["978", "840"]),
        mti=st.sampled_from(["0100", "0200"]),
        pin=st.booleans(),
        number=st.integers(0, 1),
        twice=st.booleans(),
        then=st.sampled_from(["approve", "approve", "decline", "wait", "wait"]),
    )
    def request(
        self, card: str, amounts: list[int], currency: str, mti: str, pin: bool, number: int, twice: bool, then: str
    ) -> None:
        """New requests; with `twice` each is repeated over the other link at once."""
        block = self.play.pin_block(card, "1234") if pin and CARDS[card] != "issuer-a" else ""
        for amount in amounts:
            reference = f"REF{len(self.asked):09d}"
            asked = Asked(self.play.sale(card, amount, t=mti, _49=currency, _37=reference, _52=block))
            self.asked.append(asked)
            self.remember(asked)
            self.by_reference[reference] = asked
            for link in (number, 1 - number) if twice else (number,):
                self.ask(asked.message, self.a_link(link))
        if then != "wait":
            self.work(then, "now", len(amounts), newest_first=True)

    def remember(self, asked: Asked) -> Asked:
        return self.memories.setdefault((asked.message["11"], asked.message["4"]), asked)

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 3), marked=st.booleans(), number=st.integers(0, 1))
    def repeat(self, which: int, marked: bool, number: int) -> None:
        message = self.recent(which).message
        self.ask(message | {"t": message["t"][:3] + str(int(marked))}, self.a_link(number))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 3), number=st.integers(0, 1))
    def same_key_other_amount(self, which: int, number: int) -> None:
        other = self.remember(Asked(self.recent(which).message | {"4": "000000077777"}))
        self.ask(other.message, self.a_link(number))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 3), named=st.booleans(), number=st.integers(0, 1))
    def reverse(self, which: int, named: bool, number: int) -> None:
        asked = self.recent(which)
        asked.reversing = True
        extra = {} if named else {"_90": "", "_37": asked.message["37"]}
        reversal = self.play.reversal(asked.message, **extra)
        self.reversals[reversal["11"]] = asked
        self.ask(reversal, self.a_link(number))

    def recent(self, which: int) -> Asked:
        return self.asked[-1 - which % len(self.asked)]

    @rule(number=st.integers(0, 1))
    def link_writes(self, number: int) -> None:
        self.write(self.a_link(number))

    @rule(number=st.integers(0, 1), unsent=st.booleans())
    def hang_up(self, number: int, unsent: bool) -> None:
        """The next message of this terminal comes over new links."""
        link = self.a_link(number)
        if unsent:
            self.unwritten.pop(link, None)
        else:
            self.write(link)
        self.play.hangs_up(link, unsent=unsent)
        self.forget(link)
        self.write(self.a_link(1 - number))
        self.play.hangs_up(self.a_link(1 - number))
        self.forget(self.a_link(1 - number))
        self.link_number += 1

    def forget(self, link: str) -> None:
        for key in [key for key in self.outstanding if key[0] == link]:
            del self.outstanding[key]

    # -- hosts

    @rule(
        wish=st.sampled_from(["approve", "approve", "approve", "decline", "partial"]),
        answer=st.sampled_from(["now", "now", "now", "later", "never"]),
        most=st.integers(1, 6),
        newest_first=st.booleans(),
    )
    def hosts_work(self, wish: str, answer: str, most: int, newest_first: bool) -> None:
        self.work(wish, answer, most, newest_first=newest_first)

    def work(self, wish: str, answer: str, most: int, *, newest_first: bool) -> None:
        for host, issuer in self.issuers.items():
            for _ in range(min(most, len(issuer.inbox))):
                reply = issuer.process(issuer.inbox.pop(-1 if newest_first else 0), wish)
                if answer == "now":
                    self.deliver(host, *reply)
                elif answer == "later":
                    issuer.outbox.append(reply)

    @rule(host=st.sampled_from(sorted(set(CARDS.values()))), which=st.integers(0, 5), twice=st.booleans())
    def host_answers_late(self, host: str, which: int, twice: bool) -> None:
        outbox = self.issuers[host].outbox
        if outbox and self.play.up[host]:
            reply = outbox[which % len(outbox)]
            if not twice:
                outbox.remove(reply)
            self.deliver(host, *reply)

    def deliver(self, host: str, message: dict[str, str], code: str) -> None:
        if self.play.up[host]:
            self.play.answers(host, message, code)

    # -- the house

    @rule(
        trouble=st.sampled_from(["held", "held", "failing", "silent", "down", "link", "link lost", "cannot now"]),
        host=st.sampled_from(sorted(set(CARDS.values()))),
        steps=st.integers(1, 4),
    )
    def trouble(self, trouble: str, host: str, steps: int) -> None:
        """It lasts for some steps, and is joined by what else happens meanwhile."""
        self.steps_to_calm = max(self.steps_to_calm, steps)
        if trouble in ("held", "failing"):
            self.play.journal(trouble)
        elif trouble in ("silent", "down"):
            self.play.hsm_is(trouble)
        elif trouble == "cannot now":
            self.cannot_now(host)
        elif self.play.up[host]:
            if trouble == "link lost":
                self.issuers[host].inbox.clear()
            self.play.host_is(host, up=False)

    def cannot_now(self, host: str) -> None:
        inbox = self.issuers[host].inbox
        if inbox and inbox[0]["t"][1] == "4":
            self.deliver(host, inbox.pop(0), "911" if host == "issuer-a" else "91")

    def calm(self) -> None:
        self.play.hsm_is("up")
        self.play.journal("working")
        for host, up in self.play.up.items():
            if not up:
                self.play.host_is(host, up=True)

    @rule(count=st.integers(1, 3))
    def journal_writes_some(self, count: int) -> None:
        self.play.commit(min(count, len(self.play.units)))
        self.play.settle()

    @rule(seconds=st.sampled_from([0.1, 0.4, 1.0, 1.7, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.play.advance(seconds)

    @rule(written=st.booleans())
    def kill(self, written: bool) -> None:
        """Between two steps; the marks of a tick are written before its bytes, so both are there or neither."""
        for number in (0, 1):
            link = self.a_link(number)
            if written:
                self.write(link)
            else:
                self.play.marks.difference_update(set(self.play.link(link).tokens) - self.written)
            self.unwritten.pop(link, None)
        self.outstanding.clear()
        self.link_number += 1
        self.steps_to_calm = 2
        for asked in self.memories.values():
            # A repeat was declined while the journal took nothing (docs/engine.rst, "Repeats").
            declined = asked.forgotten or (asked.approved and asked.told not in APPROVALS)
            asked.forgotten = declined and self.state_of(asked.message) == "approved"
        self.play.restart()
        for issuer in self.issuers.values():
            issuer.outbox.clear()

    # -- the end: every fault ends, and the books must agree

    @invariant()
    def trouble_ends_and_messages_are_queued_once(self) -> None:
        self.steps_to_calm -= 1
        if self.steps_to_calm == 0:
            self.calm()
        counts = self.play.memory.connection.execute("SELECT count(*) FROM saf GROUP BY txn_id, kind").fetchall()
        assert all(row[0] == 1 for row in counts)

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.check_books()
        finally:
            self.play.memory.close()

    def come_to_rest(self) -> None:
        self.calm()
        for number in (0, 1):
            self.write(self.a_link(number))
        for _ in range(80):
            for host, issuer in self.issuers.items():
                while issuer.inbox:
                    self.deliver(host, *issuer.process(issuer.inbox.pop(0), "approve"))
            self.play.advance(2)
        for number in (0, 1):
            self.write(self.a_link(number))

    def check_books(self) -> None:
        assert not +self.outstanding, "every request has its answer"
        status = self.play.engine.status()
        assert status["in_flight"] == 0
        assert set(status["queued"].values()) == {0}
        assert {row["state"] for row in self.play.saf()} <= {"acknowledged"}
        assert self.held() == self.journalled(), "what issuers hold is what the journal approved and did not reverse"
        for asked in self.memories.values():
            state = self.state_of(asked.message)
            if asked.forgotten and not asked.undone:
                continue
            if asked.undone or asked.heard not in APPROVALS:
                assert state != "approved", f"the terminal heard {asked.heard or 'nothing'!r}"
            elif not asked.reversing and asked.told in APPROVALS:
                assert state == "approved", "an approval that the terminal has was taken back"

    def held(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for issuer in self.issuers.values():
            for amount, currency in issuer.held.values():
                total[currency] += amount
        return {currency: amount for currency, amount in total.items() if amount}

    def journalled(self) -> dict[str, int]:
        rows = self.play.memory.connection.execute(
            "SELECT currency, sum(amount) FROM txn WHERE state = 'approved' AND kind = 'sale' GROUP BY currency"
        )
        return dict(tuple(row) for row in rows)


def test_whatever_happens_the_contract_holds(play_class):
    Machine.make = play_class
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=300,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=False,
        ),
    )
