"""Stand-ins for the CUDA libraries that torch is linked to and never calls on a CPU.

``python3 cuda_stubs.py TORCH_SITE CUDA_SITE OUT_SITE``, each a ``site-packages`` directory. The
wheel of torch loads gigabytes of CUDA to resolve names. A stand-in has those names, in a few
kilobytes, and ends the process with a message if one is called. The runtime and the profiler's
interface are small, and asked whether there is a GPU: they are copied as they are.
"""

import shutil
import subprocess
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

KEPT = ("libcudart.so", "libcupti.so")
REFUSAL = """
#include <stdlib.h>
#include <unistd.h>
void matops_no_cuda(void) {
  static const char words[] = "matops: this image has no CUDA; the training image has\\n";
  if (write(2, words, sizeof words - 1)) {}
  abort();
}
"""


def symbols(library: Path, which: str) -> set[str]:
    """Versioned names of a library's symbols: ``--undefined-only`` or ``--defined-only``.

    Those of C++ are left out: CUDA's interfaces are C, and what its libraries have of the standard
    library is not theirs to offer.
    """
    command = ["nm", "--dynamic", which, str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = {line.split()[-1].replace("@@", "@") for line in lines}
    return {name for name in names if not name.startswith("_Z")}


def needed(library: Path) -> set[str]:
    """Names of the libraries that a library is linked to."""
    command = ["readelf", "--dynamic", str(library)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.split("[")[1].rstrip("]") for line in text.splitlines() if "(NEEDED)" in line}


def write_stub(names: list[str], out: Path) -> None:
    """Compile a library in which every one of the versioned names refuses to work."""
    versions: dict[str, list[str]] = defaultdict(list)
    for versioned in names or ["matops_no_cuda"]:
        name, _, version = versioned.partition("@")
        versions[version].append(name)
    aliases = (
        f'void {name}(void) __attribute__((alias("matops_no_cuda")));\n'
        for name in chain.from_iterable(versions.values())
        if name != "matops_no_cuda"
    )
    nodes = (f"{version} {{ global: {'; '.join(has)}; }};\n" for version, has in versions.items())
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        source, script = Path(scratch, "stub.c"), Path(scratch, "stub.map")
        source.write_text(REFUSAL + "".join(aliases))
        script.write_text("".join(nodes))
        command = ["gcc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{out.name}", "-o", str(out)]
        subprocess.run([*command, f"-Wl,--version-script={script}", str(source)], check=True)


def write_stubs(torch_site: Path, cuda_site: Path, out_site: Path) -> None:
    """Write what torch's libraries need of CUDA below ``out_site``, each where torch looks."""
    torch = sorted((torch_site / "torch" / "lib").glob("*.so"))
    asked = {name for one in torch for name in symbols(one, "--undefined-only")}
    linked = set().union(*map(needed, torch))
    for real in sorted(cuda_site.glob("nvidia/**/lib/*.so*")):
        if real.name not in linked:
            continue
        out = out_site / real.relative_to(cuda_site)
        if real.name.startswith(KEPT):
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(real, out)
        else:
            write_stub(sorted(asked & symbols(real, "--defined-only")), out)


if __name__ == "__main__":
    write_stubs(*map(Path, sys.argv[1:4]))
