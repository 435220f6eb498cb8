"""Transform a corpus on a Ray cluster of this machine, of which a node is killed on the way.

Started by test_ray.py as a process of its own: Ray opens sockets. The transform itself kills the
process above its worker, which is the node, so nothing here has to be timed.
"""

import json
import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

from robustft.cli.main import main
from robustft.scale.engines import engine_named


def refuse(number):
    if number == 3:
        raise ValueError(f"not {number}")
    return number


def failures(address):
    """What the engine says of a function that raises."""
    try:
        with engine_named("ray", address=address) as engine:
            list(engine.map(refuse, range(5)))
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def run(source, out):
    store = 100 << 20
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0, "object_store_memory": store, "include_dashboard": False,
        },
    )  # fmt: skip
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=store)
    cluster.wait_for_nodes()
    options = ["--engine", "ray", "--ray-address", cluster.address, "--out", out]
    code = main(["transform", source, "--with", "./killer.py:shout", *options, "--seed", "5"])
    alive = sum(node.remaining_processes_alive() for node in cluster.list_all_nodes())
    facts = {"code": code, "alive": alive, "failure": failures(cluster.address)}
    print(json.dumps(facts), flush=True)
    # Ray's own tidying up of a node that is gone already waits for it.
    os._exit(0)


if __name__ == "__main__":
    run(*sys.argv[1:])
