"""Files for Slurm and HTCondor: what they ask for, that their shells and parsers read them."""

import subprocess
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from detcore.batch.resources import Resources, resources
from pid.cli.main import app as pid
from zdcsim.cli.main import app as zdcsim

REPOSITORY = Path(__file__).parents[2]
TRAIN = ["train", "configs/zdcsim/gan.yaml", "--out", "runs/gan"]
SIMULATE = ["simulate", "--particles", "100", "--out", "zn.root"]


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)


def submitted(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(zdcsim, ["submit", "--folder", str(folder), *words])


def written(folder: Path, *words: str) -> dict[str, str]:
    """The text of every file that a command writes, by name."""
    done = submitted(folder, *words)
    assert done.exit_code == 0, done.output
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def directives(script: str) -> dict[str, str]:
    """Slurm's options of a script; they must stand before the first command."""
    found = {}
    for line in script.splitlines():
        if line.startswith("#SBATCH --"):
            name, _, value = line.removeprefix("#SBATCH --").partition("=")
            found[name] = value
        elif line and not line.startswith("#"):
            break
    assert len(found) == script.count("#SBATCH")
    return found


def test_a_training_on_nodes_asks_for_them_and_comes_back(tmp_path: Path) -> None:
    words = [
        "--nodes",
        "2",
        "--gpus",
        "4",
        "--cpus",
        "16",
        "--memory",
        "64G",
        "--time",
        "1-0:00:00",
    ]
    words += ["--partition", "gpu", "--account", "alice", "--directive", "--constraint=a100"]
    files = written(tmp_path, *words, "--notice", "600", *TRAIN)
    assert list(files) == ["train-gan.sh"]
    script = files["train-gan.sh"]
    asked = directives(script)
    expected = {"nodes": "2", "ntasks-per-node": "1", "gpus-per-node": "4", "cpus-per-task": "16",
                "mem": "64G", "time": "1-0:00:00", "partition": "gpu", "account": "alice",
                "constraint": "a100", "signal": "USR1@600", "requeue": "", "open-mode": "append",
                "chdir": str(REPOSITORY)}  # fmt: skip
    assert {name: asked.get(name) for name in expected} == expected
    assert asked["output"] == f"{tmp_path}/logs/%x-%j.log"
    assert "--nproc-per-node=4 --nnodes=2" in script
    assert "-m zdcsim train configs/zdcsim/gan.yaml --out runs/gan --resume || code=$?" in script
    assert "export OMP_NUM_THREADS=4" in script  # sixteen cores for four processes
    assert "if grep -qs SIGUSR1 runs/gan/stopped; then\n    scontrol requeue" in script


def test_a_training_of_one_process_needs_no_torchrun(tmp_path: Path) -> None:
    script = written(tmp_path, "--cpus", "2", *TRAIN, "--resume")["train-gan.sh"]
    assert "torchrun" not in script
    assert "    zdcsim train configs/zdcsim/gan.yaml --out runs/gan --resume || " in script
    assert "export OMP_NUM_THREADS=2" in script


def test_a_search_comes_back_too(tmp_path: Path) -> None:
    search = ["search", "configs/search/shower_vae.yaml", "--out", "studies/a"]
    script = written(tmp_path, *search)["search-a.sh"]
    assert "    zdcsim search configs/search/shower_vae.yaml --out studies/a --resume || " in script
    assert "if grep -qs SIGUSR1 studies/a/stopped; then\n    scontrol requeue" in script


def test_an_array_takes_shares_and_a_job_merges_them(tmp_path: Path) -> None:
    words = ["--shares", "20", "--concurrent", "5", "--cpus", "3"]
    files = written(tmp_path, *words, *SIMULATE)
    array, merge = files["simulate-zn-array.sh"], files["simulate-zn-merge.sh"]
    assert directives(array)["array"] == "1-20%5"
    assert array.endswith('--out zn.root --workers 3 --share "$SLURM_ARRAY_TASK_ID/20"\n')
    assert "array" not in directives(merge)
    assert merge.endswith("exec zdcsim simulate --particles 100 --out zn.root --workers 3\n")
    lines = submitted(tmp_path, *words, "--after", "7", *SIMULATE).output.splitlines()[-2:]
    assert lines[0].startswith("previous=$(sbatch --parsable --dependency=afterok:7 ")
    assert "--dependency=afterok:$previous --kill-on-invalid-dep=yes" in lines[1]


def test_a_generation_has_no_workers_without_a_cluster(tmp_path: Path) -> None:
    """It runs in its own process, and would refuse them."""
    words = ["generate", "--model", "zn-shower-vae", "--particle", "neutron", "--out", "fast.root"]
    files = written(tmp_path, "--shares", "2", "--cpus", "3", *words)
    for name in ("array", "merge"):
        assert "--workers" not in files[f"generate-fast-{name}.sh"]


@pytest.mark.parametrize("system", ["slurm", "htcondor"])
@pytest.mark.parametrize("words", [TRAIN, ["--shares", "3", *SIMULATE]], ids=["train", "array"])
def test_bash_reads_the_scripts(system: str, words: list[str], tmp_path: Path) -> None:
    written(tmp_path, "--system", system, "--container", "a b.sif", "--gpus", "2", *words)
    scripts = list(tmp_path.glob("*.sh"))
    assert scripts
    for script in scripts:
        assert script.stat().st_mode & 0o111
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert "apptainer exec --nv --bind \"$PWD\" 'a b.sif'" in script.read_text()
        assert "export PATH" not in script.read_text()  # the container brings its own Python


def test_htcondors_own_parser_reads_the_submit_files(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this machine belongs to no pool
        htcondor = pytest.importorskip("htcondor2", reason="HTCondor's parser is not installed")
        classad = pytest.importorskip("classad2")
    words = ["--system", "htcondor", "--time", "1:00:00", "--account", "alice"]
    train = written(tmp_path / "a", *words, "--gpus", "2", *TRAIN)["train-gan.sub"]
    parsed = htcondor.Submit(train)
    assert parsed["executable"] == f"{tmp_path}/a/train-gan.sh"
    assert (parsed["request_gpus"], parsed["allowed_execute_duration"]) == ("2", "3600")
    for name, at, expected in (("on_exit_remove", "ExitCode = 75", False),
                               ("on_exit_remove", "ExitCode = 0", True),
                               ("periodic_release", "HoldReasonCode = 47", True),
                               ("periodic_release", "HoldReasonCode = 1", False)):  # fmt: skip
        ad = classad.ClassAd(f"[{at}]")
        assert classad.ExprTree(parsed[name]).eval(ad) is expected
    files = written(tmp_path / "b", *words, "--shares", "20", *SIMULATE)
    array = htcondor.Submit(files["simulate-zn-array.sub"])
    assert (array.getQArgs(), array["arguments"]) == ("20", "$(ProcId)")
    assert files["simulate-zn-array.sh"].endswith('--share "$(($1 + 1))/20"\n')
    assert "PARENT simulate-zn-array CHILD simulate-zn-merge\n" in files["simulate-zn-merge.dag"]


def test_what_htcondor_lacks_is_an_error(tmp_path: Path) -> None:
    for words, said in ((["--nodes", "2"], "run on one machine; 2 nodes"),
                        (["--after", "7"], "--after is for Slurm"),
                        (["--partition", "gpu"], "has no partition 'gpu'")):  # fmt: skip
        done = submitted(tmp_path, "--system", "htcondor", *words, *TRAIN)
        assert done.exit_code == 2
        assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shares", "3", *TRAIN], "train cannot be shared out; --shares is for simulate and gen"),
        (["--nodes", "2", "search", "a.yaml", "--out", "s"], "search is one process on one node"),
        (["--nodes", "2", *SIMULATE], "simulate runs on one node; share the work out"),
        (["models"], "models is no command for a batch system; train, search"),
        (["--time", "8h", *TRAIN], "time is '8h': "),
        (["--memory", "64GB", *TRAIN], "memory is '64GB': "),
        (["--name", "a b", *TRAIN], "the job name 'a b' must be made of letters"),
        ([*TRAIN, "--set", "training.stepz=3"], "training.stepz is not a setting"),
        ([*SIMULATE, "--share", "1/2"], "give submit --shares, the number of tasks"),
    ],
)
def test_a_job_that_cannot_run_is_refused_before_it_waits(
    words: list[str], said: str, tmp_path: Path
) -> None:
    done = submitted(tmp_path, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_option_that_the_command_does_not_have_is_its_own_error(tmp_path: Path) -> None:
    done = submitted(tmp_path, *SIMULATE, "--partcles", "3")
    assert done.exit_code == 2
    assert "--partcles" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_with_a_space_is_quoted(tmp_path: Path) -> None:
    done = submitted(tmp_path / "a b", *TRAIN)
    assert done.output.splitlines()[-1] == f"sbatch --parsable '{tmp_path}/a b/train-gan.sh'"


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    done = submitted(tmp_path, "--dry-run", *TRAIN)
    assert f"==> {tmp_path}/train-gan.sh <==\n#!/bin/bash\n" in done.output
    assert not list(tmp_path.iterdir())


def test_now_without_a_batch_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    done = submitted(tmp_path, "--now", *TRAIN)
    assert "--now needs sbatch, which is not on this machine" in done.stderr
    assert (tmp_path / "train-gan.sh").exists()


def test_the_command_of_tracks_writes_jobs_too(tmp_path: Path) -> None:
    adapt = ["adapt", "configs/pid/dann.yaml", "--out", "runs/dann"]
    words = ["submit", "--folder", str(tmp_path), "--processes", "2", *adapt]
    done = CliRunner().invoke(pid, words)
    assert done.exit_code == 0, done.output
    script = (tmp_path / "adapt-dann.sh").read_text()
    assert (
        "torchrun --nproc-per-node=2 --standalone \\\n    -m pid adapt configs/pid/dann" in script
    )


def test_a_sites_file_gives_defaults(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text('account: alice\nsetup: ["module load python"]\ncpus: 8\n')
    found = resources(site, {"cpus": 2, "setup": ["ulimit -c 0"], "gpus": None})
    assert found == Resources(account="alice", cpus=2, setup=("module load python", "ulimit -c 0"))
    site.write_text("acount: alice\n")
    with pytest.raises(ValueError, match="acount is not a setting"):
        resources(site, {})


@pytest.mark.parametrize(
    ("text", "seconds"), [("8:00:00", 28800), ("1-02:30", 95400), ("0:01:05", 65)]
)
def test_times_are_understood(text: str, seconds: int) -> None:
    assert Resources(time=text).seconds == seconds
