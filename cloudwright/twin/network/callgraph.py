"""The call graph: every running program's calls, resolved through DNS and the data plane to the servers behind them."""

from collections.abc import Iterator
from typing import Any

from cloudwright.twin.api import Api, ApiStatusError, Resource
from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.apps.model import AppModel, Call
from cloudwright.twin.apps.process import Process, expand
from cloudwright.twin.network.edges import (
    Edge,
    Node,
    Target,
    callers_first,
    host_and_port,
    mismatch_of,
    number_of,
)
from cloudwright.twin.network.messages import problem_text
from cloudwright.twin.network.plane import Plane

_ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "subjectaccessreviews")


class CallGraph:
    """Finds who calls whom at this moment."""

    def __init__(self, plane: Plane, api: Api) -> None:
        self.plane = plane
        self.api = api

    def nodes(self) -> list[Node]:
        """All serving processes with their calls, callers before callees."""
        found = {}
        for process in self.plane.fleet.processes():
            if process.running and process.serving and (model := process.app) is not None:
                found[id(process)] = Node(
                    process, model, [self._edge(process, call) for call in self._calls(process, model)]
                )
        return callers_first(found)

    @staticmethod
    def _calls(process: Process, model: AppModel) -> Iterator[Call]:
        yield from model.calls
        if model.load is not None:
            yield Call(name="target", api=model.load.api, to=model.load.to, timeout=model.load.timeout)

    def _edge(self, process: Process, call: Call) -> Edge:
        env = process.env
        edge = Edge(process, call, timeout=number_of(env.get(call.timeout_env), call.timeout))
        edge.retries = int(number_of(env.get(call.retries_env), call.retries))
        address = expand(call.to, env)
        if address.startswith("kubernetes-api:"):
            edge.targets = [self._api_target(process, address)]
            return edge
        host, port = host_and_port(address)
        edge.targets = self._targets(process.sandbox, call, host, port)
        return edge

    def _api_target(self, process: Process, address: str) -> Target:
        """The API server as a dependency: may this pod's service account do what the program does?"""
        verb, _, resource = address.partition(":")[2].partition("/")
        namespace = process.sandbox.namespace
        account = process.sandbox.pod["spec"].get("serviceAccountName") or "default"
        user = f"system:serviceaccount:{namespace}:{account}"
        attributes = {"namespace": namespace, "verb": verb, "resource": resource}
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": user, "groups": groups, "resourceAttributes": attributes},
        }
        try:
            allowed = bool(self.api.create(_ACCESS_REVIEWS, review)["status"]["allowed"])
        except (ApiStatusError, KeyError):
            allowed = True
        if allowed:
            return Target(1.0)
        text = (
            f'{resource} is forbidden: User "{user}" cannot {verb} resource "{resource}" '
            f'in API group "" in the namespace "{namespace}"'
        )
        return Target(1.0, refused="forbidden", detail=text)

    def _targets(self, client: Sandbox, call: Call, host: str, port: int) -> list[Target]:
        if not host:
            return [Target(1.0, refused="config", detail=f"{call.name}: no address configured")]
        answer = self.plane.resolve(client, host)
        if not answer.addresses:
            kind = "dns-timeout" if answer.problem == "timeout" else "dns"
            detail = problem_text(kind, host, port, self.plane.nameserver(client), answer.problem)
            return [Target(1.0, refused=kind, detail=detail, slow=kind == "dns-timeout")]
        targets = []
        for address in answer.addresses:
            for route in self.plane.routes(client, address, port):
                share = route.share / len(answer.addresses)
                targets.append(self._target(client, call, share, route.dial, host))
        return targets

    def _target(self, client: Sandbox, call: Call, share: float, dial: Any, host: str) -> Target:
        if dial.problem:
            detail = problem_text(dial.problem, host, dial.port, "", "", dial.ip)
            return Target(share, refused=dial.problem, detail=detail, slow=dial.problem == "timeout")
        if dial.process is None:
            external = next((e for e in self.plane.externals.values() if e.ip == dial.ip), None)
            return Target(share, external=external)
        wrong = mismatch_of(call, dial.process, dial.port)
        if wrong:
            return Target(share, dial.process, refused="protocol", detail=f"{call.name}: {wrong}")
        server = dial.sandbox
        return Target(share, dial.process, delay=self.plane.delay(client, server), loss=self.plane.loss(client, server))
