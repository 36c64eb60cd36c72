"""Processing photos in bulk with Apache Beam, on one machine or many.

`inputs` finds and reads photos through Beam's file systems, `whole_files` writes
through them, `engine` runs a pipeline, and `set_pipeline` makes a ranked set. Importing
any of them needs Apache Beam (the extra `beam`).
"""

import logging

# On import it warns that BigQuery is missing, which nothing here uses.
_disabled = logging.root.manager.disable
logging.disable(logging.WARNING)
try:
    import apache_beam  # noqa: F401
except ImportError as error:
    raise ImportError(
        "this needs Apache Beam, which cannot be imported "
        f"({error}): pip install 'rankiqa-tf[beam]'"
    ) from error
finally:
    logging.disable(_disabled)
