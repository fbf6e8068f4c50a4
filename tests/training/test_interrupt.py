import signal
import threading

import pytest

from gnnseq.training.interrupt import Interrupt


def test_the_first_waits_and_the_second_does_not(capsys):
    before = signal.getsignal(signal.SIGINT)
    with Interrupt("Stopping soon.") as interrupt:
        assert not interrupt.requested
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        assert capsys.readouterr().err == "\nStopping soon.\n"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_it_is_left_alone_where_the_program_ignores_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert not interrupt.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes():
    handlers = []

    def work():
        with Interrupt():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]
