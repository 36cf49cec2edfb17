"""What a text that grows may mean: fed with the text, it tells what of its best reading can be shown."""

from __future__ import annotations

from .coerce import Coercer
from .commitment import HIDDEN
from .constraints import Holds
from .extractor import Extractor
from .factory import Factory, State
from .limits import Limits
from .nodes import ArrayNode, Container, Node, ObjectNode
from .outcome import Outcome
from .partials import Spine, begun
from .pieces import Pauses, coercing, is_settled
from .policy import Policy
from .shown import Showing
from .targets import ClassTarget, ListTarget, MapTarget, Target, only_class, takes_scalars
from .verdict import Choice


class Readings:
    """The values in a text, read as one type. `final` makes what they are worth in the end, `coercer` what of them
    is shown.
    """

    __slots__ = ("_loose", "_skeleton", "_target", "coercer", "extractor", "final", "spine")

    def __init__(
        self,
        target: Target,
        factory: Factory,
        *,
        holds: Holds | None,
        limits: Limits,
        policy: Policy,
        skeleton: bool,
    ) -> None:
        self._target = target
        self._skeleton = skeleton
        self.final = Coercer(factory, holds)
        self.coercer = Coercer(factory, holds, self.final)
        self.spine = Spine(self.coercer, factory, skeleton=skeleton)
        self.extractor = Extractor(limits, scalars_in_lists=takes_scalars(target), policy=policy)
        self._loose = ArrayNode()

    def more_of(self, root: Node | None) -> object:
        """Of the one reading, which is on show and open to its innermost part, as nearly always. Else `HIDDEN`.

        Nothing that was shown of it has ended, so nothing can be taken back but by keys of maps.
        """
        if root is None or root.done or not self.spine.is_open or len(self.extractor.candidates) != 1:
            return HIDDEN
        return self.spine.show_open(root, self._target)

    def best(self) -> Showing | None:
        """Of the first reading that says something, if one does."""
        target = self._target
        failed: Node | None = None
        for root in self._roots():
            value: object = HIDDEN
            if not root.done:
                value = self.spine.show_open(root, target)
            elif isinstance(self.final.coerce(root, target), Outcome):
                value = self.spine.show(root, target)
            if value is not HIDDEN and (failed is None or begun(root)):
                state: State = "Complete" if root.done else "Incomplete"
                return value, state, root if begun(root) else None
            if failed is None and root.done and self.spine.show_open(root, target) is not HIDDEN:
                failed = root
        if failed is not None:
            # What was shown of a value that failed at its end stays until a better one begins.
            return self.spine.show_open(failed, target), "Incomplete", failed
        return None

    def blank(self, early: object) -> Showing | None:
        """What stands for a value that has not begun, unless `early` does, a word of its own."""
        target = self._target
        if isinstance(target, ListTarget | MapTarget):
            return target.empty(), "Pending", None
        if isinstance(only_class(target), ClassTarget) and (early is HIDDEN or self._skeleton):
            return self.spine.show(ObjectNode(), target), "Pending", None
        return None

    def last(self, choice: Choice, on_show: Node | None) -> Showing:
        """The last partial is the final value, in the types of a stream."""
        result = self.coercer.coerce(choice.node, self._target)
        assert isinstance(result, Outcome), "what a whole answer means, a stream can show"
        is_loose = isinstance(choice.node, ArrayNode) and choice.node.start == self._loose.start
        return result.value, "Complete", self._loose if is_loose and on_show is self._loose else choice.node

    def _roots(self) -> list[Container]:
        """The readings to show, best first: a list of loose objects stands behind any real list."""
        candidates, is_list = self.extractor.candidates, type(self._target) is ListTarget
        if len(candidates) == 1 and (not is_list or type(candidates[0].root) is ArrayNode):
            return [candidates[0].root]  # nearly always
        roots: list[Container] = [candidate.root for candidate in candidates]
        if not is_list:
            return roots
        lists = [root for root in roots if isinstance(root, ArrayNode)]
        self._loose.values = [root for root in roots if isinstance(root, ObjectNode)]
        self._loose.start = roots[0].start if roots else 0
        return [*lists, self._loose] if self._loose.values else [*lists]

    # --- long values, which take more than a moment

    @property
    def longest_piece(self) -> int:
        return self.coercer.longest_piece(self._target)

    @property
    def is_settled(self) -> bool:
        for candidate in self.extractor.candidates:
            if candidate.root.done and not is_settled(self.final, candidate.root, self._target):
                return False
        return True

    def settling(self, choice: Choice | None) -> Pauses[None]:
        nodes = [choice.node] if choice is not None else [root for root in self._roots() if root.done]
        for node in nodes:
            yield from coercing(self.final, node, self._target)
            yield from coercing(self.coercer, node, self._target)
