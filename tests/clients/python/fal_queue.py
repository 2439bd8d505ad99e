"""fal's client, whose hosts are built in: a transport brings its requests here, as users' own ones do."""

import httpx

import fal_client

from harness import KEY, TIMEOUT, URL, by, equal, raises, statuses

case = by("fal-client")

APP = "fal-ai/flux/dev"


class Rewriting(httpx.BaseTransport):
    """Sends requests for fal's hosts to this server and says which host was meant."""

    def __init__(self, test_id):
        self.test_id = test_id
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request):
        request.headers["x-fal-target-host"] = request.url.host
        request.headers["x-test-id"] = self.test_id
        here = httpx.URL(URL)
        request.url = request.url.copy_with(scheme=here.scheme, host=here.host, port=here.port, raw_path=b"/fal" + request.url.raw_path)
        request.headers["host"] = here.netloc.decode()
        return self.inner.handle_request(request)


def client(test_id):
    own = fal_client.SyncClient(key=KEY)
    own.__dict__["_client"] = httpx.Client(transport=Rewriting(test_id), timeout=TIMEOUT, headers={"Authorization": f"Key {KEY}"})
    return own


@case.shows("images")
def queue(test_id):
    handle = client(test_id).submit(APP, {"prompt": "a slow cat"})
    events = [type(event).__name__ for event in handle.iter_events(interval=0.001)]
    equal(events, ["InProgress", "Completed"])
    equal(handle.get(), {"images": [{"url": "https://images.example/1.png"}], "seed": 7})


@case
def run_and_subscribe(test_id):
    equal(client(test_id).run(APP, {"prompt": "a slow cat"})["seed"], 7)
    equal(client(test_id).subscribe(APP, {"prompt": "a slow cat"})["seed"], 7)


@case
def cancelled(test_id):
    handle = client(test_id).submit(APP, {"prompt": "a slow cat"})
    handle.cancel()
    status = handle.status()
    equal((type(status).__name__, status.error_type), ("Completed", "client_cancelled"))


@case.shows("error")
def refused(test_id):
    error = raises(fal_client.client.FalClientHTTPError, lambda: client(test_id).submit(APP, {"prompt": "refused"}))
    equal((error.status_code, error.message, error.error_type), (422, "not that picture", "content_policy_violation"))


@case.shows("retry")
def retry_rule(test_id):
    equal(client(test_id).run(APP, {"prompt": "busy at first"})["seed"], 8)
    equal(statuses(test_id), [429, 200])
