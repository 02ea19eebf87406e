package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
)

func logarithmRows() []row {
	const ours, own, gnark = "scrutin", "2^22 additions by scrutin's walk", "2^22 additions by gnark-crypto"
	return []row{{
		name:  "logarithm",
		title: "opening one ciphertext at bound 2^44",
		shape: "The largest plaintext, which takes longest; the table was built before. The floor is 2^22 additions of one point, with affine ordinates: " +
			"Scrutin's own walk, and gnark-crypto's mixed additions with one inversion for every 1,024.",
		bench: "go test -run '^$' -bench 'SolveWorst44|Additions22|LogTableBuild' ./elgamal",
		sides: []side{
			{name: ours, figures: []figure{{"", nanoseconds}, {"table", byteCount}}, open: solve},
			{name: own, figures: elapsed, open: walk},
			{name: gnark, figures: elapsed, open: walkGnark},
		},
		comparisons: []comparison{
			{ours: ours, peer: own, atMost: 1.3},
			{ours: ours, peer: gnark},
			{ours: ours + ": table", atMost: 64e6},
		},
	}}
}

// eightTimes returns 8 m G, an opened sum m.
func eightTimes(m uint64) *babyjub.Point {
	return new(babyjub.Point).VarTimeScalarBaseMul(new(babyjub.Scalar).SetUint64(8 * m))
}

func solve(e *env) (sampler, error) {
	bound := uint64(e.size(elgamal.MaxBound, 1<<28))
	lt, err := elgamal.NewLogTable(bound)
	if err != nil {
		return nil, err
	}
	find := func(m uint64) error {
		found, err := lt.Solve(context.Background(), eightTimes(m))
		if err == nil && found != m {
			err = errors.New("a wrong logarithm")
		}
		return err
	}
	eightTimes(1) // makes the generator's table
	before := heap()
	if err := find(0); err != nil { // builds the table
		return nil, err
	}
	table := float64(heap() - before)
	return func() ([]float64, error) {
		start := time.Now()
		err := find(bound - 1)
		return []float64{float64(time.Since(start)), table}, err
	}, nil
}

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func walk(e *env) (sampler, error) {
	w := babyjub.NewStride(eightTimes(1)).From(eightTimes(0))
	blocks := e.size(1<<22, 1<<14) / babyjub.WalkBlock
	return e.repeat(1, func() error {
		for range blocks {
			w.Next()
		}
		return nil
	})
}

// walkGnark walks with gnark-crypto's points: projective additions of an affine step, then the ordinates of a block with one inversion.
func walkGnark(e *env) (sampler, error) {
	const block = 1 << 10
	step := twistededwards.GetEdwardsCurve().Base
	var p twistededwards.PointExtended
	p.FromAffine(&step)
	y, z := make([]fr.Element, block), make([]fr.Element, block)
	blocks := e.size(1<<22, 1<<14) / block
	return e.repeat(1, func() error {
		for range blocks {
			for i := range block {
				p.MixedAdd(&p, &step)
				y[i], z[i] = p.Y, p.Z
			}
			for i, inverse := range fr.BatchInvert(z) {
				y[i].Mul(&y[i], &inverse)
			}
		}
		return nil
	})
}
