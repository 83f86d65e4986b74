"""Requests are written as for curl, and become VTest's."""

from __future__ import annotations

import pytest

from bisector.errors import UsageProblem
from bisector.testing.new.client_request import expectation, paired, parse


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("GET /a", 'txreq -url "/a"'),
        ("/a?b=c", 'txreq -url "/a?b=c"'),
        ("curl -X 'a b' /", 'txreq -method "a b" -url "/"'),
        ("DELETE /a", 'txreq -method DELETE -url "/a"'),
        ("curl http://127.0.0.1:8080", 'txreq -url "/" -hdr "Host: 127.0.0.1:8080"'),
        ("curl -sv example.com/x", 'txreq -url "/x" -hdr "Host: example.com"'),
        ("curl -k https://a.test:443/?q", 'txreq -url "/?q" -hdr "Host: a.test"'),
        (
            "curl -H 'Host: b' -H 'X: \"y\"' http://a/",
            'txreq -url "/" -hdr "Host: b" -hdr "X: \\"y\\""',
        ),
        ("curl -XPUT -d a -d b /x -H 'content-type: t'", '-hdr "content-type: t" -body "a&b"'),
        ("curl --data x /", '-hdr "Content-Type: application/x-www-form-urlencoded" -body "x"'),
        ("curl -u a:b /", 'txreq -url "/" -hdr "Authorization: Basic YTpi"'),
        ("curl -A me -b c=d -e r --compressed /", '"User-Agent: me" -hdr "Cookie: c=d"'),
        ("curl -m 5 -o /dev/null -w '%{http_code}' /", 'txreq -url "/"'),
    ],
)
def test_a_request_is_read_as_curl_reads_it(text: str, spec: str) -> None:
    request, response = parse(text).spec()
    assert spec in request
    assert response == "rxresp"


def test_head_has_no_body() -> None:
    assert list(parse("curl -I /").spec()) == ['txreq -method HEAD -url "/"', "rxresp -no_obj"]


def test_the_port_is_that_of_the_url() -> None:
    texts = ("GET /", "http://a/", "https://a/", "http://a:81/", "http://[::1]:82/")
    assert [parse(text).port for text in texts] == ["", "80", "443", "81", "82"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one path or URL"),
        ("curl -d '{' /", "unbalanced braces"),
        ("GET /a /b", "one path or URL"),
        ("curl -H 'x", "No closing quotation"),
        ("curl --proxy x http://a/", "unrecognized arguments: --proxy"),
        ("curl -F a=b http://a/", "unrecognized arguments: -F"),
        ("curl http://a:x/", "[Pp]ort"),
        ("curl -H", "expected one argument"),
    ],
)
def test_what_is_no_request_is_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("status == 200", "expect resp.status == 200"),
        ("resp.status != 503", "expect resp.status != 503"),
        ("http.location == /a", 'expect resp.http.location == "/a"'),
        ('body ~ "a b"', 'expect resp.body ~ "a b"'),
        ("bodylen > 0", "expect resp.bodylen > 0"),
    ],
)
def test_an_expectation_is_about_the_reply(text: str, line: str) -> None:
    assert expectation(text) == line


@pytest.mark.parametrize("text", ["", "200", "status = 200", "header == x", "status =="])
def test_what_is_no_expectation_is_answered_with_some(text: str) -> None:
    with pytest.raises(UsageProblem, match="write 'status == 200'"):
        expectation(text)


def test_expectations_are_for_the_requests_in_their_order_and_the_rest_for_the_last() -> None:
    texts = ["status == 200", "status == 404", "body == x"]
    found = paired(["GET /a", "GET /b"], texts)
    assert [(request.target, len(expects)) for request, expects in found] == [("/a", 1), ("/b", 2)]
    with pytest.raises(UsageProblem, match="--expect without --request"):
        paired([], texts)
