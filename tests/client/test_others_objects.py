"""One job among others whose object was written to do harm: the others are shown, and each row is of its own job.

Whoever may create jobs in a namespace writes their annotations; the real command asks a server that holds such jobs.
"""

import csv
import io
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from qiskit.providers import JobError

from client.bare import quantum
from client.hostilecluster import kubeconfig_of
from devcluster.certificates import Authority
from quantumjobs import Access, JobSet, QuantumCluster, facts
from quantumjobs.counts import Header
from quantumjobs.foreign import read_json
from quantumjobs.harvest import Reading
from quantumjobs.kubeapi import KubeApi
from quantumjobs.tables import to_parquet

TOKEN: Final = "eyJsecretsecretsecret"
_STAMP: Final = "2026-01-01T00:00:00Z"
_ENDED: Final = ("Submitted", "Complete", "Finished")


def job(name: str, annotations: Mapping[str, str], **spec: Any) -> dict[str, Any]:
    """A QuantumJob that has succeeded."""
    conditions = [
        {"type": kind, "status": "True", "reason": "R", "message": "", "lastTransitionTime": _STAMP} for kind in _ENDED
    ]
    head = {"name": name, "namespace": "lab", "resourceVersion": "7", "creationTimestamp": _STAMP}
    return {
        "metadata": head | {"annotations": dict(annotations), "labels": {"sweep": "s"}},
        "spec": {"target": "ionq.simulator", "program": {}, **spec},
        "status": {"state": "Succeeded", "conditions": conditions, "outputConfigMap": f"{name}-output"},
    }


class Objects(BaseHTTPRequestHandler):
    """Answers with jobs and their outputs, and shows whom it was asked by."""

    jobs: Mapping[str, str]
    outputs: Mapping[str, str]
    asked_by: list[str]

    def do_GET(self) -> None:
        """An object, or the list of jobs."""
        self.asked_by.append(self.headers["Authorization"])
        last = self.path.partition("?")[0].rpartition("/")[2]
        listed = f'{{"metadata": {{"resourceVersion": "7"}}, "items": [{",".join(self.jobs.values())}]}}'
        output = {"metadata": {"name": last}, "data": {"counts.json": self.outputs.get(last, '{"00": 5, "11": 7}')}}
        data = (listed if last == "quantumjobs" else self.jobs.get(last) or json.dumps(output)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def cluster(folder: Path, *evil: str, token: str = TOKEN, **outputs: str) -> Iterator[tuple[Path, list[str]]]:
    """Serve alice's job and another's, as JSON; yields a kubeconfig, and the logins that come."""
    jobs = {"alice-1": json.dumps(job("alice-1", {facts.PARAMETERS: '{"theta": 0.5}'}))} | dict(
        zip(("evil",), evil, strict=False)
    )
    asked_by = list[str]()
    kept = {f"{name}-output": text for name, text in outputs.items()}
    handler = type("Handler", (Objects,), {"jobs": jobs, "outputs": kept, "asked_by": asked_by})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    authority = Authority.create(folder, "authority")
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(*authority.issue_for_loopback("server"))
    server.socket = shown.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    address = {"server": f"https://127.0.0.1:{server.server_port}", "certificate-authority": str(authority.ca_file)}
    try:
        yield kubeconfig_of(folder, address, token), asked_by
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def counted(kubeconfig: Path, *flags: str) -> tuple[list[dict[str, str]], str]:
    """The rows of `counts`, and what it says beside them."""
    done = quantum(kubeconfig, "counts", "-l", "sweep=s", "-o", "csv", *flags)
    assert "Traceback" not in done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout))), done.stderr


def test_parameters_replace_no_column_of_the_client(tmp_path: Path) -> None:
    """A job does not pass for another one, nor a failure for a success."""
    forged = {"job": "alice-1", "state": "Succeeded", "Count": 9, "outcome": "11", "share": 1, "theta": 0.25}
    evil = job("evil", {facts.PARAMETERS: json.dumps(forged)})
    evil["status"]["state"] = "Failed"
    with cluster(tmp_path, json.dumps(evil)) as (kubeconfig, _):
        rows, _ = counted(kubeconfig)
    assert [(row["job"], row["state"], row["outcome"], row["count"], row["theta"]) for row in rows] == [
        ("alice-1", "Succeeded", "00", "5", "0.5"),
        ("alice-1", "Succeeded", "11", "7", "0.5"),
        ("evil", "Failed", "00", "5", "0.25"),
        ("evil", "Failed", "11", "7", "0.25"),
    ]
    assert [row["parameter.job"] for row in rows] == ["", "", "alice-1", "alice-1"]


EMPTY = json.dumps({"registers": [["a", 0]] * 9_000, "measured": [[]] * 9_000})
"""A header of registers without bits."""


def _deep(spec: str) -> str:
    return json.dumps(job("evil", {}, parameters="DEEP")).replace('"DEEP"', spec)


