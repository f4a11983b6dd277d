"""CrewAI warns while it is imported: it is imported here, so that our warnings stay errors."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import crewai
    import crewai.tools

__all__ = ["crewai"]
