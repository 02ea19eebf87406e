package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// env is what a side knows of the run.
type env struct {
	peers   string // directory of the peers, from setup.sh; may be empty
	scratch string // directory for files of this run
	threads int    // of this side
	quick   bool
}

// size returns full, or the small size of a quick run.
func (e *env) size(full, quick int) int {
	if e.quick {
		return quick
	}
	return full
}

// repeat returns a sampler that runs f as often as a sample of some length needs, and gives the time of one run divided
// by units.
func (e *env) repeat(units int, f func() error) (sampler, error) {
	window := 100 * time.Millisecond
	if e.quick {
		window = 10 * time.Millisecond
	}
	n := 1
	for {
		start := time.Now()
		for range n {
			if err := f(); err != nil {
				return nil, err
			}
		}
		took := time.Since(start)
		if took >= window/2 {
			n = max(1, int(float64(n)*float64(window)/float64(took)))
			break
		}
		n *= 2
	}
	return func() ([]float64, error) {
		start := time.Now()
		for range n {
			if err := f(); err != nil {
				return nil, err
			}
		}
		return []float64{float64(time.Since(start)) / float64(n*units)}, nil
	}, nil
}

// artifact returns the path of a file of Semaphore's ceremony.
func (e *env) artifact(name string) string { return filepath.Join(e.peers, "artifacts", name) }

// installed reports a file of the peers' directory that is not there.
func (e *env) installed(names ...string) error {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(e.peers, name)); err != nil || e.peers == "" {
			return fmt.Errorf("%s is not in the directory of -peers", name)
		}
	}
	return nil
}

// parallel runs f on every thread, with the thread's number.
func (e *env) parallel(f func(thread int) error) error {
	errs := make(chan error)
	for i := range e.threads {
		go func() { errs <- f(i) }()
	}
	var first error
	for range e.threads {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func allThreads() int { return runtime.NumCPU() }
