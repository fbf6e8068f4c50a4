import os
import signal
import threading
import warnings

import pytest

from gnnseq.training.interrupt import Interrupt

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@both
def test_the_first_waits_and_the_second_does_not(number, capsys):
    before = signal.getsignal(number)
    with Interrupt("Stopping soon.") as interrupt:
        assert not interrupt.requested
        signal.raise_signal(number)
        assert interrupt.requested
        assert capsys.readouterr().err == "\nStopping soon.\n"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


@both
def test_it_is_left_alone_where_the_program_ignores_it(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(number)
        assert not interrupt.requested
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 7), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_forked_process_leaves_ctrl_c_to_its_parent_and_ends_by_sigterm(number, status):
    with Interrupt("Stopping soon."), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks
        child = os.fork()
        if child == 0:
            try:
                signal.raise_signal(number)
            finally:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status


def test_in_another_thread_nothing_changes():
    handlers = []

    def work():
        with Interrupt():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]
