//go:build unix

// Mutate removes and inverts the checks of the verifying code, one at a time, and sees whether a test notices.
//
//	go run ./internal/mutate                      # all of code.txt: an hour or two on two cores
//	go run ./internal/mutate -only 'proof/*.go'   # some files
//
// A check is a condition under which a function returns an error or false, or notes an error: of an if, of a
// case, each operand of an ||; and a condition that a function returns as its result. What is tried:
//
//	never     the condition of a check is false: the check is removed
//	inverted  it is its opposite
//	true      a returned condition, or one operand of its &&, is true
//	false     a returned condition is false
//
// All mutants are compiled into the tests at once, by an overlay: the files on disk stay as they are. A variable of
// the environment picks one at run time. Every test is first run alone, to see which conditions it reaches; then
// a mutant meets only those tests, the quick ones first, until one fails.
//
// The report is Markdown on standard output. A mutant that survives makes the exit status 1, unless equivalent.txt gives the
// reason why it changes nothing that a test could see.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed code.txt
var code string

//go:embed equivalent.txt
var equivalent string

func main() {
	log.SetFlags(log.Ltime)
	only := flag.String("only", "", "`patterns` of files, as 'proof/*.go tally/audit.go', instead of all in code.txt")
	workers := flag.Int("workers", 2, "test processes at once")
	slowest := flag.Duration("slowest", 20*time.Second, "leave out tests that take longer")
	list := flag.Bool("list", false, "list the mutants and stop")
	believe := flag.Bool("believe", false, "do not try those of equivalent.txt, which meet every test: half of the time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survivors, err := run(ctx, *only, *workers, *slowest, *list, *believe)
	if err != nil {
		log.Fatal(err)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, workers int, slowest time.Duration, list, believe bool) (survivors int, err error) {
	known, err := parseEquivalent(equivalent)
	if err != nil {
		return 0, err
	}
	patterns := lines(code)
	if only != "" {
		patterns = strings.Fields(only)
	}
	m, err := load(ctx, patterns)
	if err != nil {
		return 0, err
	}
	if list {
		for _, one := range m.mutants {
			fmt.Println(one.key())
		}
		return 0, nil
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	b, err := build(ctx, m, dir)
	if err != nil {
		return 0, err
	}
	if err := b.trace(ctx, workers, slowest); err != nil {
		return 0, err
	}
	b.kill(ctx, workers, func(m *mutant) bool { return believe && known[m.key()] != "" })
	if ctx.Err() != nil {
		return 0, errors.New("interrupted")
	}
	return report(m, known, only == ""), nil
}

// report prints the outcome and returns the number of mutants that survive without a reason. A reason for a
// mutant that is not there any more, or that was killed, is wrong, and counts too where all were tried.
func report(m *module, known map[string]string, all bool) (survivors int) {
	type count struct{ mutants, killed, equivalent int }
	counts := map[string]*count{}
	var lists [2][]string // survivors; equivalents
	unused := maps.Clone(known)
	for _, one := range m.mutants {
		dir := path.Dir(one.file)
		if counts[dir] == nil {
			counts[dir] = &count{}
		}
		counts[dir].mutants++
		reason, isKnown := known[one.key()]
		switch {
		case one.killer != "":
			counts[dir].killed++
		case isKnown:
			counts[dir].equivalent++
			delete(unused, one.key())
			lists[1] = append(lists[1], fmt.Sprintf("- `%s`: %s", one.key(), reason))
		case one.tests == 0:
			lists[0] = append(lists[0], fmt.Sprintf("- `%s`, line %d: no test reaches it", one.key(), one.line))
		default:
			lists[0] = append(lists[0], fmt.Sprintf("- `%s`, line %d: %d tests pass", one.key(), one.line, one.tests))
		}
	}
	fmt.Printf("| package | mutants | killed | equivalent | survive |\n|---|--:|--:|--:|--:|\n")
	var sum count
	for _, dir := range slices.Sorted(maps.Keys(counts)) {
		c := counts[dir]
		fmt.Printf("| `%s` | %d | %d | %d | %d |\n", dir, c.mutants, c.killed, c.equivalent, c.mutants-c.killed-c.equivalent)
		sum = count{sum.mutants + c.mutants, sum.killed + c.killed, sum.equivalent + c.equivalent}
	}
	fmt.Printf("| all | %d | %d | %d | %d |\n", sum.mutants, sum.killed, sum.equivalent, sum.mutants-sum.killed-sum.equivalent)
	for i, title := range []string{"Survivors", "Equivalent"} {
		if len(lists[i]) > 0 {
			slices.Sort(lists[i])
			fmt.Printf("\n%s:\n\n%s\n", title, strings.Join(lists[i], "\n"))
		}
	}
	survivors = len(lists[0])
	if all {
		for _, key := range slices.Sorted(maps.Keys(unused)) {
			fmt.Printf("\nequivalent.txt: no surviving mutant `%s`\n", key)
			survivors++
		}
	}
	return survivors
}

// parseEquivalent reads pairs of lines: the key of a mutant, and, indented, the reason why it is equivalent.
func parseEquivalent(text string) (map[string]string, error) {
	known := map[string]string{}
	key := ""
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		line := scanner.Text()
		reason, isReason := strings.CutPrefix(line, "\t")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case isReason && key != "" && strings.TrimSpace(reason) != "":
			known[key], key = reason, ""
		case isReason || key != "":
			return nil, fmt.Errorf("equivalent.txt: a key, then its reason, indented by a tab: %q", line)
		default:
			key = line
		}
	}
	if key != "" {
		return nil, fmt.Errorf("equivalent.txt: no reason for %q", key)
	}
	return known, nil
}

func lines(text string) (out []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
