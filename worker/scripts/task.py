"""What a script is started with."""

import json
import os
import pathlib


def read_task():
    """From the variable itself, or from the file that it names when the task is too large for one."""
    text = os.environ.pop("WHEELWRIGHT_TASK")
    return json.loads(text if text.startswith("{") else pathlib.Path(text).read_text("utf-8"))
