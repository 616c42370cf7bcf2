"""Captures: messages come out of any file format, link and order of packets, as they went over the wire."""

import pytest

from switch.explain import CaptureError, Explained, Settings, explain
from switch.explain.capture import packets
from switch.explain.segments import segment
from switch.explain.streams import streams

SYN = 0x02


def _messages(capture: bytes) -> list[Explained]:
    return [each for each in explain(capture, Settings()) if isinstance(each, Explained)]


def _remarks(capture: bytes) -> list[str]:
    return [each for each in explain(capture, Settings()) if isinstance(each, str)]


@pytest.mark.parametrize(
    ("order", "magic"), [("<", 0xA1B2C3D4), (">", 0xA1B2C3D4), ("<", 0xA1B23C4D), (">", 0xA1B23C4D)]
)
def test_classic_captures_of_either_byte_order_are_read(order, magic, purchase, flow, write_pcap):
    capture = write_pcap([flow().packet(100, purchase)], order=order, magic=magic)
    (message,) = _messages(capture)
    assert message.frame == purchase
    assert message.place == "packet 1, 10.0.0.1:40000 > 10.0.0.2:8583"


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_of_either_byte_order_is_read(order, purchase, flow, write_pcapng):
    (message,) = _messages(write_pcapng([flow().packet(100, purchase)], order=order))
    assert message.frame == purchase


def test_times_have_the_unit_of_their_interface(purchase, flow, write_pcap, write_pcapng):
    for write in (write_pcap, write_pcapng):
        found = [packet.time for packet in packets(write([flow().packet(1), flow().packet(2)]))]
        assert found == pytest.approx([1_780_000_000, 1_780_000_001], abs=1e-3)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("link", [0, 1, 101, 113, 276, 228])
def test_every_link_and_both_versions_of_ip_are_read(link, version, purchase, flow, write_pcap):
    if (link, version) == (228, 6):
        link = 229
    capture = write_pcap([flow(link=link, version=version).packet(100, purchase)], link=link)
    (message,) = _messages(capture)
    assert message.frame == purchase


def test_vlan_tags_are_passed_over(purchase, flow, write_pcap):
    packet = flow().packet(100, purchase)
    tagged = packet[:12] + b"\x88\xa8\x00\x01\x81\x00\x00\x02" + packet[12:]
    assert [message.frame for message in _messages(write_pcap([tagged]))] == [purchase]


def test_a_message_cut_at_every_byte_comes_out_whole(purchase, flow, write_pcap):
    pieces = [flow().packet(100 + at, purchase[at : at + 1]) for at in range(len(purchase))]
    (message,) = _messages(write_pcap(pieces))
    assert message.frame == purchase
    assert message.place.startswith(f"packet {len(purchase)},")


def test_order_and_repetition_of_packets_do_not_matter(purchase, echo, flow, write_pcap):
    data = purchase + echo
    pieces = [flow().packet(99, flags=SYN)]
    pieces += [flow().packet(100 + at, data[at : at + 90]) for at in range(0, len(data), 90)]
    shuffled = [pieces[0], *reversed(pieces[1:]), *pieces[1:], flow().packet(130, data[30:200])]
    assert [message.frame for message in _messages(write_pcap(shuffled))] == [purchase, echo]


def test_sequence_numbers_go_on_past_their_wrap(purchase, echo, flow, write_pcap):
    start = 2**32 - 50
    data = purchase + echo
    pieces = [flow().packet(start + at, data[at : at + 40]) for at in range(0, len(data), 40)]
    assert [message.frame for message in _messages(write_pcap(pieces))] == [purchase, echo]


def test_the_first_copy_of_bytes_counts(flow, write_pcap):
    capture = write_pcap([flow().packet(100, b"right"), flow().packet(100, b"WRONG!")])
    found = streams(filter(None, map(segment, packets(capture))))
    assert [bytes(stream.data) for stream in found] == [b"right!"]


