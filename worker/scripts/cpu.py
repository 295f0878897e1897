"""Keeps a wheel from needing the processor that it was built on.

Flags reach the compiler by ways that no log shows (CMake, ninja, a probe of /proc/cpuinfo), so the compilers themselves are watched: wrappers that stand first
on PATH give the target's level in place of `native`, and note the flags that go beyond it. What no wrapper saw is found in the wheel's own instructions.
Levels: https://gitlab.com/x86-psABIs/x86-64-ABI, "Micro-Architecture Levels".
"""

import io
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import zipfile

from elftools.elf.elffile import ELFFile

WRAPPERS = pathlib.Path("/build/wrappers")
NOTES = pathlib.Path("/build/reports/cpu-flags")
BASELINE = {"x86_64": "x86-64", "aarch64": "armv8-a"}
COMPILER = re.compile(r"(?:[\w]+-linux-gnu-)?(?:cc|gcc|c\+\+|g\+\+|clang|clang\+\+|gfortran)(?:-\d+)?")
LEVELS = ["x86-64", "x86-64-v2", "x86-64-v3"]
# As features: gcc knows the levels by name only from 11 on.
FEATURES = {
    "x86-64": "mmx sse sse2 fxsr",
    "x86-64-v2": "cx16 sahf popcnt sse3 ssse3 sse4.1 sse4.2",
    "x86-64-v3": "avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave",
}
# Of gcc and of Rust.
OTHER_NAMES = {"sse4": "sse4.2", "abm": "lzcnt", "bmi1": "bmi", "cmpxchg16b": "cx16"}
# Instructions that a compiler emits only for a level beyond the first, as objdump names them. tzcnt and lzcnt are bsf and bsr to older processors.
INSTRUCTIONS = {
    "x86-64-v2": r"popcnt[lqw]?|crc32[bwlq]?|pshufb|palignr|pmaddubsw|pmulhrsw|pabs[bwd]|phadd\w+|ptest|pmul(?:ld|dq)|p(?:min|max)(?:sb|sd|uw|ud)|pmov[sz]x\w+"
    r"|pinsr[bdq]|pextr[bdq]|p?blend\w+|pcmpeqq|pcmpgtq|packusdw|round[sp][sd]|dpp[sd]|insertps|extractps|movddup|movs[hl]dup|lddqu|cmpxchg16b",
    "x86-64-v3": r"v[a-z]\w+\s.*%[xy]mm\d+|vzero(?:upper|all)|andn[lq]?|bextr[lq]?|bls(?:i|r|msk)[lq]?|bzhi[lq]?|mulx[lq]?|pdep[lq]?|pext[lq]?|rorx[lq]?|s(?:ar|hl|hr)x[lq]?|movbe[lqw]?",
    "": r"v[a-z]\w+\s.*(?:%zmm\d+|%k\d|%[xy]mm(?:1[6-9]|2\d|3[01]))|(?:v?aes\w+|v?pclmul\w+|sha(?:1|256)\w+)\s.*%[xyz]mm\d+",
}
# Fewer may be data that stands between instructions.
LEAST = 5
# A note: native or isa, the flags, the source, and 1 where it holds the function that the interpreter calls first.
WRAPPER = r"""#!/bin/sh
native= isa= source= object= last= compiles= lists= c=
for argument do
  shift
  case $argument in
    -march=native | -mcpu=native) native=$argument; argument=-march={baseline} ;;
    -mtune=native) argument=-mtune=generic ;;
    -march=* | -mcpu=* | -msse* | -mssse* | -mavx* | -mfma* | -mbmi* | -mf16c | -mlzcnt | -mpopcnt | -mabm | -mmovbe | -mxop | -mtbm | -maes | -mvaes | \
    -mpclmul | -mvpclmulqdq | -msha* | -mgfni | -madx | -mcx16 | -mamx*) isa="$isa $argument" ;;
    @*) if grep -qsE -e '-m(arch|cpu|tune)=native' "${{argument#@}}"; then
          sed -E 's/-m(arch|cpu)=native/-march={baseline}/g; s/-mtune=native/-mtune=generic/g' "${{argument#@}}" > "${{argument#@}}.portable"
          native=-march=native argument="$argument.portable"
        fi ;;
    -c) compiles=1 ;;
    -M*) lists=1 ;;
    *.c | *.cc | *.cpp | *.cxx | *.c++ | *.C) source=$argument c=1 ;;
    *.f | *.F | *.f90 | *.F90 | *.s | *.S) source=$argument ;;
  esac
  case $last in -o) object=$argument ;; esac
  last=$argument
  set -- "$@" "$argument"
done
[ -z "{listing}" ] || [ -z "$compiles" ] || [ -n "$lists" ] || [ -z "$c" ] || set -- "$@" -MD -MF "{listing}/$$.d"
[ -z "$native" ] || printf 'native\t%s\t%s\t0\n' "$native" "$source" >> {notes}
[ -n "$isa" ] && [ -n "$source" ] || exec {command} "$@"
{command} "$@" || exit
first=0
! grep -qs PyInit_ "${{object:-$(basename "${{source%.*}}").o}}" || first=1
printf 'isa\t%s\t%s\t%s\n' "${{isa# }}" "$source" "$first" >> {notes}
"""
# What cargo hands on from RUSTFLAGS and .cargo/config.toml. Rust's own dispatch is by function, so a flag for a whole library is none.
RUST_WRAPPER = r"""#!/bin/sh
isa= source= first=0
for argument do
  shift
  case $argument in
    *target-cpu=native) printf 'native\t-C target-cpu=native\t%s\t0\n' "$source" >> {notes}; argument="${{argument%native}}{level}" ;;
    *target-cpu=* | *target-feature=*+*) isa="$isa ${{argument#-C}}" ;;
    *cdylib*) first=1 ;;
    *.rs) source=$argument ;;
  esac
  set -- "$@" "$argument"
done
[ -z "$isa" ] || [ -z "$source" ] || printf 'isa\t%s\t%s\t%s\n' "${{isa# }}" "$source" "$first" >> {notes}
exec {command} {flags} "$@"
"""


