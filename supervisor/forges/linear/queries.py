"""The questions that are put to Linear.

The schema: https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql
"""

PAGE = 50
"""Issues of one answer: what a question may cost is limited, and grows with this."""

OVER = ("completed", "canceled", "duplicate")
"""The types of workflow states in which nothing is left to be done."""

_FIELDS = "identifier title description url state { type } labels(first: 20) { nodes { name } }"

ISSUE = f"query Issue($id: String!) {{ issue(id: $id) {{ {_FIELDS} }} }}"
"""An issue by its identifier, such as `ENG-123`."""

ISSUES = f"""
query Issues($team: String!, $over: [String!]!, $first: Int!, $after: String) {{
  issues(
    first: $first, after: $after, orderBy: createdAt,
    filter: {{ team: {{ key: {{ eq: $team }} }}, state: {{ type: {{ nin: $over }} }} }}
  ) {{
    nodes {{ {_FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
"""A page of the open issues of a team, the newest first."""

STATES = """
query States($id: String!) {
  issue(id: $id) { id state { id } team { states(first: 100) { nodes { id name } } } }
}
"""
"""In which state an issue is, and in which it can be."""

MOVE = """
mutation Move($id: String!, $state: String!) {
  issueUpdate(id: $id, input: { stateId: $state }) { success }
}
"""

COMMENT = """
mutation Comment($id: String!, $body: String!) {
  commentCreate(input: { issueId: $id, body: $body }) { success }
}
"""
