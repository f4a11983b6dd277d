"""
What must be in the environment before CrewAI, chromadb or numba can be imported.

`crew`, `tools` and `memory` import this module first thing, so that no way into the
desk sends telemetry or traces, or compiles what it will not need.
"""

import os

_DEFAULTS = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_TESTING": "true",  # no first-run collection, no question on a terminal
    "OTEL_SDK_DISABLED": "true",
    "ANONYMIZED_TELEMETRY": "False",
    "OPENBLAS_NUM_THREADS": "1",  # arrays of 600 numbers: threads cost more than they bring
    "NUMBA_DISABLE_JIT": "1",  # compiling costs more than it saves in one short cycle
}

for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)
