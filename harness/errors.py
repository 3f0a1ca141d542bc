"""Every error that a user can meet.

HarnessError                     a clear message; the command ends with `exit_code`
├── UsageError              2    an invalid option, name or number
├── ManifestError           2    a manifest with a typo or a wrong value
├── RecipeError             2    rejected sources or recipe; becomes a failed outcome
├── ResultsError            2    a results folder that is missing or unreadable
│   └── ChangedError             a run that cannot be resumed: its machine or its sources changed
├── DiskFullError           2    no space left, here or on the engine
├── EngineError             2    no engine, no permission to use it, or it stopped answering
│   ├── EngineRefusedError       an engine runs, but this user may not use it
│   ├── EngineBusyError          another harness is using it
│   └── BuildError               a recipe failed; becomes a failed outcome, carries the log
├── GateError               3    a budget or another gate that was not met
└── StoppedError          130    a signal ended the command (128 and the signal's number)
ProtocolError                    an implementation broke the contract; becomes a failed outcome
└── UnexplainedError             time that nothing explains: the claim is false, if it happens again

Anything else is a bug in harness: the command ends with FAULT, and says where it kept the traceback.
"""

FAULT = 70  # EX_SOFTWARE of sysexits.h: never 1, which says that a case failed


class HarnessError(Exception):
    """What happened, to what, and what to do now: the message is all that the user sees."""

    exit_code = 2


class UsageError(HarnessError):
    """An invalid option, name or number."""


class ManifestError(HarnessError):
    """A manifest with a typo or a wrong value."""


class RecipeError(HarnessError):
    """Rejected sources or a rejected recipe; becomes a failed outcome."""


class ResultsError(HarnessError):
    """A results folder that is missing or cannot be read."""


class ChangedError(ResultsError):
    """A run that cannot be resumed: its machine or its sources changed."""


class DiskFullError(HarnessError):
    """No space left, here or on the engine."""


class EngineError(HarnessError):
    """No container engine, no permission to use it, or it stopped answering."""


class EngineRefusedError(EngineError):
    """An engine runs, but this user may not use it."""


class EngineBusyError(EngineError):
    """Another harness is using the engine."""


class BuildError(EngineError):
    """A recipe that failed to build; `log` is everything the builder printed."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


class GateError(HarnessError):
    """A budget or another gate that was not met."""

    exit_code = 3


class StoppedError(HarnessError):
    """A signal ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted")
        self.exit_code = 128 + number


class ProtocolError(Exception):
    """An implementation broke the contract; the message becomes the reason of a failed outcome."""


class UnexplainedError(ProtocolError):
    """Time that nothing explains: the engine's, the kernel's, or a false claim. Only the latter happens again."""
