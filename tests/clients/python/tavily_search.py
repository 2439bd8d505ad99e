"""Tavily's client: results, limits, its own errors."""

from tavily import TavilyClient, UsageLimitExceededError
from tavily.errors import ForbiddenError

from harness import KEY, URL, by, equal, raises, statuses

case = by("tavily-python")


def client(test_id):
    own = TavilyClient(api_key=KEY, api_base_url=URL)
    own.session.headers["X-Test-Id"] = test_id
    return own


@case
def search(test_id):
    answer = client(test_id).search("weather in Oslo")
    equal((answer["query"], answer["answer"], [result["title"] for result in answer["results"]]), ("weather in Oslo", "Sunny.", ["Oslo", "Bergen"]))
    equal(len(client(test_id).search("weather in Oslo", max_results=1)["results"]), 1)


@case
def nothing_found(test_id):
    equal(client(test_id).search("nobody knows")["results"], [])


@case
def pages(test_id):
    own = client(test_id)
    url = "https://pages.example/oslo"
    equal([page["raw_content"] for page in own.extract(url)["results"]], ["Sunny."])
    missing = own.extract(["https://pages.example/nowhere"])
    equal((missing["results"], missing["failed_results"][0]["url"]), ([], "https://pages.example/nowhere"))
    equal((own.crawl(url)["base_url"], own.map(url)["base_url"]), (url, url))


@case.shows("error")
def refused(test_id):
    error = raises(ForbiddenError, lambda: client(test_id).search("refused"))
    equal(str(error), "your plan is used up")


@case.shows("retry")
def retry_rule(test_id):
    """It asks once."""
    equal(str(raises(UsageLimitExceededError, lambda: client(test_id).search("too often"))), "not so fast")
    equal(statuses(test_id), [429])
