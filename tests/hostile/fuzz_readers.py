"""Coverage-guided fuzzing of the Python readers, with Atheris (pip install atheris):

python tests/hostile/fuzz_readers.py TARGET FOLDER [OPTION OF LIBFUZZER]...

TARGET is one of those in readers.py (ini, csv, csv.gz, ...); FOLDER keeps what was found to read new paths.
"""

import gc
import sys
import types
import warnings
from pathlib import Path

import atheris
import readers

INSTRUMENTED = ("scanfuse", "numpy.lib", "zipfile", "gzip", "json")


def main():
    target, folder, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    warnings.simplefilter("ignore")
    corpus = folder / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(readers.samples(target, folder)):
        (corpus / f"sample{number}").write_bytes(b"\0" + sample)
        readers.read(target, sample, folder)  # imports what is imported late

    def one(data):
        readers.read(target, data[1:], folder, skip_bad=data[:1] == b"\1")

    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and (each.__module__ or "").startswith(INSTRUMENTED):
            atheris.instrument_func(each)
    atheris.Setup([sys.argv[0], str(corpus), *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
