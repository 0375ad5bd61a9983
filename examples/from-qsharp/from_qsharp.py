"""Compiles Ghz.qs to QIR and prints a QuantumJob that runs it: `python from_qsharp.py | kubectl apply -f -`."""

import json
from pathlib import Path

from qdk import TargetProfile, qsharp

qsharp.init(target_profile=TargetProfile.Base)
qsharp.eval(Path(__file__).with_name("Ghz.qs").read_text(encoding="utf-8"))
program = {"format": "qir.v1", "source": str(qsharp.compile("Main()"))}
parameters = {"shots": 100, "target_profile": "Base"}
spec = {"provider": "rigetti", "target": "rigetti.sim.qvm", "parameters": parameters, "program": program}
head = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "metadata": {"name": "from-qsharp"}}
print(json.dumps(head | {"spec": spec}, indent=2))
