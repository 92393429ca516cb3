"""The seam for figures about calls: a `Transport` tells a `Watch` what happens."""

from .calls import Call


class Watch:
    """Is told what happens to calls; does nothing.

    Subclasses count. Several threads call the methods at once, and calls to Directus
    wait for them, so they return at once and raise nothing.
    """

    def ended(self, call: Call, seconds: float, error: BaseException | None) -> None:
        """Note the end of a call.

        Args:
            seconds: its duration, with the wait for a slot and a retry.
            error: the reason why it has no answer; None after a success.
        """

    def breaker_is(self, state: str) -> None:
        """Note the breaker's new state: `closed`, `half-open` or `open`."""

    def has_slots(self, kind: str, number: int) -> None:
        """Note the number of slots for a kind of call."""

    def took_slot(self, kind: str) -> None:
        """Note that a call holds a slot."""

    def left_slot(self, kind: str) -> None:
        """Note that a call no longer holds a slot."""

    def got_no_slot(self, kind: str) -> None:
        """Note that a call was refused, because no slot became free in time."""


NOTHING = Watch()
