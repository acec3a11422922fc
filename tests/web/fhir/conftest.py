from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.testclient import TestClient

from builders import clinician
from camphora.errors import Forbidden
from camphora.web.fhir import Api, fhir_routes


@pytest.fixture
def served():
    """Serve a store to one reader (None: nobody is signed in): gives a client whose paths begin at /fhir."""
    with ExitStack() as stack:

        def serve(store, access=None, **limits):
            def allowed(request: Request):
                if access is None:
                    raise Forbidden("web-sign-in-needed")
                return access

            api = Api(store, allowed, **limits)
            stack.callback(api.close)
            app = Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))])
            return stack.enter_context(TestClient(app, base_url="http://camphora.test"))

        yield serve


@pytest.fixture
def doctor(served, loaded):
    """The two persons of `loaded`, served to a clinician of h1."""
    return served(loaded, clinician())
