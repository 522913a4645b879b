"""The addresses of the workers of a distributed training."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from edgernn.errors import OptionError

#: The variable in which launchers such as Kubeflow describe a cluster.
VARIABLE = "TF_CONFIG"
AUTO = "auto"


@dataclass(frozen=True)
class Cluster:
    """A worker among the workers of a training.

    Attributes:
        addresses: `host:port` of each worker; the first writes the model.
        index: the place of this worker, from 0.
    """

    addresses: tuple[str, ...]
    index: int


def parse_cluster(workers: str, index: int | None) -> Cluster:
    """Return the cluster that the options or the launcher describe.

    Args:
        workers: `host:port` of each worker, separated by commas, or `auto` for the variable
            `TF_CONFIG`.
        index: the place of this worker, from 0; None for `auto`.

    Raises:
        OptionError: the description is incomplete or malformed.
    """
    if workers == AUTO:
        return _from_variable()
    addresses = tuple(one.strip() for one in workers.split(","))
    if not all(map(_is_address, addresses)):
        raise OptionError(
            "--distribute is not a list of workers",
            expected="host:port of each worker, separated by commas, or auto",
            found=workers,
            hint="such as --distribute 10.0.0.1:2222,10.0.0.2:2222 --worker 0",
        )
    if len(set(addresses)) < len(addresses):
        raise OptionError(
            "--distribute lists an address twice",
            expected="a different host:port for each worker",
            found=workers,
            hint="give each worker on one host a port of its own",
        )
    if index is None or not 0 <= index < len(addresses):
        raise OptionError(
            "the place of this worker is unknown",
            expected=f"--worker 0 to {len(addresses) - 1}",
            found="no --worker" if index is None else f"--worker {index}",
            hint="pass the place of this worker in the list, from 0",
        )
    return Cluster(addresses, index)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 1 << 16


def _from_variable() -> Cluster:
    value = os.environ.get(VARIABLE)
    try:
        config: dict[str, Any] = json.loads(value or "")
        addresses, task = tuple(config["cluster"]["worker"]), config["task"]
        index = int(task["index"])
        is_worker = task["type"] == "worker" and 0 <= index < len(addresses)
    except (ValueError, KeyError, TypeError):
        is_worker = False
    if not is_worker:
        raise OptionError(
            f"the launcher does not describe the workers in {VARIABLE}",
            expected='{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", ...}}',
            found=value or "no such variable",
            hint="pass the addresses: --distribute host:port,host:port --worker 0",
        )
    return Cluster(addresses, index)
