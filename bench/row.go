package main

import (
	"fmt"
	"os/exec"
	"slices"
)

// row is a piece of work, done by Scrutin and by its peers.
type row struct {
	name        string // short; with a side's name it names a process
	title       string
	shape       string // sizes, groups, and what is not the same on both sides
	bench       string // the benchmark of the main module that measures the same path
	allCores    bool   // on as many threads as -threads gives; otherwise on one
	sides       []side
	comparisons []comparison
}

// side does the work of a row. It runs in a process of its own: of this program, or of another that
// keeps to the protocol of serve.
type side struct {
	name    string
	figures []figure                      // of one sample
	missing func(*env) error              // why it cannot run, or nil
	open    func(*env) (sampler, error)   // in the process: set-up
	program func(*env) (*exec.Cmd, error) // another program instead of open
}

// sampler takes one sample: a value for each figure of its side.
type sampler func() ([]float64, error)

// figure is something measured.
type figure struct {
	name string
	unit unit
}

type unit int

const (
	nanoseconds unit = iota
	byteCount
	perSecond
)

// elapsed is the figure of a side that has one.
var elapsed = []figure{{"", nanoseconds}}

// comparison is a line of the table. Quantities are written "side" or "side: figure".
type comparison struct {
	ours, peer string  // no peer: the target is absolute
	atMost     float64 // of the ratio, or of ours; 0 is for information
	memory     bool    // compares the peak of the memory of the side ours with atMost
}

// quantity finds a side and a figure by the name that a comparison uses.
func (r *row) quantity(name string) (side, figureIndex int, err error) {
	for i, s := range r.sides {
		for k, f := range s.figures {
			if name == s.name && k == 0 || name == s.name+": "+f.name {
				return i, k, nil
			}
		}
	}
	return 0, 0, fmt.Errorf("row %s has no %q", r.name, name)
}

// rows are all there are, in the order of the table.
func rows() []row {
	return slices.Concat(
		membershipRows(),
		curveRows(),
		poseidonRows(),
		ballotRows(),
		logarithmRows(),
		referendumRows(),
		censusRows(),
	)
}
