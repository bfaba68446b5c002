import os
import pathlib
import subprocess
import sys

import pytest

from edgeseg_training import UserError, __main__, recipe


@pytest.mark.parametrize("text, words", [
    ("[train]\nbatches = 3", ["'train.batches'", "Did you mean 'batch'"]),
    ("[train]\nbatch = 'many'", ["'train.batch'", "a whole number"]),
    ("[train]\nsize = 250", ["'train.size'", "multiple of 32"]),
    ("[data]\nlicences = ['free']", ["'data.licences'", "permissive"]),
    ("[augment]\nmerge = 2", ["'augment.merge'", "from 0 to 1"]),
    ("[mix]\nclick = -1", ["'mix'"]),
    ("[data.weights]\ncoco = 'much'", ["'data.weights.coco'"]),
    ("[[source]]\nformat = 'coco'", ["[[source]]", "'path'"]),
    ("[network]\ndecoder = [1, 2]", ["'network.decoder'"]),
    ("[cuda.tran]\nbatch = 1", ["'cuda.tran'", "Did you mean 'train'"]),
    ("colour = 1", ["'colour'"]),
    ("train = 3", ["'train'", "not a table"]),
    ("[train", ["Correct the TOML"]),
])
def test_a_wrong_recipe_is_one_error_that_names_the_key(tmp_path, capsys, text, words):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    assert __main__.main(["train", str(path), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1, error
    for word in [*words, "wrong.toml"]:
        assert word in error


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(UserError, match="absent.toml"):
        recipe.load(tmp_path / "absent.toml")


def test_cuda_tables_apply_only_on_cuda(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("[train]\nbatch = 8\n[cuda.train]\nbatch = 64")
    assert recipe.load(path).train.batch == 8
    assert recipe.load(path, cuda=True).train.batch == 64


def test_a_variable_of_a_path_must_be_set(monkeypatch):
    monkeypatch.delenv("EDGESEG_DATA", raising=False)
    with pytest.raises(UserError, match="EDGESEG_DATA"):
        recipe.paths("$EDGESEG_DATA/train.tar")


def test_recipes_of_the_repository_are_valid():
    files = sorted((pathlib.Path(recipe.__file__).parent.parent / "recipes").glob("*.toml"))
    assert files
    for file in files:
        assert recipe.load(file).sources, file
        recipe.load(file, cuda=True)


@pytest.mark.parametrize("given, threads", [(None, "1"), ("3", "3")])
def test_openblas_has_one_thread_unless_the_environment_says_otherwise(given, threads):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment["PYTHONPATH"] = str(pathlib.Path(recipe.__file__).parent.parent)
    if given:
        environment["OPENBLAS_NUM_THREADS"] = given
    code = "import os, sys, edgeseg_training.__main__; print(os.environ['OPENBLAS_NUM_THREADS'], *({'numpy', 'torch'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    # neither is imported yet: OpenBLAS would not read the variable any more
    assert found.split() == [threads]
