"""What kinds of engines there are, and the options of each. Imports no engine: the API and the forms ask here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valo_jupyter.domain.errors import Invalid
from valo_jupyter.domain.options import Option, one_line
from valo_jupyter.domain.options import check as options_of
from valo_jupyter.engines import hosts
from valo_jupyter.engines.kinds_clouds import AZURE, EC2, GCP, OPENSTACK
from valo_jupyter.engines.options import HOST, PORT, Kind


class InvalidOptions(Invalid):
    """The engine's options are not understood. `details` has a sentence for each that is wrong."""

    code = "invalid_environment"


def check_options(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with defaults filled in; secrets are to be in them as texts.

    Raises
    ------
    InvalidOptions
        With every problem in `details`, under `options.<name>` (`engine` when there is no such kind).
    """
    known = KINDS.get(kind)
    if known is None:
        sentence = f"There is no engine {kind!r}; there are {', '.join(KINDS)}."
        raise InvalidOptions(sentence, engine=sentence)
    checked, problems = options_of(f"The engine {kind}", known.options, options)
    if not problems and known.check is not None:
        problems = known.check(checked)
    if problems:
        raise InvalidOptions(
            " ".join(problems.values()), **{f"options.{name}": sentence for name, sentence in problems.items()}
        )
    return checked


def _variables(value: dict[str, Any]) -> str | None:
    wrong = [name for name, text in value.items() if not one_line(text) or not name.isidentifier()]
    return f"Environment variables are names and texts: {', '.join(wrong)} is none." if wrong else None


def _directives(value: list[Any]) -> str | None:
    wrong = [each for each in value if not one_line(each) or not each.startswith("-")]
    return f"Directives are options of sbatch: {wrong[0]!r} is none." if wrong else None


def _template(value: dict[str, Any]) -> str | None:
    wrong = sorted(value.keys() - {"apiVersion", "kind", "metadata", "spec"})
    return f"A pod template has metadata and spec, not {', '.join(wrong)}." if wrong else None


#: what machines that are elsewhere have in common
_FOLDER = Option(
    "folder",
    "string",
    "Folder on the machine",
    "Where the runtime, caches and running executions are kept; made if need be.",
    default="~/.cache/valo",
)
_PYTHON = Option(
    "python", "string", "Python on the machine", "A command or a path; Python 3.10 or newer.", default="python3"
)
_ENVIRONMENT = Option(
    "environment",
    "object",
    "Environment variables",
    'Set on the machine for everything that runs there, such as {"HTTPS_PROXY": "…"}. Not for secrets.',
    default={},
    check=_variables,
)
_SETUP = Option(
    "setup",
    "text",
    "Setup",
    "Shell lines that are run before a machine starts, such as module load python.",
    default="",
)

LOCAL = Kind(
    kind="local",
    title="This computer",
    description="Machines are processes on the computer that the server runs on. Needs no set-up.",
    tested="here",
    extra=None,
    module="valo_jupyter.engines.local:LocalEngine",
    options=(),
    elsewhere=False,
)

SSH = Kind(
    kind="ssh",
    title="SSH",
    description="Machines are processes on hosts that the server reaches over SSH. A host needs Python, and no port.",
    tested="here",
    extra="ssh",
    module="valo_jupyter.engines.ssh:SshEngine",
    imports=("asyncssh",),
    options=(
        Option(
            "hosts",
            "list",
            "Hosts",
            'Each "user@host", "user@host:port", or {"host": …, "port": 22, "user": …, "machines": 1}; '
            "machines: how many executions run there at once.",
            required=True,
            default=[],
            least=1,
            check=hosts.problem,
        ),
        Option("key", "text", "Private key", "In OpenSSH's or PEM form, the whole text.", secret=True),
        Option("key_file", "string", "Private key file", "On the server, instead of the key itself."),
        Option("passphrase", "string", "Passphrase", "Of the private key.", secret=True),
        Option(
            "known_hosts",
            "text",
            "Known hosts",
            "Lines as in ~/.ssh/known_hosts; ssh-keyscan HOST prints them. A host whose key is not here is refused.",
            default="",
        ),
        Option(
            "accept_new_hosts",
            "flag",
            "Accept new hosts",
            "Trust the key that a host shows first, keep it, and refuse another one later.",
            default=False,
        ),
        _PYTHON,
        _FOLDER,
        _ENVIRONMENT,
        _SETUP,
    ),
    check=hosts.conflicts,
)

SLURM = Kind(
    kind="slurm",
    title="Slurm",
    description="Machines are jobs of a Slurm cluster. The server runs where sbatch does.",
    tested="here",
    extra="slurm",
    module="valo_jupyter.engines.slurm:SlurmEngine",
    imports=("dask_jobqueue",),
    options=(
        Option("partition", "string", "Partition"),
        Option("account", "string", "Account"),
        Option("qos", "string", "Quality of service"),
        Option("walltime", "string", "Time limit", "Such as 1-00:00:00; empty: the partition's."),
        Option("cpus", "integer", "CPUs", "Of each machine.", default=1, least=1),
        Option("memory", "string", "Memory", "Of each machine, such as 4G.", default="2G"),
        Option("gpus", "string", "GPUs", "As Slurm's --gpus takes it, such as 1 or a100:2."),
        Option(
            "directives",
            "list",
            "Directives",
            'Further options of sbatch, such as "--constraint=fast".',
            default=[],
            check=_directives,
        ),
        _PYTHON,
        Option(
            "folder",
            "string",
            "Shared folder",
            "That the server and all nodes see under this path, for the runtime and what machines are told.",
            default="~/.cache/valo",
        ),
        Option(
            "node_folder",
            "string",
            "Folder on the node",
            "For caches and running executions, such as /scratch/$USER/valo; empty: in the shared folder.",
        ),
        _ENVIRONMENT,
        _SETUP,
        HOST,
        PORT,
    ),
)

KUBERNETES = Kind(
    kind="kubernetes",
    title="Kubernetes",
    description="Machines are pods, of an image that has Python. They must reach the server over the network.",
    tested="recorded",
    extra="kubernetes",
    module="valo_jupyter.engines.kubernetes:KubernetesEngine",
    imports=("kr8s",),
    options=(
        Option("namespace", "string", "Namespace", default="default"),
        Option("image", "string", "Image", "Must have Python 3.10 or newer and git.", required=True),
        Option("kubeconfig", "text", "Kubeconfig", "Empty: the server's own, or its service account.", secret=True),
        Option(
            "service_account", "string", "Service account", "Of the pods; its token is mounted only when it is set."
        ),
        Option("resources", "object", "Resources", 'Such as {"requests": {"cpu": "1"}}.', default={}),
        Option(
            "template",
            "object",
            "Pod template",
            'What else the pods are to have, such as {"spec": {"nodeSelector": {"pool": "gpu"}}}; '
            "the container is called machine.",
            default={},
            check=_template,
        ),
        _PYTHON,
        Option("folder", "string", "Folder in the pod", "For caches and running executions.", default="/tmp/valo"),
        _ENVIRONMENT,
        HOST,
        PORT,
    ),
)

KINDS: dict[str, Kind] = {found.kind: found for found in (LOCAL, SSH, SLURM, KUBERNETES, EC2, AZURE, GCP, OPENSTACK)}
