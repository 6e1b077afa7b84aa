"""Types of what the functions of the package take and give."""
import os
import typing

Path = typing.Union[str, bytes, "os.PathLike[str]"]
Progress = typing.Optional[typing.Callable[[str, int, typing.Optional[int]], object]]  # of stage, done, total
Message = typing.Optional[typing.Callable[[str], object]]
Report = typing.Dict[str, typing.Any]