@pytest.mark.parametrize(
    ("evil", "output", "shown"),
    [
        pytest.param(json.dumps(job("evil", {facts.PARAMETERS: "[" * 100_000})), "", True, id="parameters too deep"),
        pytest.param(json.dumps(job("evil", {facts.HEADER: "[" * 100_000})), "", True, id="a header too deep"),
        pytest.param(_deep('{"a":' * 5_000 + "1" + "}" * 5_000), "", True, id="a spec too deep for Python"),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",3000000000]],"measured":[[]]}'})), "", True,
            id="a register of 3,000,000,000 bits, which nobody has",
        ),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",8000000]],"measured":[[]]}'})), "", False,
            id="a register of 8,000,000 bits for each outcome",
        ),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",1e400]]}'})), "", True, id="an endless register"
        ),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",2]],"measured":[[0,1000000000]]}'})), "", True,
            id="bits that the register has not",
        ),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",9]],"measured":[[0,1,2]]}'})), "", False,
            id="other registers than were measured",
        ),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: EMPTY})), json.dumps(dict.fromkeys(map(str, range(1_000)), 1)), False,
            id="thousands of registers of no bits",
        ),
        pytest.param(json.dumps(job("evil", {})), "[" * 100_000, False, id="counts too deep"),
        pytest.param(json.dumps(job("evil", {})), '{"0": "x"}', False, id="counts that are none"),
        pytest.param(json.dumps(job("evil", {})), '{"0": 0}', True, id="no counts at all"),
        pytest.param(
            json.dumps(job("evil", {facts.HEADER: '{"registers":[["a",1]],"measured":[[0]]}'})),
            f'{{"1 0": {"9" * 4300}, "1 1": {"9" * 4300}}}', False, id="counts with a sum that Python can't write",
        ),
    ],
)  # fmt: skip
def test_one_job_ends_no_command_for_the_others(tmp_path: Path, evil: str, output: str, *, shown: bool) -> None:
    """Its own counts are shown as they stand, or it is said why not; 24 GB of memory are asked for by nothing."""
    with cluster(tmp_path, evil, **({"evil": output} if output else {})) as (kubeconfig, _):
        for flags in ((), ("--normalize",)):
            rows, said = counted(kubeconfig, *flags)
            assert [row["job"] for row in rows if row["job"] != "evil"] == ["alice-1"] * 2
            assert any(row["job"] == "evil" and row["outcome"] for row in rows) is shown
            assert ("evil (Succeeded): " in said) is not shown


@pytest.mark.parametrize(
    "levels", [pytest.param(600, id="some libraries read it"), pytest.param(5_000, id="none does")]
)
@pytest.mark.parametrize("output", ["table", "json", "yaml", "csv", "wide"])
def test_jobs_are_listed_whatever_is_in_one(tmp_path: Path, output: str, levels: int) -> None:
    """As deep as the API server stores it."""
    with cluster(tmp_path, _deep('{"a":' * levels + "1" + "}" * levels)) as (kubeconfig, _):
        done = quantum(kubeconfig, "list", "-o", output)
    assert (done.returncode, "alice-1" in done.stdout, "evil" in done.stdout) == (0, True, True), done.stderr[-500:]


@pytest.mark.parametrize(
    "levels", [pytest.param(600, id="some libraries read it"), pytest.param(5_000, id="none does")]
)
def test_counts_are_shown_whatever_is_in_the_parameters_of_one(tmp_path: Path, levels: int) -> None:
    """Whoever creates a job writes that annotation."""
    evil = job("evil", {facts.PARAMETERS: '{"a":' * levels + "1" + "}" * levels})
    with cluster(tmp_path, json.dumps(evil)) as (kubeconfig, _):
        done = quantum(kubeconfig, "counts", "-l", "sweep=s", "-o", "yaml")
    assert (done.returncode, "alice-1" in done.stdout, "evil" in done.stdout) == (0, True, True), done.stderr[-500:]


def test_parameters_without_end_are_no_columns_of_others(tmp_path: Path) -> None:
    """As many as a table has room for are shown."""
    many = json.dumps({f"p{number}": number for number in range(20_000)})
    with cluster(tmp_path, json.dumps(job("evil", {facts.PARAMETERS: many}))) as (kubeconfig, _):
        rows, _said = counted(kubeconfig)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) < 20


def test_jobs_that_share_an_output_are_all_counted(tmp_path: Path) -> None:
    """Two with one key have one, and whoever names another's output by hand hides nothing."""
    shares = job("evil", {})
    shares["status"]["outputConfigMap"] = "alice-1-output"
    with cluster(tmp_path, json.dumps(shares)) as (kubeconfig, _):
        rows, _said = counted(kubeconfig)
    assert {row["job"] for row in rows} == {"alice-1", "evil"}


