#!/usr/bin/env bash
# The tests of the compiled hot path, of loading and of the store, a campaign of damaged buffers, a tenth of them with frames
# of the parser fuzzer, and one of what is compiled for registration, loading, store and trail (`twins.py`), with every memory
# access and every shift checked: the extension is built with AddressSanitizer and UndefinedBehaviorSanitizer into a folder of
# its own and run from there.
#
#   tests/fuzz/asan.sh [BUFFERS]     PYTHON picks an interpreter that has the test needs and Cython
#
# Needs gcc with its sanitizers. Python's own memory comes from malloc for the run, so that reading one octet past a buffer
# is seen; leaks are not looked for, because the interpreter keeps what it has.
set -euo pipefail
cd "$(dirname "$0")/../.."

buffers=${1:-1000000}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
mkdir "$work/idis"
for portion in registry resolver bench; do ln -s "$PWD/$portion" "$work/idis/$portion"; done
cp -r proto "$work/idis/proto"
rm -f "$work"/idis/proto/_speedups*.so
"$python" -m cython -3 "$work/idis/proto/_speedups.pyx" -o "$work/_speedups.c"
gcc -shared -fPIC -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -I"$include" "$work/_speedups.c" -o "$work/idis/proto/_speedups$suffix"

export PYTHONPATH=$work PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1
export LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
"$python" -c 'from idis.proto import _speedups; print("checked:", _speedups.__file__)'
"$python" tests/proto/speedups/hot_differential.py --buffers "$buffers" --processes 1
"$python" tests/fuzz/twins.py --rounds "$buffers"
"$python" -m pytest -p no:cacheprovider --timeout 0 tests/proto/speedups tests/resolver/transports/test_dns_twins.py \
    tests/registry/loading tests/registry/store
