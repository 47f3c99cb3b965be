"""A command that is interrupted says so, and ends with the documented exit code."""

import pytest

from mrpverify.command_app import command_app


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit(130)])
def test_an_interruption_that_nobody_caught_is_one(ending, capsys):
    app = command_app()

    @app.command()
    def work() -> None:
        raise ending

    with pytest.raises(SystemExit) as ended:
        app([])
    assert ended.value.code == 1
    assert "interrupted." in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 2, 7])
def test_any_other_exit_code_stays(code):
    app = command_app()

    @app.command()
    def work() -> None:
        raise SystemExit(code)

    with pytest.raises(SystemExit) as ended:
        app([])
    assert ended.value.code == code