def test_a_register_that_one_job_lacks_is_said_of_that_one(tmp_path: Path) -> None:
    """The others are shown."""
    header = Header((("a", 1), ("b", 1))).to_json()
    evil = job("evil", {facts.HEADER: header})
    with cluster(tmp_path, json.dumps(evil), evil='{"0 1": 3}') as (kubeconfig, _):
        rows, said = counted(kubeconfig, "--register", "b")
    assert [(row["job"], row["outcome"], row["count"]) for row in rows] == [("alice-1", "", ""), ("evil", "0", "3")]
    assert "alice-1 (Succeeded): there is no register b" in said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param('{"a": {"b": 1}}', {"a": {"b": 1}}, id="usual"),
        pytest.param('["[[[", {"x": "]"}]', ["[[[", {"x": "]"}], id="brackets in texts"),
        pytest.param(f"[{'[' * 3000}1{']' * 3000}, {{}}]", None, id="deep, and more behind it"),
        pytest.param(f'[{"[" * 3000}"]]", {{}}{"]" * 3000}, {{}}]', None, id="deep, with brackets in texts"),
    ],
)
def test_json_is_read_however_deep_it_is(text: str, read: Any) -> None:
    """What is not deep stays."""
    found = read_json(text.encode())
    assert found == read if read else (len(found), found[1]) == (2, {})


def test_parameters_of_any_kind_fit_into_one_file(tmp_path: Path) -> None:
    """Arrow has one type for each column; whoever gives theirs another one spoils nobody's table."""
    pandas = pytest.importorskip("pandas")
    kinds: tuple[object, ...] = (0.5, "x", [1], 10**40, "\ud800", None)
    readings = [
        Reading(str(place), "Succeeded", facts.Outcome.SUCCEEDED, {"theta": one, "fine": place}, Header(), {"0": 1})
        for place, one in enumerate(kinds)
    ]
    to_parquet(readings, tmp_path / "counts.parquet")
    read = pandas.read_parquet(tmp_path / "counts.parquet")
    assert list(read["job"]) == ["0", "1", "2", "3", "4", "5"]
    assert list(read["fine"]) == list(range(len(kinds)))


@pytest.mark.parametrize(
    ("token", "works"),
    [
        pytest.param(f"{TOKEN}\n", True, id="as a block of YAML ends"),
        pytest.param(f"{TOKEN[:4]}\n{TOKEN[4:]}", False, id="a line break within"),
        pytest.param(f"{TOKEN}\r\nX-Other: 1", False, id="a second header"),
        pytest.param(f"{TOKEN}€", False, id="a character that no header has"),
    ],
)
def test_a_token_is_never_printed(tmp_path: Path, token: str, *, works: bool) -> None:
    """Logs of CI keep what a command says."""
    with cluster(tmp_path, token=token) as (kubeconfig, asked_by):
        done = quantum(kubeconfig, "list")
    assert TOKEN[4:] not in done.stderr + done.stdout
    assert set(asked_by) == ({f"Bearer {TOKEN}"} if works else set())
    assert done.returncode == (0 if works else 1)
    assert works or "the login has a character that no request can hold" in done.stderr


@pytest.mark.parametrize(
    ("counts", "read"),
    [
        pytest.param('{"00": 5, "11": 7}', {"0": 5, "11": 7}, id="of registers that nobody knows"),
        pytest.param('{"": 5}', {"0": 5}, id="no bit at all"),
        pytest.param('{"00": 9000000, "11": 2000000}', None, id="more shots than fit into memory"),
    ],
)
def test_a_count_fills_nobody_s_memory(tmp_path: Path, counts: str, read: dict[str, int] | None) -> None:
    """Whoever may write ConfigMaps writes any; Qiskit has an entry for each shot."""
    with cluster(tmp_path, **{"alice-1": counts}) as (kubeconfig, _):
        sent = QuantumCluster("lab", access=Access(kubeconfig=str(kubeconfig))).qiskit_job("s")
        if read is None:
            with pytest.raises(JobError, match="11,000,000 shots"):
                sent.result(timeout=5)
        else:
            assert sent.result(timeout=5).get_counts() == read


def test_who_gives_a_job_the_label_of_others_is_not_waited_for(tmp_path: Path) -> None:
    """What was sent is known by its names."""
    failed = job("evil", {})
    failed["status"]["conditions"] = [
        {**failed["status"]["conditions"][0], "type": kind} for kind in ("Failed", "Finished")
    ]
    with cluster(tmp_path, json.dumps(failed)) as (kubeconfig, _):
        api = KubeApi(Access(kubeconfig=str(kubeconfig)))
        everybody = JobSet(api, "lab", "sweep=s")
        sent = JobSet(api, "lab", "sweep=s", [one for one in everybody if one.name == "alice-1"])
        assert [(facts.name_of(one.resource), one.error()) for one in sent.wait(5)] == [("alice-1", None)]
        assert len(everybody.wait(5)) == 2
