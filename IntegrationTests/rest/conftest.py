"""The storage that a test of the catalog runs on: the first unless it is asked for others (`storages.EVERYWHERE`)."""

import pytest

from lake.seaweedfs import SeaweedFS

from rest.storages import STORAGES


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory):
    store = SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).start()
    yield store
    store.kill()


@pytest.fixture
def storage(request, new_server, tmp_path):
    kind = STORAGES[getattr(request, "param", "file")]
    return kind(new_server, tmp_path, lambda: request.getfixturevalue("seaweedfs"))


@pytest.fixture
def server(storage):
    return storage.server
