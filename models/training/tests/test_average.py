import pytest
import torch

from edgeseg_training import UserError, average, checkpoints
from edgeseg_training.__main__ import main
from edgeseg_training.network import Form, SqueezeSAM

SMALL = Form(width=32, decoder=(16, 16, 16))


def written(folder, name, form=SMALL, seed=0, **facts):
    """The path of a checkpoint with random weights."""
    torch.manual_seed(seed)
    path = folder / name
    checkpoints.write_weights(path, SqueezeSAM(form).state_dict(), form, facts)
    return path


def test_the_mean_is_that_of_each_weight_and_keeps_the_last_ones_facts(tmp_path, capsys):
    paths = [written(tmp_path, f"{seed}.pt", seed=seed, samples=seed) for seed in (1, 2, 3)]
    out = tmp_path / "mean.pt"
    assert main(["average", *map(str, paths), "--out", str(out)]) == 0 and "mean of 3 checkpoints" in capsys.readouterr().out
    content = checkpoints.read(out)
    assert content["facts"]["samples"] == 3 and content["facts"]["averaged"] == 3
    states = [checkpoints.weights(checkpoints.read(path), path) for path in paths]
    for name, value in checkpoints.weights(content, out).items():
        wanted = sum(state[name].float() for state in states) / 3
        if value.is_floating_point():
            torch.testing.assert_close(value, wanted, atol=2e-3, rtol=2e-3)
        else:
            assert torch.equal(value, states[-1][name])
    checkpoints.load_network(out)


def test_other_networks_one_checkpoint_and_an_existing_file_are_refused(tmp_path):
    one, other = written(tmp_path, "one.pt"), written(tmp_path, "other.pt", Form(width=64, decoder=(16, 16, 16)))
    for names, words in (([one, other], "another network"), ([one], "two or more")):
        with pytest.raises(UserError, match=words):
            average.run(type("Arguments", (), {"checkpoint": [str(name) for name in names], "out": str(tmp_path / "mean.pt")}))
    assert main(["average", str(one), str(one), "--out", str(one)]) == 2
