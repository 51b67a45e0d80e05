"""Whatever its description allows and forbids is asked of a real server, which has to keep to its word.

The requests are made by schemathesis from the OpenAPI document, the same ones in each run. Streams have no
end: they are closed after a few events or a fraction of a second, whatever comes first.
"""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case

from ennio.http.description import SECTIONS, document

from .described import LIMITS, Place, place

STREAMS = ["followEvents", "followOutput", "agentapiEvents"]
DOCUMENT = document(SECTIONS, LIMITS)
REFUSED = [400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 429, 502, 503, 504]


def settings(examples: int) -> schemathesis.Config:
    """Return how requests are made: so many at random for each operation, beside those at all bounds."""
    return schemathesis.Config.from_dict(
        {
            "seed": 1,
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                "database": "none",
                "with-security-parameters": False,
            },
            "checks": {
                "use_after_free": {"enabled": False},
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 502, 504]},
                "negative_data_rejection": {"expected-statuses": REFUSED},
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "3xx", 401, 402, 403, 404, 409, 429, 502, 504]
                },
            },
            "operations": [
                {"include-operation-id": STREAMS, "request-timeout": 0.3, "max-stream-events": 3},
            ],
        }
    )


schemathesis.openapi.format(
    "git-branch",
    st.from_regex(r"[a-z\u00e4\u4e2d][a-z0-9_\u00e4\u4e2d-]{0,20}(/[a-z0-9_-]{1,10}){0,2}", fullmatch=True),
)
QUICK = schemathesis.openapi.from_dict(DOCUMENT, config=settings(5))
LONG = schemathesis.openapi.from_dict(DOCUMENT, config=settings(300))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("described")) as one:
        yield one


def test_the_server_gives_this_very_description(there: Place) -> None:
    assert there.server.http.get("/openapi.json").json() == DOCUMENT


@QUICK.parametrize()
def test_each_operation_keeps_to_its_description(case: Case, there: Place) -> None:
    keeps_its_word(case, there)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@LONG.parametrize()
def test_each_operation_keeps_to_its_description_for_long(case: Case, there: Place) -> None:
    keeps_its_word(case, there)


def keeps_its_word(case: Case, there: Place) -> None:
    """Ask, with what is there in the place of what was made up, and check all that can be."""
    headers = there.put(case)
    case.call_and_validate(base_url=there.server.url, headers=headers)


def test_what_was_spawned_is_there_for_all_that_follows(there: Place) -> None:
    follow(there, journeys=6)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_was_spawned_is_there_for_all_that_follows_for_long(there: Place) -> None:
    follow(there, journeys=100)


def follow(there: Place, journeys: int) -> None:
    """Make requests that follow from the answers to others. (A killed session is there to be looked at.)"""

    class Journey(QUICK.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"base_url": there.server.url, "headers": there.put(case)}

    Journey.run(
        settings=hypothesis.settings(
            max_examples=journeys,
            stateful_step_count=8,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
