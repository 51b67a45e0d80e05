"""The description of the API is of what there is, all of it, and says nothing else."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from quart.typing import TestClientProtocol as HttpClient
from test_api_docs_examples import shown

from ennio.http import errors
from ennio.http.app import create_app
from ennio.http.description import SECTIONS, Operation, document
from ennio.http.description.examples import EXAMPLES
from ennio.http.description.fields import MEANINGS
from ennio.http.description.introduction import INTRODUCTION
from ennio.http.description.operation import Data, Stream
from ennio.http.description.refusals import HEADERS, NAMES, ORDER
from ennio.http.description.words import ACTIVITY, EVENT_TYPE, STATUS
from ennio.http.requests import access
from ennio.http.requests.bodies import Body, RestoreBody, SpawnBody
from ennio.http.routes import agentapi, approvals, budgets, logins, messages, notifiers, projects, sessions
from ennio.http.routes import streams, upkeep, webhooks
from ennio.http.routes.description import DOCS
from ennio.http.routes.page import PATHS
from ennio.supervisor import Activity, Config, Supervisor, Timeouts, events
from ennio.supervisor.review import RULES
