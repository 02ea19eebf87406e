package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := program(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func program() error {
	var e env
	flag.StringVar(&e.peers, "peers", "", "`directory` of the peers, made by setup.sh")
	flag.IntVar(&e.threads, "threads", allThreads(), "`number` of threads of the rows that use several")
	flag.BoolVar(&e.quick, "quick", false, "small sizes and three samples")
	pattern := flag.String("rows", "", "measure the rows whose names match this regular `expression`")
	samples := flag.Int("samples", 0, "`number` of samples; 0 is 11, or 3 with -quick")
	out := flag.String("out", ".", "`directory` for RESULTS.md and samples.csv")
	list := flag.Bool("list", false, "list the rows and end")
	flag.StringVar(&e.scratch, "scratch", "", "internal: directory of the run's files")
	name := flag.String("side", "", "internal: be the process of this side")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flag.Arg(0))
	}
	all := rows()
	if *name != "" {
		return serveNamed(all, *name, &e)
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	if *list {
		for _, r := range all {
			fmt.Printf("%-12s %s\n%12s %s\n", r.name, r.title, "", r.bench)
		}
		return nil
	}
	if *samples == 0 {
		*samples = e.size(11, 3)
	}
	if e.threads < 1 || e.threads > allThreads() || *samples < 1 {
		return fmt.Errorf("%d threads of %d, %d samples", e.threads, allThreads(), *samples)
	}
	if e.peers != "" {
		if e.peers, err = filepath.Abs(e.peers); err != nil {
			return err
		}
	}
	if e.scratch, err = os.MkdirTemp("", "scrutin-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(e.scratch)

	m := newMachine(&e)
	var results []*result
	var text string
	for i := range all {
		if !match.MatchString(all[i].name) {
			continue
		}
		own := e
		if !all[i].allCores {
			own.threads = 1
		}
		res, err := measure(&all[i], &own, *samples, os.Stderr)
		if err != nil {
			return err
		}
		lines, err := res.lines()
		if err != nil {
			return err
		}
		io.WriteString(os.Stderr, lines)
		results = append(results, res)
		if text, err = write(*out, m, results); err != nil { // so that a later failure leaves them
			return err
		}
	}
	if len(results) == 0 {
		return fmt.Errorf("no row's name matches %q; -list names all", *pattern)
	}
	fmt.Print(text)
	return nil
}

// serveNamed is the process of the side that is named ROW/SIDE.
func serveNamed(all []row, name string, e *env) error {
	of, sideName, _ := strings.Cut(name, "/")
	for i := range all {
		for k := range all[i].sides {
			if s := &all[i].sides[k]; all[i].name == of && s.name == sideName && s.open != nil {
				return serve(s, e)
			}
		}
	}
	return fmt.Errorf("no side %q", name)
}

// write writes both files and returns the text of RESULTS.md.
func write(dir string, m *machine, results []*result) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	command := "go run ." // the directories of a machine are nobody's business
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "peers", "out":
			command += " -" + f.Name + " DIR"
		default:
			command += " -" + f.Name + "=" + f.Value.String()
		}
	})
	var text, samples bytes.Buffer
	if err := errors.Join(report(&text, m, command, results), writeSamples(&samples, results)); err != nil {
		return "", err
	}
	return text.String(), errors.Join(
		os.WriteFile(filepath.Join(dir, "RESULTS.md"), text.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "samples.csv"), samples.Bytes(), 0o644),
	)
}