def test_both_directions_are_told_apart_and_shown_in_order(purchase, echo, flow, write_pcap):
    out, back = flow(), flow(8583, 40000, addresses=(2, 1))
    capture = write_pcap([out.packet(1, purchase), back.packet(1, echo), out.packet(1 + len(purchase), echo)])
    assert [(message.frame, message.place.split(",")[0]) for message in _messages(capture)] == [
        (purchase, "packet 1"),
        (echo, "packet 2"),
        (echo, "packet 3"),
    ]


def test_ports_used_again_are_another_connection(purchase, echo, flow, write_pcap):
    first = [flow().packet(10, flags=SYN), flow().packet(11, purchase)]
    second = [flow().packet(900_000, flags=SYN), flow().packet(900_001, echo)]
    assert [message.frame for message in _messages(write_pcap(first + second))] == [purchase, echo]


def test_a_missing_packet_is_said_and_does_not_hide_what_was_before(purchase, echo, flow, write_pcap):
    pieces = [flow().packet(100, purchase), flow().packet(100 + len(purchase) + 500, echo)]
    capture = write_pcap(pieces)
    assert [message.frame for message in _messages(capture)] == [purchase, echo]
    assert any("packets are missing before byte" in remark for remark in _remarks(capture))


def test_other_traffic_is_no_message_and_said_to_be_none(purchase, flow, write_pcap):
    web = flow(50000, 80).packet(1, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n" * 20)
    noise = [b"", b"\0" * 60, bytes(12) + b"\x08\x06" + bytes(40), bytes(12) + b"\x08\x00\x45", flow().packet(5)]
    capture = write_pcap([web, *noise, flow().packet(100, purchase)])
    assert [message.frame for message in _messages(capture)] == [purchase]
    assert any("do not look like ISO 8583" in remark for remark in _remarks(capture))


def test_a_capture_without_messages_says_so(flow, write_pcap):
    assert _remarks(write_pcap([flow().packet(5)])) == ["no message in 0 directions of TCP connections"]


@pytest.mark.parametrize("cut", [5, 20, 30, 39])
def test_a_damaged_capture_is_read_up_to_the_damage(cut, purchase, flow, write_pcap, write_pcapng):
    for write in (write_pcap, write_pcapng):
        whole = write([flow().packet(100, purchase)])
        longer = write([flow().packet(100, purchase), flow().packet(100 + len(purchase), purchase)])
        damaged = longer[: len(whole) + cut]
        assert [message.frame for message in _messages(damaged)][:1] == [purchase]
        assert any("capture file at byte" in remark for remark in _remarks(damaged))


def test_damage_is_a_capture_error_with_its_place(write_pcapng, flow):
    whole = write_pcapng([flow().packet(1)])
    with pytest.raises(CaptureError) as caught:
        list(packets(whole[:-3]))
    assert 0 < caught.value.offset < len(whole)
    with pytest.raises(CaptureError):
        list(packets(b"\xd4\xc3\xb2\xa1"))


def test_any_bytes_behind_the_magic_number_are_read_or_refused(flow, write_pcap, write_pcapng, purchase):
    """Every byte of small captures set to every extreme: a CaptureError or packets, nothing else."""
    for write in (write_pcap, write_pcapng):
        whole = write([flow(version=6).packet(1, purchase[:40])])
        for at in range(4, len(whole)):
            for value in (0, 1, 0x7F, 0x80, 0xFF):
                damaged = whole[:at] + bytes((value,)) + whole[at + 1 :]
                try:
                    streams(filter(None, map(segment, packets(damaged))))
                except CaptureError:
                    pass


def test_progress_is_told_in_bytes(purchase, flow, write_pcap):
    capture = write_pcap([flow().packet(100 + at, b"x") for at in range(600)])
    told: list[tuple[int, int]] = []
    list(explain(capture, Settings(), lambda done, total: told.append((done, total))))
    assert told == sorted(told)
    assert told[-1] == (len(capture), len(capture))
    assert len(told) == 3