class CpuBound(Exception):
    """The wheel needs a processor beyond the level that it is built for."""


def wrap_compilers(arch, level, path, before=(), listing=""):
    """
    Puts a wrapper for every compiler on `path` into WRAPPERS. `level`: one of LEVELS, or None for the architecture's baseline. `before`: what runs the
    compilers of C, C++ and Fortran, e.g. ccache. `listing`: a folder where each compilation of C and C++ lists the headers that it read, unless it lists
    them elsewhere.
    """
    if arch not in BASELINE:
        return
    raised = [f"-m{name}" for rank in LEVELS[1 : rank_of(level) + 1] for name in FEATURES[rank].split()] if arch == "x86_64" else []
    for name in {file.name for folder in path.split(":") for file in pathlib.Path(folder).glob("*") if COMPILER.fullmatch(file.name)}:
        command = shlex.join([*before, shutil.which(name, path=path), *raised])
        write(name, WRAPPER.format(notes=NOTES, baseline=BASELINE[arch], command=command, listing=listing))
    rustc = shutil.which("rustc", path=path)
    if rustc is not None and arch == "x86_64":
        flags = f"-C target-cpu={level}" if level else ""
        write("rustc", RUST_WRAPPER.format(notes=NOTES, level=level or BASELINE[arch], command=shlex.quote(rustc), flags=flags))


def write(name, text):
    wrapper = WRAPPERS / name
    wrapper.write_text(text)
    wrapper.chmod(0o755)


def rank_of(level):
    return LEVELS.index(level) if level else 0


def beyond(flags, level):
    """Those of the compiler's flags that ask for more than the level has."""
    allowed = {name for rank in LEVELS[: rank_of(level) + 1] for name in FEATURES[rank].split()}
    return [flag for flag in flags if not is_within(flag, allowed, level)]


