"""Answers as JSON data and back: a tuple is a list there, a secret reference an object."""

from __future__ import annotations

from collections.abc import Mapping

from config.errors import InvalidInput
from config.questions import Given, Value
from config.secrets import SecretReference

Data = str | int | bool | list[str] | dict[str, str]


def value_to_data(value: Value) -> Data:
    """One answer as JSON data. A secret reference says where the secret is, never what it is."""
    if isinstance(value, SecretReference):
        return {"secret": value.source, "place": value.place}
    return list(value) if isinstance(value, tuple) else value


def value_from_data(data: object, name: str) -> Value:
    """The answer called `name`; raises InvalidInput for what no answer can be."""
    match data:
        case bool() | int() | str():
            return data
        case list() if all(isinstance(item, str) for item in data):
            return tuple(data)
        case {"secret": str(source), "place": str(place)}:
            return SecretReference(source, place)
    raise InvalidInput(f"The answer {name!r} is {data!r}, which no answer can be.")


def given_to_data(given: Given) -> dict[str, Data]:
    """All answers as JSON data."""
    return {name: value_to_data(value) for name, value in given.items()}


def given_from_data(data: Mapping[str, object]) -> dict[str, Value]:
    """All answers back from JSON data; raises InvalidInput."""
    return {name: value_from_data(value, name) for name, value in data.items()}
