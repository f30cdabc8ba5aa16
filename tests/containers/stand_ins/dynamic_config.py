"""Turns a file of Temporal's dynamic configuration into arguments of the development server."""

import json
import sys
from pathlib import Path

import yaml

for name, values in yaml.safe_load(Path(sys.argv[1]).read_text()).items():
    for each in values:
        sys.stdout.write(f"--dynamic-config-value {name}={json.dumps(each['value'])}\n")
