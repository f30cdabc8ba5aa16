"""As much of PromQL as the alert rules speak, over two scrapes: of five minutes ago and of now."""

import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Scrape = Mapping[str, Vector]
EMPTY: Labels = frozenset()

FILTERS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "==": operator.eq,
}
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "/": lambda left, right: left / right if right else math.nan,
}
SUMMARIES: dict[str, Callable[..., float]] = {
    "sum": sum,
    "max": max,
    "min": min,
}


def read(text: str) -> Scrape:
    """Parse what a process shows, each series by its name as queries write it."""
    found: defaultdict[str, Vector] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name][frozenset(sample.labels.items())] = sample.value
    return found


def read_open(text: str) -> dict[str, str]:
    """Parse the same as OpenMetrics, which is strict, and return the type of each family."""
    families: Iterator[Metric] = open_families(text)  # type: ignore[no-untyped-call]
    return {family.name: family.type for family in families}


def selectors(expression: object) -> Iterator[tuple[str, set[str]]]:
    """Name every series of an expression, with the labels that it is chosen or grouped by."""
    yield from _selectors(promql.parse(str(expression)), set())


def _selectors(node: Any, grouped: set[str]) -> Iterator[tuple[str, set[str]]]:
    match node:
        case promql.VectorSelector():
            yield str(node.name), grouped | {each.name for each in node.matchers.matchers}
        case promql.MatrixSelector():
            yield from _selectors(node.vector_selector, grouped)
        case promql.AggregateExpr():
            labels = set(node.modifier.labels) if node.modifier else set()
            yield from _selectors(node.expr, grouped | labels)
        case promql.BinaryExpr():
            yield from _selectors(node.lhs, grouped)
            yield from _selectors(node.rhs, grouped)
        case promql.Call():
            for argument in node.args:
                yield from _selectors(argument, grouped)
        case promql.ParenExpr():
            yield from _selectors(node.expr, grouped)


@dataclass(frozen=True)
class Moment:
    """Attributes.

    now: In seconds since 1970.
    """

    before: Scrape
    after: Scrape
    now: float

    def fires(self, expression: str) -> Vector:
        """Return what a rule complains about; nothing when all is well."""
        found = self._value(promql.parse(expression))
        assert isinstance(found, dict), expression
        return found

    def _value(self, node: Any) -> Vector | float:
        match node:
            case promql.NumberLiteral():
                return float(node.val)
            case promql.ParenExpr():
                return self._value(node.expr)
            case promql.VectorSelector():
                return _chosen(self.after, node)
            case promql.AggregateExpr():
                return _aggregated(node, self._vector(node.expr))
            case promql.BinaryExpr():
                return self._combined(node)
            case promql.Call():
                return self._called(node)
        raise AssertionError(f"the rules say what this cannot compute: {node}")

    def _vector(self, node: Any) -> Vector:
        found = self._value(node)
        assert isinstance(found, dict), node
        return found

    def _called(self, node: Any) -> Vector | float:
        match node.func.name:
            case "time":
                return self.now
            case "absent":
                return {} if self._vector(node.args[0]) else {EMPTY: 1.0}
            case "increase" | "rate" as name:
                return self._growth(node.args[0], is_rate=name == "rate")
            case "histogram_quantile":
                return _quantiles(node.args[0].val, self._vector(node.args[1]))
        raise AssertionError(f"the rules call what this cannot compute: {node.func.name}")

    def _growth(self, matrix: Any, *, is_rate: bool) -> Vector:
        """Compare two scrapes; what one of them does not have has not grown."""
        old = _chosen(self.before, matrix.vector_selector)
        new = _chosen(self.after, matrix.vector_selector)
        seconds = matrix.range.total_seconds() if is_rate else 1.0
        return {key: (new[key] - old[key]) / seconds for key in new.keys() & old.keys()}

    def _combined(self, node: Any) -> Vector | float:
        left, right, sign = self._value(node.lhs), self._value(node.rhs), str(node.op)
        if sign == "or":
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            return right | left
        return _matched(left, right, sign)


def _matched(left: Vector | float, right: Vector | float, sign: str) -> Vector | float:
    if isinstance(left, float):
        assert isinstance(right, dict)
        return {key: ARITHMETIC[sign](left, value) for key, value in right.items()}
    pairs = {
        key: (value, right[key] if isinstance(right, dict) else right)
        for key, value in left.items()
        if isinstance(right, float) or key in right
    }
    if sign in FILTERS:
        return {key: pair[0] for key, pair in pairs.items() if FILTERS[sign](*pair)}
    return {key: ARITHMETIC[sign](*pair) for key, pair in pairs.items()}


def _chosen(scrape: Scrape, node: Any) -> Vector:
    matchers = [(each.name, str(each.op), each.value) for each in node.matchers.matchers]
    return {
        key: value
        for key, value in scrape.get(node.name, {}).items()
        if all(_fits(dict(key).get(name, ""), how, wanted) for name, how, wanted in matchers)
    }


def _fits(value: str, how: str, wanted: str) -> bool:
    is_like = bool(re.fullmatch(wanted, value)) if how.endswith("Re") else value == wanted
    return is_like != ("Not" in how)


def _aggregated(node: Any, values: Vector) -> Vector:
    kept = set(node.modifier.labels) if node.modifier else set()
    groups: defaultdict[Labels, list[float]] = defaultdict(list)
    for key, value in values.items():
        groups[frozenset(pair for pair in key if pair[0] in kept)].append(value)
    return {key: SUMMARIES[str(node.op)](found) for key, found in groups.items()}


def _quantiles(share: float, buckets: Vector) -> Vector:
    """Return the upper bound of the bucket in which the quantile lies: close enough for a rule."""
    groups: defaultdict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for key, count in buckets.items():
        bound = float(dict(key)["le"])
        groups[frozenset(pair for pair in key if pair[0] != "le")].append((bound, count))
    found: Vector = {}
    for key, counts in groups.items():
        wanted = share * max(count for _, count in counts)
        found[key] = min(bound for bound, count in counts if count >= wanted)
    return found
