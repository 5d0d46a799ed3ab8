"""Ways in and what closes them."""

from tests.twin.conformance.kinds.model import LABELS, Kind, Obj

INGRESS_BAD: dict[str, Obj] = {
    "bad-path-type": {
        "spec": {
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Regex",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    }
                }
            ]
        }
    },
    "no-path-type": {
        "spec": {
            "rules": [
                {"http": {"paths": [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}
            ]
        }
    },
    "relative-path": {
        "spec": {
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "x",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    }
                }
            ]
        }
    },
    "no-backend": {"spec": {"rules": None, "defaultBackend": None}},
    "backend-without-port": {"spec": {"defaultBackend": {"service": {"name": "web"}}}},
    "bad-host": {"spec": {"rules": [{"host": "Bad_Host"}]}},
    "ip-host": {"spec": {"rules": [{"host": "10.0.0.1"}]}},
    "wildcard": {"spec": {"rules": [{"host": "*.example.com"}]}},
    "tls": {"spec": {"tls": [{"hosts": ["a.example.com"], "secretName": "cert"}]}},
}
POLICY_BAD: dict[str, Obj] = {
    "bad-type": {"spec": {"policyTypes": ["Sideways"]}},
    "bad-cidr": {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0"}}]}]}},
    "except-outside": {
        "spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.1.0.0/24"]}}]}]}
    },
    "block-and-selector": {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]}},
    "empty-peer": {"spec": {"ingress": [{"from": [{}]}]}},
    "bad-port": {"spec": {"ingress": [{"ports": [{"port": 0}]}]}},
    "end-port": {"spec": {"ingress": [{"ports": [{"port": 80, "endPort": 70}]}]}},
    "egress": {"spec": {"egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}]}},
}

NETWORK: tuple[Kind, ...] = (
    Kind(
        "apis/networking.k8s.io/v1",
        "ingresses",
        "Ingress",
        {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
        {"spec": {"ingressClassName": "nginx"}},
        INGRESS_BAD,
        status={"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
    ),
    Kind(
        "apis/networking.k8s.io/v1",
        "networkpolicies",
        "NetworkPolicy",
        {"spec": {"podSelector": {"matchLabels": LABELS}}},
        {"spec": {"policyTypes": ["Egress"]}},
        POLICY_BAD,
    ),
    Kind(
        "apis/networking.k8s.io/v1",
        "ingressclasses",
        "IngressClass",
        {"spec": {"controller": "example.com/ingress"}},
        {"metadata": {"labels": {"a": "b"}}},
        {"bad-controller": {"spec": {"controller": "nope"}}},
        namespaced=False,
        bad_changes={"controller": {"spec": {"controller": "example.com/other"}}},
    ),
)
