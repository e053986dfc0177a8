"""A real Kubernetes of one machine: its programs, pods on a Docker engine, nothing left after."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import ssl
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml
from docker.api.client import APIClient
from kubernetes import client

from deploy.drivers.engines import connect
from e2e import docker_engine
from e2e.docker_engine import NoEngineError
from kubernetes_lab.names import DOMAIN, find_in, names, open_client
from kubernetes_lab.programs import BIN, Program, find_missing, free_port, program, wait_for
from kubernetes_lab.traces import control_group, mounts_of, route, untouched

MACHINE = "pst-machine"
NAMESPACES = "pst-"
DOCUMENTED = "penstock"
_PAUSE = "pst-pause:1"
_SERVICES = "10.213.64.0/24"
# A pod's processes, all of them: Kubernetes bounds them here, for every pod of a machine alike.
PIDS = 256
_LOG = "--v=1"


@dataclass(frozen=True, kw_only=True)
class Lab:
    """`kubeconfig` is the administrator's; `address` is the server's, for pods too.

    `named`: pods find Services by their names.
    """

    folder: Path
    docker: Mapping[str, str]
    machine: docker_engine.Engine
    engine: APIClient
    address: str
    kubeconfig: Path
    authority: Path
    server: Program
    ready: Callable[[], bool]
    named: bool

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have no API server for a while; what runs goes on."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()
            wait_for(self.ready, "the API server is back", self.logs)

    def client(self) -> client.ApiClient:
        return open_client(self.kubeconfig)

    def configure(self, name: str, token: str, namespace: str = "default") -> Path:
        """Write a kubeconfig for somebody."""
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(_kubeconfig(self.address, self.authority, token, namespace))
        return path


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Where everything listens and is written, decided before the first program starts."""

    folder: Path
    host: str
    device: str
    docker: str
    token: str
    port: int
    kubelet: int
    etcd: int
    peers: int
    proxy: int

    @property
    def certificate(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def address(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "admin.kubeconfig"


@contextmanager
def lab() -> Iterator[Lab]:
    """Raise NoEngineError where there can be none."""
    missing = find_missing()
    if missing:
        raise NoEngineError(missing)
    with ExitStack() as after:
        found = after.enter_context(docker_engine.find_engine())
        engine = connect(found.environment)
        after.callback(engine.close)
        folder = Path(tempfile.mkdtemp(prefix="pst-kubernetes-"))
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        plan = _plan(folder, found.environment, engine)
        after.enter_context(untouched())
        after.callback(_remove_containers, engine)
        _make_pause(engine)
        server = _start(plan, after)
        named = after.enter_context(names(plan.host, find_in(plan.kubeconfig)))
        docker = {"DOCKER_HOST": plan.docker}
        running = Lab(
            folder=folder,
            docker=docker,
            machine=found,
            engine=engine,
            address=plan.address,
            kubeconfig=plan.kubeconfig,
            authority=plan.certificate,
            server=server,
            ready=lambda: _answers(plan),
            named=named,
        )
        _wait_for_machine(running)
        yield running


def _plan(folder: Path, environment: Mapping[str, str], engine: APIClient) -> _Plan:
    (folder / "logs").mkdir()
    # Pods' logs are fetched from the machine by its address, which must not be loopback.
    network = engine.inspect_network("bridge")
    bridge = network["IPAM"]["Config"][0]
    host = bridge.get("Gateway") or bridge["Subnet"].rpartition(".")[0] + ".1"
    return _Plan(
        folder=folder,
        host=host,
        device=network["Options"].get("com.docker.network.bridge.name", "docker0"),
        docker=environment.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
        token=secrets.token_hex(16),
        port=free_port(host),
        kubelet=free_port(host),
        etcd=free_port("127.0.0.1"),
        peers=free_port("127.0.0.1"),
        proxy=free_port("127.0.0.1"),
    )


def _start(plan: _Plan, after: ExitStack) -> Program:
    logs = plan.folder / "logs"
    _make_keys(plan)
    after.enter_context(program("etcd", _etcd(plan), logs))
    server = after.enter_context(program("kube-apiserver", _server(plan), logs))
    wait_for(lambda: _answers(plan), "the API server is ready", logs)
    plan.kubeconfig.write_text(
        _kubeconfig(plan.address, plan.certificate, plan.token, namespace="default")
    )
    after.enter_context(program("kube-controller-manager", _controllers(plan), logs))
    known = f"--kubeconfig={plan.kubeconfig}"
    after.enter_context(
        program("kube-scheduler", [known, "--leader-elect=false", "--port=0", _LOG], logs)
    )
    root = after.enter_context(mounts_of(plan.folder / "kubelet"))
    group = after.enter_context(control_group())
    # Once the kubelet has gone nobody starts the containers again.
    after.callback(_remove_containers_of, plan)
    after.enter_context(program("kubelet", _kubelet(plan, root, group), logs))
    after.enter_context(route(_SERVICES, plan.device))
    after.enter_context(program("kube-proxy", _proxy(plan), logs))
    wait_for(lambda: _listens(plan.proxy), "Services are known to the kernel", logs)
    return server


def _etcd(plan: _Plan) -> list[str]:
    clients, peers = f"http://127.0.0.1:{plan.etcd}", f"http://127.0.0.1:{plan.peers}"
    return [
        f"--data-dir={plan.folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]


def _server(plan: _Plan) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{plan.etcd}",
        f"--secure-port={plan.port}",
        f"--bind-address={plan.host}",
        f"--advertise-address={plan.host}",
        f"--cert-dir={plan.certificate.parent}",
        "--service-account-issuer=https://kubernetes",
        f"--service-account-key-file={plan.folder / 'accounts.key'}",
        f"--service-account-signing-key-file={plan.folder / 'accounts.key'}",
        f"--token-auth-file={plan.folder / 'tokens.csv'}",
        f"--kubelet-client-certificate={plan.folder / 'server.crt'}",
        f"--kubelet-client-key={plan.folder / 'server.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={_SERVICES}",
        _LOG,
    ]


def _controllers(plan: _Plan) -> list[str]:
    return [
        f"--kubeconfig={plan.kubeconfig}",
        f"--service-account-private-key-file={plan.folder / 'accounts.key'}",
        f"--root-ca-file={plan.certificate}",
        "--use-service-account-credentials=false",
        "--leader-elect=false",
        "--port=0",
        f"--cert-dir={plan.folder / 'controllers'}",
        _LOG,
    ]


def _kubelet(plan: _Plan, root: Path, group: str) -> list[str]:
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": plan.host,
        "port": plan.kubelet,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(plan.folder / "server.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": group,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "podPidsLimit": PIDS,
        # A full disk is not what is tested here.
        "evictionHard": {"memory.available": "10Mi"},
        "imageGCHighThresholdPercent": 100,
        "resolvConf": "",
        "clusterDNS": [plan.host],
        "clusterDomain": DOMAIN,
    }
    place = plan.folder / "kubelet.yaml"
    place.write_text(json.dumps(settings))
    return [
        f"--config={place}",
        f"--kubeconfig={plan.kubeconfig}",
        f"--root-dir={root}",
        f"--cert-dir={plan.folder / 'kubelet-certificates'}",
        f"--experimental-dockershim-root-directory={plan.folder / 'dockershim'}",
        f"--volume-plugin-dir={plan.folder / 'plugins'}",
        "--container-runtime=docker",
        f"--container-runtime-endpoint=unix://{plan.folder / 'dockershim.sock'}",
        f"--docker-endpoint={plan.docker}",
        f"--hostname-override={MACHINE}",
        f"--node-ip={plan.host}",
        f"--pod-infra-container-image={_PAUSE}",
        _LOG,
    ]


def _proxy(plan: _Plan) -> list[str]:
    return [
        f"--kubeconfig={plan.kubeconfig}",
        f"--hostname-override={MACHINE}",
        "--proxy-mode=iptables",
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
        f"--metrics-bind-address=127.0.0.1:{free_port('127.0.0.1')}",
        f"--healthz-bind-address=127.0.0.1:{plan.proxy}",
        _LOG,
    ]


def _make_keys(plan: _Plan) -> None:
    folder = plan.folder
    certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    certificate += ["-subj", "/CN=server"]
    for command, written in (
        (["genrsa"], ["-out", f"{folder}/accounts.key"]),
        (certificate, ["-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"]),
    ):
        subprocess.run(["openssl", *command, *written], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{plan.token},admin,admin,system:masters\n")


def _kubeconfig(address: str, authority: Path, token: str, namespace: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [
                {
                    "name": "lab",
                    "cluster": {"server": address, "certificate-authority": str(authority)},
                }
            ],
            "users": [{"name": "somebody", "user": {"token": token}}],
            "contexts": [
                {
                    "name": "lab",
                    "context": {"cluster": "lab", "user": "somebody", "namespace": namespace},
                }
            ],
        }
    )


def _answers(plan: _Plan) -> bool:
    if not plan.certificate.exists():
        return False
    try:
        found = httpx.get(
            f"{plan.address}/readyz",
            headers={"Authorization": f"Bearer {plan.token}"},
            verify=ssl.create_default_context(cafile=plan.certificate),
            trust_env=False,
        )
    except (httpx.HTTPError, ssl.SSLError):  # a certificate that is half written
        return False
    return found.status_code == 200


def _listens(port: int) -> bool:
    try:
        found = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
    except httpx.HTTPError:
        return False
    return found.status_code == 200


def _wait_for_machine(lab: Lab) -> None:
    with lab.client() as api:
        core = client.CoreV1Api(api)

        def ready() -> bool:
            machines = core.list_node().items
            told = [machine.status.conditions for machine in machines if machine.status]
            conditions = [one for some in told for one in some or ()]
            return any(one.type == "Ready" and one.status == "True" for one in conditions)

        wait_for(ready, "the machine is ready", lab.logs)

        def accounted() -> bool:
            return bool(core.list_namespaced_service_account("default").items)

        wait_for(accounted, "the namespace has its account", lab.logs)


def _make_pause(engine: APIClient) -> None:
    """Import an image of one program that does nothing: each pod has one. It is kept."""
    if engine.images(name=_PAUSE):
        return
    content = (BIN / "pause").read_bytes()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("pause")
        entry.size, entry.mode = len(content), 0o755
        tar.addfile(entry, io.BytesIO(content))
    repository, _, tag = _PAUSE.partition(":")
    engine.import_image_from_data(
        archive.getvalue(), repository=repository, tag=tag, changes=['ENTRYPOINT ["/pause"]']
    )


def _remove_containers_of(plan: _Plan) -> None:
    engine = connect({"DOCKER_HOST": plan.docker})
    _remove_containers(engine)
    engine.close()


def _remove_containers(engine: APIClient) -> None:
    """Remove those of our pods: their namespaces begin alike, or are the documentation's."""
    namespace = "io.kubernetes.pod.namespace"
    for found in engine.containers(all=True, filters={"label": namespace}):
        if found["Labels"][namespace].startswith((NAMESPACES, DOCUMENTED)):
            engine.remove_container(found["Id"], force=True, v=True)
