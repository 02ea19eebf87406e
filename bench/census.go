package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/poseidon"
)

// capital is the size of a capital city's roll, 2^21.
const capital = 1 << 21

func censusRows() []row {
	const ours, hashes = "scrutin", "its hashes alone"
	var out []row
	for _, weighted := range []bool{false, true} {
		title, leaf := "census of 2^21 members", "one of two inputs a member"
		name := "census"
		if weighted {
			title, leaf, name = "weighted census of 2^21 members", "one of two and one of three inputs a member", "weighted"
		}
		out = append(out, row{
			name:     name,
			title:    title,
			allCores: true,
			shape: "Building the tree from members in memory. The floor is as many hashes on as many threads, " + leaf + ". A path is of a random member; an appended member " +
				"changes all nodes above it.",
			bench: fmt.Sprintf("go test -run '^$' -bench 'Build/.*/weighted=%[1]t|Capital/weighted=%[1]t|PeakMemory/build/weighted=%[1]t' ./census", weighted),
			sides: []side{
				{
					name:    ours,
					figures: []figure{{"building", nanoseconds}, {"a path", nanoseconds}, {"appending", nanoseconds}},
					open:    func(e *env) (sampler, error) { return buildCensus(e, weighted) },
				},
				{name: hashes, figures: elapsed, open: func(e *env) (sampler, error) { return hashAlone(e, weighted) }},
			},
			comparisons: []comparison{
				{ours: ours, peer: hashes, atMost: 1.3},
				{ours: ours, memory: true, atMost: 400e6},
				{ours: ours + ": a path", atMost: 50e3},
				{ours: ours + ": appending", atMost: 1e6},
			},
		})
	}
	return out
}

// roll yields n members with commitments from all over the field.
func roll(n int, weighted bool) iter.Seq2[census.Member, error] {
	return func(yield func(census.Member, error) bool) {
		c, step := fr.NewElement(5), fr.NewElement(7)
		step.Inverse(&step)
		for i := range n {
			m := census.Member{Commitment: c.Bytes()}
			if weighted {
				m.Weight = uint64(i%1000) + 1
			}
			if !yield(m, nil) {
				return
			}
			c.Mul(&c, &step)
		}
	}
}

func buildCensus(e *env, weighted bool) (sampler, error) {
	n, paths, appends := e.size(capital, 1<<12), e.size(10_000, 100), e.size(1_000, 100)
	build := census.Build
	if weighted {
		build = census.BuildWeighted
	}
	return func() ([]float64, error) {
		debug.FreeOSMemory() // of the tree before
		start := time.Now()
		tree, err := build(context.Background(), 32, roll(n, weighted))
		if err != nil {
			return nil, err
		}
		building := time.Since(start)

		start = time.Now()
		for range paths {
			if _, err := tree.Path(rand.Uint64N(uint64(n))); err != nil {
				return nil, err
			}
		}
		path := time.Since(start) / time.Duration(paths)

		start = time.Now()
		for i := range appends {
			c := fr.NewElement(uint64(i) + 11)
			m := census.Member{Commitment: c.Bytes()}
			if weighted {
				m.Weight = 1
			}
			if _, err := tree.Append(m); err != nil {
				return nil, err
			}
		}
		appending := time.Since(start) / time.Duration(appends)
		return []float64{float64(building), float64(path), float64(appending)}, nil
	}, nil
}

var sinkHash [64]fr.Element

// hashAlone is the floor: what a census hashes, shared out to all threads.
func hashAlone(e *env, weighted bool) (sampler, error) {
	n := e.size(capital, 1<<12)
	return func() ([]float64, error) {
		start := time.Now()
		err := e.parallel(func(thread int) error {
			x, y := fr.NewElement(uint64(thread)), fr.NewElement(2)
			for i := thread; i < n; i += e.threads {
				if weighted {
					x = poseidon.Hash(x, y, fr.Element{})
				}
				x = poseidon.Hash2(&x, &y)
			}
			sinkHash[thread%len(sinkHash)] = x
			return nil
		})
		return []float64{float64(time.Since(start))}, err
	}, nil
}
