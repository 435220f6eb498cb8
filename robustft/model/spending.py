"""What requests to a paid endpoint may cost, and what they have cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

__all__ = ["Budget", "Cost", "Ledger"]

_MILLION = 1_000_000


@dataclass(frozen=True)
class Budget:
    """The ceilings and the prices.

    Attributes
    ----------
    max_requests
        The most requests that are sent; what the cache answers is none. None sets no limit.
    max_cost
        The most that may be spent, in the currency of the prices; None sets no limit.
    input_price, output_price
        What a million tokens of questions and of answers cost.
    """

    max_requests: int | None = None
    max_cost: float | None = None
    input_price: float = 0.0
    output_price: float = 0.0

    def cost(self, sent: int, received: int) -> float:
        """Return what so many tokens cost."""
        return (sent * self.input_price + received * self.output_price) / _MILLION


@dataclass
class Cost:
    """Requests and tokens, counted."""

    requests: int = 0
    sent: int = 0
    received: int = 0


@dataclass
class Ledger:
    """Counts what is spent; what a request may cost at most is set aside before it is sent.

    So the ceiling holds however many requests are under way at a time.
    """

    budget: Budget
    total: Cost = field(default_factory=Cost)
    _aside: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @property
    def cost(self) -> float:
        """What was spent so far."""
        return self.budget.cost(self.total.sent, self.total.received)

    def reserve(self, sent: int, received: int) -> str:
        """Set aside what a request may cost at most; return why it must not be sent, or nothing."""
        most = self.budget.cost(sent, received)
        with self._lock:
            requests, cost = self.budget.max_requests, self.budget.max_cost
            if requests is not None and self.total.requests >= requests:
                return f"at most {requests:,} requests (max_requests)"
            if cost is not None and self.cost + self._aside + most > cost:
                return f"to spend at most {cost:g} (max_cost)"
            self.total.requests += 1
            self._aside += most
        return ""

    def settle(self, reserved: tuple[int, int], used: tuple[int, int] | None) -> None:
        """Put what a request did cost in place of what was set aside; None if it cost nothing."""
        with self._lock:
            self._aside -= self.budget.cost(*reserved)
            if used is not None:
                self.total.sent += used[0]
                self.total.received += used[1]

    def __str__(self) -> str:
        total = self.total
        tokens = f"{total.sent:,} tokens sent, {total.received:,} received"
        money = f", {self.cost:.4f} spent" if self.cost else ""
        return f"{total.requests:,} request{'s' * (total.requests != 1)}, {tokens}{money}"
