"""`doctor`, `config`, `version`: what is there, what is missing, and where each setting came from."""

import typer

from cloudwright.core.errors import ExitCode
from cloudwright.surfaces.commands.options import AsUser, ContextName, Flags, Kubeconfig, Namespace, Output, Timeout
from cloudwright.surfaces.commands.output import print_answer

_LIBRARIES = ("kubernetes", "langgraph", "openai", "boto3", "z3-solver", "chromadb", "pydantic", "typer")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)
    app.command()(config)
    app.command()(version)


def doctor(
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    output: Output = None,
) -> int:
    """Say what is reachable, as whom, with which rights, what is missing and how to get it."""
    from cloudwright import settings
    from cloudwright.core.answers import DoctorAnswer
    from cloudwright.surfaces import texts
    from cloudwright.surfaces.health import checks
    from cloudwright.surfaces.settings_view import views

    effective = settings.load(Flags(kubeconfig, context, namespace, as_user, timeout, None, output).given())
    answer = DoctorAnswer(checks=tuple(checks(effective)), settings=views(effective))
    print_answer(answer, effective.settings.output, lambda: texts.doctor(answer.checks, answer.settings))
    return int(ExitCode.PROBLEMS if any(check.status == "failed" for check in answer.checks) else ExitCode.OK)


def config(output: Output = None) -> None:
    """Show every setting in force and where it came from."""
    from cloudwright import settings
    from cloudwright.core.answers import ConfigAnswer
    from cloudwright.surfaces import texts
    from cloudwright.surfaces.settings_view import views

    effective = settings.load({"output": output} if output else {})
    answer = ConfigAnswer(settings=views(effective))
    print_answer(answer, effective.settings.output, lambda: texts.settings_table(answer.settings))


def version(output: Output = None) -> None:
    """Show versions."""
    import platform
    from importlib import metadata

    from cloudwright import __version__
    from cloudwright.core.answers import VersionAnswer

    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = "absent"
    answer = VersionAnswer(cloudwright=__version__, python=platform.python_version(), libraries=libraries)
    lines = [f"cloudwright {__version__}", f"python {answer.python}"]
    lines += [f"{name} {number}" for name, number in libraries.items()]
    print_answer(answer, output or "text", lambda: "\n".join(lines))
