import os
import signal
import threading

from gnnseq.runs.locks import Claims, locked


def in_a_child(function):
    """The exit status of a child process that calls a function."""
    child = os.fork()
    if child == 0:
        os._exit(int(function()))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def takes(path, name):
    with Claims(path) as claims:
        return claims.take(name)


def test_a_name_is_held_by_one_process(tmp_path):
    path = tmp_path / "records.jsonl"

    with Claims(path) as claims:
        assert claims.take("a")
        assert not claims.take("a")
        assert in_a_child(lambda: takes(path, "a")) == 0
        assert in_a_child(lambda: takes(path, "b")) == 1
        claims.release("a")
        assert in_a_child(lambda: takes(path, "a")) == 1
        claims.release("never taken")


def test_a_name_is_free_when_its_process_was_killed(tmp_path):
    path = tmp_path / "records.jsonl"
    reads, writes = os.pipe()

    child = os.fork()
    if child == 0:
        claims = Claims(path)
        os.write(writes, b"1" if claims.take("a") else b"0")
        signal.pause()
    assert os.read(reads, 1) == b"1"
    with Claims(path) as claims:
        assert not claims.take("a")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert claims.take("a")


def test_a_lock_waits_and_follows_the_name(tmp_path):
    path = tmp_path / "file"

    def second():
        with locked(path) as descriptor:
            os.write(descriptor, b"2")

    with locked(path) as descriptor:
        thread = threading.Thread(target=second)
        thread.start()
        (tmp_path / "new").write_text("new ")
        os.replace(tmp_path / "new", path)
        os.write(descriptor, b"to the old file")
    thread.join()
    assert path.read_text() == "new 2"


def test_readers_share(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with locked(path, exclusive=False) as one, locked(path, exclusive=False) as two:
        assert os.pread(one, 1, 0) == os.pread(two, 1, 0) == b"x"


def test_a_name_is_held_by_one_thread_until_it_gives_it_back(tmp_path):
    path = tmp_path / "records.jsonl"

    with Claims(path) as second:
        with Claims(path) as first:
            assert first.take("a")
            assert second.take("b")
            assert not second.take("a")
            second.release("a")
            assert not second.take("a")
        assert in_a_child(lambda: takes(path, "b")) == 0
        assert in_a_child(lambda: takes(path, "a")) == 1
        assert second.take("a")
