//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tests is the compiled tests of all packages.
type tests struct {
	*module
	dir     string
	list    []test
	reached [][]int // by site: the tests in list that reach it
}

type test struct {
	dir, binary, name string
	duration          time.Duration
}

// build compiles the tests of every package with all mutants.
func build(ctx context.Context, m *module, dir string) (*tests, error) {
	replace := map[string]string{}
	for file, content := range m.files {
		name := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return nil, err
		}
		replace[file] = name
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return nil, err
	}
	t := &tests{module: m, dir: dir}
	for i, p := range m.packages {
		log.Printf("compiling the tests of %s", p)
		binary := filepath.Join(dir, fmt.Sprintf("%d.test", i))
		compile := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlayFile, "-o", binary, "./"+p)
		compile.Dir = m.root
		if out, err := compile.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", p, err, out)
		}
		list := exec.CommandContext(ctx, binary, "-test.list", ".")
		list.Dir = filepath.Join(m.root, p)
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("tests of %s: %w", p, err)
		}
		for _, name := range strings.Fields(string(out)) {
			if strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Example") {
				t.list = append(t.list, test{dir: p, binary: binary, name: name})
			}
		}
	}
	return t, nil
}

// maxMemory bounds the address space of a test process, in KB: a mutant may allocate without bound.
const maxMemory = 8 << 20

// start runs tests of one binary, with a variable of the environment. It reports whether they pass.
func (t *tests) start(ctx context.Context, limit time.Duration, env string, list ...test) bool {
	names := make([]string, len(list))
	for i := range list {
		names[i] = regexp.QuoteMeta(list[i].name)
	}
	ctx, cancel := context.WithTimeout(ctx, limit+10*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$@"`, maxMemory), "sh",
		list[0].binary, "-test.run", "^("+strings.Join(names, "|")+")$", "-test.failfast", "-test.timeout", limit.String())
	c.Dir = filepath.Join(t.root, list[0].dir)
	c.Env = append(os.Environ(), env, "TMPDIR="+t.dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	return c.Run() == nil
}

// trace runs every test alone and notes what it reaches and how long it takes.
func (t *tests) trace(ctx context.Context, workers int, slowest time.Duration) error {
	sites := t.mutants[len(t.mutants)-1].site + 1
	t.reached = make([][]int, sites)
	var mu sync.Mutex
	var failed []error
	parallel(workers, len(t.list), func(i int) {
		one := &t.list[i]
		file := filepath.Join(t.dir, fmt.Sprintf("trace%d", i))
		start := time.Now()
		passed := t.start(ctx, slowest, "SCRUTIN_MUTANT_TRACE="+file, *one)
		one.duration = time.Since(start)
		out, err := os.ReadFile(file)
		os.Remove(file)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case ctx.Err() != nil:
		case one.duration >= slowest:
			log.Printf("%s %s takes longer than %v and is left out", one.dir, one.name, slowest)
		case !passed && t.start(ctx, slowest, "SCRUTIN_MUTANT=", *one):
			log.Printf("%s %s counts what tracing costs, too, and is left out", one.dir, one.name)
		case !passed:
			failed = append(failed, fmt.Errorf("%s %s fails without a mutant", one.dir, one.name))
		case err == nil:
			for _, line := range bytes.Fields(out) {
				if site, err := strconv.Atoi(string(line)); err == nil && site < sites {
					t.reached[site] = append(t.reached[site], i)
				}
			}
		}
		if (i+1)%100 == 0 {
			log.Printf("traced %d of %d tests", i+1, len(t.list))
		}
	})
	return errors.Join(append(failed, ctx.Err())...)
}

// kill lets every mutant that is not left out meet the tests that reach it.
func (t *tests) kill(ctx context.Context, workers int, leftOut func(*mutant) bool) {
	parallel(workers, len(t.mutants), func(i int) {
		m := t.mutants[i]
		if leftOut(m) {
			return
		}
		dir := filepath.ToSlash(filepath.Dir(m.file))
		list := make([]test, 0, len(t.reached[m.site]))
		for _, k := range t.reached[m.site] {
			list = append(list, t.list[k])
		}
		away := func(one test) int { return cmp.Compare(one.dir, dir) & 1 } // tests of the package itself come first
		slices.SortFunc(list, func(a, b test) int {
			return cmp.Or(cmp.Compare(away(a), away(b)), cmp.Compare(a.dir, b.dir), cmp.Compare(a.duration, b.duration))
		})
		m.tests = len(list)
		env := fmt.Sprintf("SCRUTIN_MUTANT=%d:%s", m.site, m.kind)
		for len(list) > 0 && ctx.Err() == nil {
			n, sum := 1, list[0].duration
			for n < len(list) && list[n].dir == list[0].dir && (n < 4 || sum > 3*time.Second) && n < 50 {
				sum += list[n].duration
				n++
			}
			if !t.start(ctx, 30*time.Second+3*sum, env, list[:n]...) {
				m.killer = list[0].dir
				break
			}
			list = list[n:]
		}
		if (i+1)%50 == 0 {
			log.Printf("tried %d of %d mutants", i+1, len(t.mutants))
		}
		if m.killer == "" && ctx.Err() == nil {
			log.Printf("survives: %s (line %d, %d tests)", m.key(), m.line, m.tests)
		}
	})
}

// parallel calls f(0) .. f(n-1) from some goroutines.
func parallel(workers, n int, f func(int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}
