package main

import (
	"errors"
	"fmt"
	"io"
)

// result is what was measured of a row.
type result struct {
	row     *row
	missing []error       // by side; why it did not run
	samples [][][]float64 // by side, figure and sample
	memory  []int64       // by side, the peak in bytes; 0 is not known
	reset   bool          // the peaks are those since the set-up
	quick   bool          // sizes are small, so that nothing is judged
}

// measure runs the sides of a row, and takes samples of one after the other in turn. A side that is missing is left out.
func measure(r *row, e *env, samples int, progress io.Writer) (_ *result, err error) {
	res := &result{
		row:     r,
		missing: make([]error, len(r.sides)),
		samples: make([][][]float64, len(r.sides)),
		memory:  make([]int64, len(r.sides)),
		reset:   true,
		quick:   e.quick,
	}
	processes := make([]*process, len(r.sides))
	stop := func(i int) error {
		p := processes[i]
		processes[i] = nil
		return p.stop()
	}
	defer func() { // after a failure
		for i, p := range processes {
			if p != nil {
				err = errors.Join(err, stop(i))
			}
		}
	}()
	for i := range r.sides {
		s := &r.sides[i]
		res.samples[i] = make([][]float64, len(s.figures))
		if s.missing != nil {
			if res.missing[i] = s.missing(e); res.missing[i] != nil {
				fmt.Fprintf(progress, "%s: %s: missing: %v\n", r.name, s.name, res.missing[i])
				continue
			}
		}
		fmt.Fprintf(progress, "%s: %s: set-up\n", r.name, s.name)
		if processes[i], err = start(r, s, e); err != nil {
			return nil, err
		}
		res.reset = res.reset && processes[i].reset
	}
	for n := range samples {
		fmt.Fprintf(progress, "%s: sample %d of %d\n", r.name, n+1, samples)
		for i, p := range processes {
			if p == nil {
				continue
			}
			values, err := p.sample()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			for k, v := range values {
				res.samples[i][k] = append(res.samples[i][k], v)
			}
		}
	}
	for i, p := range processes {
		if p != nil {
			if err := stop(i); err != nil {
				return nil, err
			}
			res.memory[i] = p.memory
		}
	}
	return res, nil
}
