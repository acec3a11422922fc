from web.portal.conftest import filled, fresh, world  # noqa: F401 - the same household
