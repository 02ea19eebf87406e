#!/usr/bin/env bash
# Installs the peers into a directory, for `go run . -peers DIR`: setup.sh DIR
# What is there already is left as it is. Packages of the system are installed where apt-get is, which needs root.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: setup.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

missing=()
need() { # command package
	command -v "$1" >/dev/null || missing+=("$2")
}
need belenios-tool belenios-tool
need node nodejs
need npm npm
need g++ g++ # for rapidsnark, which is a library in C++
need taskset util-linux
if [ ${#missing[@]} -gt 0 ]; then
	command -v apt-get >/dev/null || { echo "setup.sh: install ${missing[*]} first" >&2; exit 1; }
	apt-get update -qq
	apt-get install -y -qq "${missing[@]}"
fi

semaphore=4.14.3
npm install --silent --no-audit --no-fund --save-exact --prefix "$dir" snarkjs@0.7.6 \
	"@semaphore-protocol/proof@$semaphore" "@semaphore-protocol/identity@$semaphore" "@semaphore-protocol/group@$semaphore"

artifacts=../proof/zkey
if ! (cd "$dir/artifacts" 2>/dev/null && sha256sum --quiet --status -c "$here/$artifacts/SHA256SUMS"); then
	"$here/$artifacts/download.sh" "$dir/artifacts"
fi

# The Go modules, and rapidsnark with them.
(cd "$here" && go mod download)
