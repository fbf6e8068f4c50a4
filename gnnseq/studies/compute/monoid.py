"""The transition monoid of an automaton: the maps of states that words make."""

from collections.abc import Iterable
from functools import cache
from itertools import permutations, product

from gnnseq.data.synthetic.automata import Automaton

Map = tuple[int, ...]


@cache
def monoid(automaton: Automaton) -> frozenset[Map]:
    """The map of states that each word makes, the empty word's among them; what may not come leads to a state more."""
    symbols = _symbols(automaton)
    found = {tuple(range(automaton.num_states + 1))}
    front = set(found)
    while front:
        front = {_then(word, symbol) for word in front for symbol in symbols} - found
        found |= front
    return frozenset(found)


def _symbols(automaton: Automaton) -> list[Map]:
    size = automaton.num_states
    return [(*(state if state >= 0 else size for state in column), size) for column in automaton.table.T.tolist()]


@cache
def reachable(automaton: Automaton) -> frozenset[int]:
    """The states to which some word leads."""
    return frozenset({word[0] for word in monoid(automaton)} - {automaton.num_states})


def periods(automaton: Automaton, words: bool = True) -> tuple[int, ...]:
    """Lengths of the cycles in which states come when a word, or a symbol, is read again and again, ascending."""
    maps = monoid(automaton) if words else _symbols(automaton)
    return tuple(sorted({length for word in maps for length in _cycles(word, reachable(automaton))}))


def _cycles(word: Map, states: Iterable[int]) -> set[int]:
    lengths = set()
    for state in states:
        for _ in word:  # into a cycle
            state = word[state]
        length, place = 1, word[state]
        while place != state:
            length, place = length + 1, word[place]
        lengths.add(length)
    return lengths


def order_matters(automaton: Automaton) -> bool:
    """Whether two words of the same symbols in another order, both of which may come, lead to different states."""
    maps, none = _symbols(automaton), automaton.num_states
    ends = ((_then(a, b)[state], _then(b, a)[state]) for a in maps for b in maps for state in reachable(automaton))
    return any(one != other and none not in (one, other) for one, other in ends)


def past_matters(automaton: Automaton) -> bool:
    """Whether a symbol can lead to different states."""
    none = automaton.num_states
    return any(len({symbol[state] for state in reachable(automaton)} - {none}) > 1 for symbol in _symbols(automaton))


def is_solvable(automaton: Automaton) -> bool:
    """Whether the group of an automaton, whose symbols permute its states, ends in the trivial one by commutators."""
    elements = monoid(automaton)
    while len(elements) > 1:
        smaller = _closure({_commutator(a, b) for a in elements for b in elements})
        if len(smaller) == len(elements):
            return False
        elements = smaller
    return True


def _commutator(a: Map, b: Map) -> Map:
    return _then(_then(_inverse(a), _inverse(b)), _then(a, b))


def _then(a: Map, b: Map) -> Map:
    return tuple(b[state] for state in a)


def _inverse(a: Map) -> Map:
    back = [0] * len(a)
    for state, after in enumerate(a):
        back[after] = state
    return tuple(back)


def _closure(generators: set[Map]) -> frozenset[Map]:
    found, front = set(generators), set(generators)
    while front:
        front = {_then(a, b) for a in front for b in generators} - found
        found |= front
    return frozenset(found)


def window(automaton: Automaton) -> int | None:
    """How many last symbols determine the state; None if no number does."""
    none, pairs, count = automaton.num_states, set(permutations(reachable(automaton), 2)), 0
    seen: set[frozenset[tuple[int, int]]] = set()
    while pairs:
        if frozenset(pairs) in seen:
            return None
        seen.add(frozenset(pairs))
        after = {(symbol[a], symbol[b]) for symbol in _symbols(automaton) for a, b in pairs}
        pairs, count = {(a, b) for a, b in after if a != b and none not in (a, b)}, count + 1
    return count


def mirrored_differs(automaton: Automaton, longest: int = 3) -> Map | None:
    """A short word that may be read backwards too, where some symbol leads to another state then; None for none."""
    for length in range(1, longest + 1):
        for word in product(range(automaton.num_symbols), repeat=length):
            forwards, backwards = _states(automaton, word), _states(automaton, word[::-1])
            if forwards and backwards and forwards != backwards[::-1]:
                return word
    return None


def _states(automaton: Automaton, word: Map) -> list[int]:
    """The states after each symbol; none at all where a symbol may not come."""
    states = [0]
    for symbol in word:
        states.append(int(automaton.table[states[-1], symbol]))
        if states[-1] < 0:
            return []
    return states[1:]
