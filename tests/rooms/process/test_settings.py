"""Settings by flag and by environment: the same values, and complaints that name the setting."""

import sys
from typing import Any

import pytest

from quantumjob_operator.__main__ import main
from quantumjob_operator.settings import IdentityGrant, InvalidSettings, Settings, read_settings
from rooms.model.bodies import RESOURCE_ID

PREFIX = "QUANTUMJOB_OPERATOR_"
GRANT = f'{{"namespace": "research", "workspace": "{RESOURCE_ID}"}}'
GRANTED = [IdentityGrant(namespace="research", workspace=RESOURCE_ID)]


@pytest.mark.parametrize(
    ("flags", "environment", "field", "expected"),
    [
        pytest.param(["--workers", "7"], {"WORKERS": "7"}, "workers", 7, id="a number"),
        pytest.param(["--workers=7"], {"WORKERS": "7"}, "workers", 7, id="a flag with an equals sign"),
        pytest.param(
            ["--put-start-seconds", "2.5"], {"PUT_START_SECONDS": "2.5"}, "put_start_seconds", 2.5, id="seconds"
        ),
        pytest.param(["--port", "0"], {"PORT": "0"}, "port", 0, id="a zero"),
        pytest.param(["--log-level", "DEBUG"], {"LOG_LEVEL": "DEBUG"}, "log_level", "DEBUG", id="one of several words"),
        pytest.param(["--ready-file", "/r"], {"READY_FILE": "/r"}, "ready_file", "/r", id="a text"),
        pytest.param(
            ["--authority", "login.example"], {"AUTHORITY": "login.example"}, "authority", "login.example", id="a host"
        ),
        pytest.param(
            ["--no-instance-discovery"], {"INSTANCE_DISCOVERY": "false"}, "instance_discovery", False, id="a switch"
        ),
        pytest.param(
            ["--watch-namespaces", "a", "--watch-namespaces", "b"], {"WATCH_NAMESPACES": '["a", "b"]'},
            "watch_namespaces", ["a", "b"], id="a list, as repeated flags and as JSON",
        ),
        pytest.param(
            ["--watch-namespaces", "a,b"], {"WATCH_NAMESPACES": '["a", "b"]'},
            "watch_namespaces", ["a", "b"], id="a list, as one flag with commas",
        ),
        pytest.param([], {"WATCH_NAMESPACES": "[]"}, "watch_namespaces", [], id="a list without entries"),
        pytest.param(
            ["--operator-identity", GRANT], {"OPERATOR_IDENTITY": f"[{GRANT}]"}, "operator_identity", GRANTED,
            id="a list of objects",
        ),
        pytest.param(
            ["--default-workspace", "quantum-system/shared"], {"DEFAULT_WORKSPACE": "quantum-system/shared"},
            "default_workspace", "quantum-system/shared", id="a name with its namespace",
        ),
    ],
)  # fmt: skip
def test_flags_and_environment_say_the_same(
    flags: list[str], environment: dict[str, str], field: str, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs a pod writes variables, whoever tries it out writes flags."""
    by_flags = read_settings(flags)
    for name, value in environment.items():
        monkeypatch.setenv(PREFIX + name, value)
    by_environment = read_settings([])
    assert getattr(by_flags, field) == expected
    assert by_environment == by_flags


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands on the command line is nearer to the person."""
    monkeypatch.setenv(f"{PREFIX}WORKERS", "3")
    monkeypatch.setenv(f"{PREFIX}PORT", "9999")
    settings = read_settings(["--workers", "5"])
    assert (settings.workers, settings.port) == (5, 9999)


def test_nothing_has_to_be_set() -> None:
    """Every setting has a value that is safe."""
    settings = read_settings([])
    assert settings == Settings()
    assert (settings.watch_namespaces, settings.allowed_endpoints, settings.operator_identity) == ([], [], [])


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        pytest.param(["--workers", "0"], ["--workers", "WORKERS"], id="a number that is too small"),
        pytest.param(["--workers", "many"], ["--workers", "WORKERS"], id="text where a number stands"),
        pytest.param(
            ["--put-start-seconds", "-1"], ["--put-start-seconds", "PUT_START_SECONDS"], id="seconds below zero"
        ),
        pytest.param(["--port", "65536"], ["--port", "PORT"], id="a port beyond the last"),
        pytest.param(["--log-level", "LOUD"], ["--log-level", "'DEBUG', 'INFO'"], id="a word of no list"),
        pytest.param(["--authority", "http://login.example"], ["--authority"], id="an authority over plain http"),
        pytest.param(["--authority", "https://me@login.example"], ["--authority"], id="an authority with a user"),
        pytest.param(["--ca-bundle", "/nowhere.pem"], ["--ca-bundle"], id="a file of authorities that is missing"),
        pytest.param(["--ca-bundle", __file__], ["--ca-bundle"], id="a file that holds no certificate"),
        pytest.param(
            ["--workers", "0", "--port", "x"], ["--workers", "WORKERS", "--port", "PORT"], id="two settings at once"
        ),
        pytest.param(
            ["--poll-min-seconds", "9", "--poll-max-seconds", "3"], ["--poll-min-seconds", "--poll-max-seconds"],
            id="two settings that contradict each other",
        ),
        pytest.param(["--default-workspace", "shared"], ["--default-workspace"], id="a name without its namespace"),
        pytest.param(["--default-workspace", "a/b/c"], ["--default-workspace"], id="a name with too many parts"),
        pytest.param(["--watch-namespaces", ""], ["--watch-namespaces"], id="an empty namespace"),
        pytest.param(["--watch-namespaces", "Research"], ["--watch-namespaces"], id="a namespace that there can't be"),
        pytest.param(
            ["--operator-identity", '{"namespace": "research"}'], ["--operator-identity", "0.workspace"],
            id="half a grant",
        ),
        pytest.param(
            ["--operator-identity", '{"namespace": "research", "workspace": "research-ws"}'],
            ["--operator-identity", "0.workspace", "/subscriptions/"],
            id="a grant for something that is no resource id",
        ),
        pytest.param(["--operator-identity", "{research"], ["--operator-identity"], id="JSON that is cut off"),
    ],
)  # fmt: skip
def test_a_complaint_names_the_setting(flags: list[str], named: list[str]) -> None:
    """By its flag and its variable, whichever of both the reader wrote."""
    with pytest.raises(InvalidSettings) as caught:
        read_settings(flags)
    assert all(word in str(caught.value) for word in named)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("WORKERS", "many", id="text where a number stands"),
        pytest.param("WATCH_NAMESPACES", "a,b", id="a list that is no JSON"),
        pytest.param("WATCH_NAMESPACES", '{"a": 1}', id="an object where a list stands"),
        pytest.param("OPERATOR_IDENTITY", "[{]", id="JSON that is cut off"),
    ],
)
def test_a_complaint_about_the_environment_names_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a traceback of the library."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(InvalidSettings, match=PREFIX + name):
        read_settings([])


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["--wrokers", "7"], id="a flag that does not exist"),
        pytest.param(["--workers"], id="a flag without its value"),
    ],
)
def test_a_wrong_flag_ends_the_program_with_usage(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt flag is never without effect."""
    with pytest.raises(SystemExit) as caught:
        read_settings(flags)
    assert caught.value.code == 2
    assert flags[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        pytest.param(["--workers", "0"], "--workers", id="a setting that its own limits refuse"),
        pytest.param(
            ["--allowed-endpoints", "ftp://files.example"], "--allowed-endpoints", id="an origin that is none"
        ),
    ],
)
def test_the_operator_refuses_to_start(
    flags: list[str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one line on the terminal and the exit code of wrong usage, before anything is connected to."""
    monkeypatch.setattr(sys, "argv", ["quantumjob-operator", *flags])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"quantumjob-operator: {named} (")


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """With its description, since there is no other list of them."""
    with pytest.raises(SystemExit) as caught:
        read_settings(["--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    flags = {f"--{name.replace('_', '-')}" for name in Settings.model_fields}
    assert {flag for flag in flags if flag not in shown} == set()


def test_the_fence_is_as_long_as_a_submission_can_take_effect() -> None:
    """The start of the PUT, its time-out, and the delay until a GET shows the job."""
    settings = read_settings(
        ["--put-start-seconds", "1", "--request-timeout-seconds", "20", "--visibility-delay-seconds", "300"]
    )
    assert settings.fence_seconds == 321
