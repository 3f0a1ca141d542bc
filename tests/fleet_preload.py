"""What Dask has worker processes of tests load first: scripted engines, instead of Docker's."""

from harness.experiments import matmul
from harness.images.catalog import load_catalog, root
from tests.fake_engine import FakeEngine
from tests.fleet import scripted

scripted(FakeEngine([each.manifest for each in load_catalog(root(), matmul.NAME).implementations.values()], {}))
