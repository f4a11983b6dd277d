"""Tools as models are offered them: nothing that decides is left out."""

from crew.models.offers import offered_plainly
from records.verdict import Verdicts


def tool() -> dict:
    return {
        "type": "function",
        "function": {
            "name": "submit_verdict",
            "description": "Submit your verdict.",
            "parameters": Verdicts.model_json_schema(),
            "strict": True,
        },
    }


def keys(schema: object) -> set[str]:
    """Every key of a schema, without the names of arguments."""
    if isinstance(schema, list):
        return set().union(*map(keys, schema))
    if not isinstance(schema, dict):
        return set()
    fields = schema.get("properties", {})
    inner = [value for key, value in schema.items() if key != "properties"]
    return set(schema).union(*map(keys, [*inner, *fields.values()]))


def test_what_a_model_needs_is_kept_and_the_rest_is_not_paid_for() -> None:
    """Names, types, choices, what is required, what a field means."""
    (offered,) = offered_plainly([tool()])
    parameters = offered["function"]["parameters"]
    assert keys(parameters) & {"title", "minLength", "maxLength", "maxItems", "pattern"} == set()
    assert {"type", "enum", "required", "description", "additionalProperties"} <= keys(parameters)
    whole = tool()["function"]["parameters"]["$defs"]["WrittenVerdict"]
    assert set(parameters["$defs"]["WrittenVerdict"]["properties"]) == set(whole["properties"])
    assert offered["function"]["description"] == "Submit your verdict."
    assert offered["function"]["strict"] is True


def test_an_argument_may_be_called_title_or_pattern() -> None:
    """Names of arguments are not keywords of the schema."""
    fields = {"title": {"type": "string", "title": "Title"}, "pattern": {"type": "string"}}
    given = {"function": {"name": "note", "parameters": {"properties": fields}}}
    (offered,) = offered_plainly([given])
    assert offered["function"]["parameters"]["properties"] == {
        "title": {"type": "string"}, "pattern": {"type": "string"},
    }  # fmt: skip


def test_what_is_no_tool_of_ours_is_left_alone() -> None:
    """Providers have built-in tools of other forms."""
    assert offered_plainly(None) is None
    assert offered_plainly([{"type": "web_search"}]) == [{"type": "web_search"}]
    assert offered_plainly([{"function": {"name": "x"}}]) == [{"function": {"name": "x"}}]
