"""What the simulated cluster refuses (with 501) or does not do, in full: at most twelve things."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One thing that is not simulated, and what happens instead."""

    what: str
    instead: str


LIMITS: tuple[Limit, ...] = (
    Limit("kubectl debug (ephemeral containers)", "501; exec into a container, or run a pod of your own"),
    Limit("kubectl attach", "501; logs -f shows the same output"),
    Limit("proxy to pods, services and nodes", "501; port-forward reaches a pod's port"),
    Limit("resizing a running pod in place", "501; change the template, so that pods are replaced"),
    Limit("ValidatingAdmissionPolicy bindings (CEL)", "501; policies can be stored, webhooks are called"),
    Limit("x-kubernetes-validations (CEL) in custom resource definitions", "stored and not evaluated, with a warning"),
    Limit("conversion webhooks of custom resources", "versions differ in apiVersion alone"),
    Limit("protobuf and CBOR answers", "JSON (protobuf request bodies are read)"),
    Limit("aggregated API servers other than metrics.k8s.io", "an APIService can be stored and serves nothing"),
    Limit("allocation of dynamic resources (resource.k8s.io)", "claims are stored and stay pending"),
    Limit("lists at an exact past resourceVersion", "the present state; watches do replay recent history"),
    Limit("keys for a program that an interactive shell has started", "it reads no input"),
)

REFUSED_SUBRESOURCES = {(("", "pods"), "ephemeralcontainers"), (("", "pods"), "resize")}
REFUSED_CREATION = {("admissionregistration.k8s.io", "validatingadmissionpolicybindings")}


def described() -> str:
    """The list as text, one line each."""
    width = max(len(limit.what) for limit in LIMITS)
    return "\n".join(f"{limit.what:<{width}}  {limit.instead}" for limit in LIMITS)
