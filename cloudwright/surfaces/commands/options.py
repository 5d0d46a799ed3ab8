"""Options that many commands share, and the settings they make."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

Kubeconfig = Annotated[str | None, typer.Option(help="Kubeconfig file.", rich_help_panel="Connection")]
ContextName = Annotated[str | None, typer.Option("--context", help="Kubeconfig context.", rich_help_panel="Connection")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace.", rich_help_panel="Connection")]
AsUser = Annotated[str | None, typer.Option("--as", help="User to impersonate.", rich_help_panel="Connection")]
Timeout = Annotated[float | None, typer.Option(help="Seconds a request may take.", rich_help_panel="Connection")]
ReadOnly = Annotated[bool | None, typer.Option("--read-only", help="Allow reads and dry runs only.")]
ModelName = Annotated[str | None, typer.Option("--model", help="Name of the model.", rich_help_panel="Model")]
BaseUrl = Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint.", rich_help_panel="Model")]
NoModel = Annotated[bool, typer.Option("--no-model", help="Answer by rules alone.", rich_help_panel="Model")]
YesToWrites = Annotated[
    bool, typer.Option("--yes-to-writes", help="Approve undoable changes that your own words ask for, and no others.")
]
Output = Annotated[str | None, typer.Option("--output", "-o", help="text, json or yaml.")]


@dataclass(frozen=True)
class Flags:
    """What was given on the command line; None where nothing was."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    as_user: str | None = None
    timeout: float | None = None
    read_only: bool | None = None
    output: str | None = None
    model: str | None = None
    base_url: str | None = None

    def given(self) -> dict[str, Any]:
        """The flags that were given, by setting."""
        return {name: value for name, value in vars(self).items() if value is not None}
