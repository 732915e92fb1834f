"""Lines as the proprietary NMEA-0183 sentence `$PQKDS`, once a second."""

from outputs import Output

SENTENCE_BYTES_MAX = 82
SILENT = "silent"


def sentence(*fields):
    """`$PQKDS` with these fields, its checksum, CR and LF."""
    body = ",".join(("PQKDS", *fields))
    checksum = 0
    for byte in body.encode("ascii"):
        checksum ^= byte
    whole = f"${body}*{checksum:02X}\r\n".encode("ascii")
    # The longest state and the greatest numbers make 71 bytes.
    assert len(whole) <= SENTENCE_BYTES_MAX
    return whole


def status(line):
    """State, error rate in per cent, secret bits a second and keys held; a field without a number is empty."""
    qber = line.numbers.get("qber_ppm")
    per_cent = "" if qber is None else f"{qber / 10_000:.2f}"
    return sentence(
        line.state, per_cent, *(str(line.numbers.get(key, "")) for key in ("secret_bits_per_s", "keys_stored")))


class ToNmea(Output):
    label = "nmea"

    def __init__(self, place, **common):
        super().__init__(place.name, **common)
        self._place, self._port = place, None

    def open(self):
        self._port = self._place.open()

    def shut(self):
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def second(self):
        if self.is_silent():
            self._port.write(sentence(SILENT, "", "", ""))
        elif self.line is not None:
            self._port.write(status(self.line))
        else:
            return
        self.well()
