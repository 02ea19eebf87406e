#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another, and prints what came of it as a table of docs/fuzzing.md.
#
#   internal/fuzz/run.sh SECONDS [PATTERN]
#
# SECONDS are shared by the targets, at least one for each; PATTERN picks targets by name. The corpus that grows is kept in
# the directory FUZZCACHE, by default Go's own. Exits with 1 if a target failed; the input is then in its testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/../.."

total=${1:?usage: internal/fuzz/run.sh SECONDS [PATTERN]}
pattern=${2:-.}
cache=${FUZZCACHE:-$(go env GOCACHE)/fuzz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

module=$(go list -m)
targets=()
while IFS=: read -r file name; do
	if [[ $name =~ $pattern ]]; then targets+=("$(dirname "$file") $name"); fi
done < <(git grep --untracked -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //' | sort)
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz target matches $pattern" >&2; exit 1; }
each=$((total / ${#targets[@]}))
[ "$each" -ge 1 ] || each=1

printf '%d targets, %d s each, %s, Go %s, commit %s\n\n' "${#targets[@]}" "$each" "$(nproc) cores" "$(go env GOVERSION)" "$(git rev-parse --short HEAD)"
printf '| package | target | executions | a second | new inputs | corpus | result |\n|---|---|--:|--:|--:|--:|---|\n'
failed=0 executions=0
for t in "${targets[@]}"; do
	read -r dir name <<<"$t"
	binary=$work/${dir//\//_}.test
	[ -x "$binary" ] || go test -c -fuzz='^Fuzz' -o "$binary" "./$dir"
	result=ok
	(cd "$dir" && "$binary" -test.run='^$' -test.fuzz="^$name\$" -test.fuzztime="${each}s" -test.fuzzminimizetime=1s \
		-test.fuzzcachedir="$cache/$module/$dir") >"$work/log" 2>&1 || { result=FAILED failed=1; cp "$work/log" "$work/$name.log"; }
	# fuzz: elapsed: 3s, execs: 325017 (108336/sec), new interesting: 11 (total: 202)
	last=$(grep -E '^fuzz: elapsed: .*execs: ' "$work/log" | tail -n 1 || true)
	read -r count fresh corpus < <(sed -nE 's/.*execs: ([0-9]+) .*new interesting: ([0-9]+) \(total: ([0-9]+)\).*/\1 \2 \3/p' <<<"$last") || true
	executions=$((executions + ${count:-0}))
	printf '| `%s` | `%s` | %s | %s | %s | %s | %s |\n' "$dir" "$name" "${count:-0}" "$((${count:-0} / each))" "${fresh:-0}" "${corpus:-0}" "$result"
	if [ "$result" != ok ]; then sed 's/^/    /' "$work/log" >&2; fi
	count='' fresh='' corpus=''
done
printf '\n%d executions in %d s.\n' "$executions" "$SECONDS"
exit "$failed"
