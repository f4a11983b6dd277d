"""CrewAI warns while it is imported; these tests load it the way the tools' tests do."""

from tests.tools.conftest import crewai_loaded as crewai_loaded
