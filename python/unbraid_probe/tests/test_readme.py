"""The example of the README runs and writes a bank."""

import re
from pathlib import Path


def test_example(tmp_path, monkeypatch, capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert capsys.readouterr().out.startswith("tensor([[")
    assert (tmp_path / "policy.safetensors").stat().st_size > 1000
    assert len(program.strip().split("\n")) <= 10
