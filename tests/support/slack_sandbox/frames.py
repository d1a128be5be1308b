"""Encodes WebSocket frames of a server (RFC 6455, section 5.2), including those that no library would send."""
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes, last: bool = True) -> bytes:
    size = len(payload)
    head = bytes([(0x80 if last else 0) | opcode])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 65_536:
        return head + b"\x7e" + struct.pack("!H", size) + payload
    return head + b"\x7f" + struct.pack("!Q", size) + payload


def fragmented(text: str, pieces: int) -> list[bytes]:
    """A text message in `pieces` frames of nearly equal size; a UTF-8 sequence may be split across two."""
    data = text.encode()
    cuts = [len(data) * index // pieces for index in range(pieces + 1)]
    return [
        frame(CONTINUATION if index else TEXT, data[cuts[index] : cuts[index + 1]], index == pieces - 1) for index in range(pieces)
    ]