def is_within(flag, allowed, level):
    if "target-feature=" in flag:
        features = re.findall(r"\+([\w.]+)", flag)
        return all(OTHER_NAMES.get(name, name) in allowed or name == "crt-static" for name in features)
    processor = re.search(r"(?:-march|-mcpu|target-cpu)=(.+)", flag)
    if processor is not None:
        return processor[1] in [*LEVELS[: rank_of(level) + 1], "generic"]
    name = flag.removeprefix("-m")
    return OTHER_NAMES.get(name, name) in allowed


def notes():
    """Returns [(kind, [flag], source, holds the first function)]."""
    if not NOTES.exists():
        return []
    lines = NOTES.read_text(errors="replace").splitlines()
    parts = [line.split("\t") for line in lines if line.count("\t") == 3]
    return [(kind, re.sub(r"-C ", "", flags).split(), source, first == "1") for kind, flags, source, first in parts]


def check(wheel, arch, level, say):
    """Says what was taken from the compilers. @raises CpuBound for a wheel that would need more than the level all the same."""
    if arch != "x86_64":
        return
    wanted = f"the level {level} of the recipe" if level else f"the baseline of the architecture ({BASELINE[arch]})"
    seen = notes()
    for flag in dict.fromkeys(flags[0] for kind, flags, _, _ in seen if kind == "native"):
        sources = list(dict.fromkeys(source for kind, flags, source, _ in seen if kind == "native" and flags[0] == flag and source))
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        where = f" for {sources[0]}{more}" if sources else ""
        say(f"the build asked for the CPU of this machine ({flag}){where}; it got {wanted} instead")
    for kind, flags, source, first in seen:
        over = beyond(flags, level)
        if kind == "isa" and first and over:
            # The interpreter runs this file's code before anything could look at the processor.
            raise CpuBound(f"{source} was compiled with {' '.join(over)}, which is beyond {wanted}, and it holds the module's first function")
    flagged = next(((source, over) for kind, flags, source, _ in seen if kind == "isa" and (over := beyond(flags, level))), None)
    check_instructions(wheel, level, wanted, flagged)


def check_instructions(wheel, level, wanted, flagged):
    """A file that uses instructions beyond the level is taken for one that chooses at run time only when something in the wheel asks the processor what it has."""
    above = "|".join(pattern for name, pattern in INSTRUCTIONS.items() if name not in LEVELS[: rank_of(level) + 1])
    found, asks = None, False
    with zipfile.ZipFile(wheel) as archive, tempfile.NamedTemporaryFile() as copy:
        for info in archive.infolist():
            with archive.open(info) as file:
                if file.read(4) != b"\x7fELF":
                    continue
            content = archive.read(info)
            if ELFFile(io.BytesIO(content)).header.e_machine != "EM_X86_64":
                continue
            pathlib.Path(copy.name).write_bytes(content)
            function, used = "", []
            for line in disassembled(copy.name, rf"^[0-9a-f]+ <\w+>:$|^\s*[0-9a-f]+:\s+(?:cpuid|{above})(?!\w)"):
                if line.endswith(">:"):
                    function = line.split("<")[1][:-2]
                elif line.split()[1] == "cpuid":
                    asks = True
                else:
                    used.append((line, function))
            asks = asks or b"getauxval" in content
            if found is None and len(used) >= LEAST:
                line, function = used[0]
                where = f" in {function}" if function else ""
                found = info.filename, f"`{' '.join(line.partition('#')[0].split()[1:])}`{where}", len(used)
    if found is not None and not asks:
        path, first, count = found
        flags = f"; {flagged[0]} was compiled with {' '.join(flagged[1])}" if flagged else ""
        raise CpuBound(f"{path} holds {count} instructions beyond {wanted}, e.g. {first}, and nothing in the wheel asks what the processor has{flags}")


def disassembled(path, pattern):
    """The instructions of an ELF file that match, one line each."""
    objdump = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    grep = subprocess.run(["grep", "-aP", pattern], stdin=objdump.stdout, stdout=subprocess.PIPE, text=True, errors="replace")
    objdump.stdout.close()
    objdump.wait()
    return grep.stdout.splitlines()
