package main

import (
	"crypto/rand"
	"math/big"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
)

const (
	referendumBallots = 100_000
	memberships       = 256  // under one equation, as in proof.VerifyBatch
	arguments         = 1024 // under one equation, as in ballot.VerifyBatch
)

func referendumRows() []row {
	const ours, verifying, rate, parts = "scrutin", "scrutin: without parsing", "scrutin: in a second", "the sum of its parts"
	return []row{{
		name:     "referendum",
		title:    "verifying 100,000 referendum ballots",
		allCores: true,
		shape: "Two questions, yes, no or blank, and at most two of four, or blank; every ballot of another voter, with its membership proof, and none seen before. From bytes; the times are " +
			"of one ballot; every sample is of 10,000 new ones, so that ten are 100,000. The parts, on as many threads: Miller loops, one a membership and three for 256 of them, with " +
			"gnark-crypto; the additions in G1, a multiplication by 128 bits for each membership and a sum of products for 256, with gnark-crypto; the additions on Baby Jubjub, " +
			"20 products a ballot, 9 of them by 128 bits, in sums of 1,024 ballots.",
		bench: "go test -run '^$' -bench VerifyBatch ./ballot ./proof",
		sides: []side{
			{
				name:    ours,
				figures: []figure{{"", nanoseconds}, {"without parsing", nanoseconds}, {"in a second", perSecond}},
				open:    verifyReferendum,
			},
			{
				name:    parts,
				figures: []figure{{"", nanoseconds}, {"Miller loops", nanoseconds}, {"additions in G1", nanoseconds}, {"additions on Baby Jubjub", nanoseconds}},
				open:    referendumParts,
			},
		},
		comparisons: []comparison{
			{ours: ours, peer: parts, atMost: 1.5},
			{ours: verifying, peer: parts},
			{ours: ours, peer: parts + ": Miller loops"},
			{ours: ours, peer: parts + ": additions in G1"},
			{ours: ours, peer: parts + ": additions on Baby Jubjub"},
			{ours: rate},
		},
	}}
}

func referendum(voters int) (*election, error) {
	answers, _ := options(2)
	projects, _ := options(4)
	return newElection(voters, []ballot.Question{
		{ID: "treaty", Title: ballot.Text{"en": "t"}, Rule: ballot.Choice{Min: 1, Max: 1, Blank: true}, Options: answers},
		{ID: "projects", Title: ballot.Text{"en": "p"}, Rule: ballot.Choice{Min: 0, Max: 2, Blank: true}, Options: projects},
	})
}

func verifyReferendum(e *env) (sampler, error) {
	voters := e.size(referendumBallots, 2_000)
	size := voters / 10
	el, err := referendum(voters)
	if err != nil {
		return nil, err
	}
	votes := map[ballot.QuestionID]ballot.Vote{"treaty": ballot.Choose("o0"), "projects": ballot.Choose("o1", "o2")}
	next := 0
	return func() ([]float64, error) {
		raw := make([][]byte, size)
		first := next
		next = (next + size) % voters
		err := e.parallel(func(thread int) error {
			for i := thread; i < size; i += e.threads {
				c, err := el.credential(first + i)
				if err != nil {
					return err
				}
				if raw[i], err = cast(c, votes); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		v, err := el.verifier() // which has seen none
		if err != nil {
			return nil, err
		}
		var whole, verifying time.Duration
		for len(raw) > 0 { // in portions, as an audit reads them
			portion := raw[:min(len(raw), arguments*e.threads)]
			raw = raw[len(portion):]
			start := time.Now()
			ballots, err := el.parse(e, portion)
			if err != nil {
				return nil, err
			}
			parsed := time.Now()
			if err := verified(v, ballots); err != nil {
				return nil, err
			}
			verifying += time.Since(parsed)
			whole += time.Since(start)
		}
		each := float64(whole) / float64(size)
		return []float64{each, float64(verifying) / float64(size), 1e9 / each}, nil
	}, nil
}

// referendumParts are what nobody can do without who verifies so: the pairings and the sums.
func referendumParts(e *env) (sampler, error) {
	_, _, g, h := bn254.Generators()
	ps, qs := make([]bn254.G1Affine, memberships), make([]bn254.G2Affine, memberships)
	weights := make([]fr.Element, memberships)
	for i := range ps {
		var s fr.Element
		s.MustSetRandom()
		k := s.BigInt(new(big.Int))
		ps[i].ScalarMultiplication(&g, k)
		qs[i].ScalarMultiplication(&h, k)
		weights[i] = random128()
	}
	el, err := referendum(2)
	if err != nil {
		return nil, err
	}
	questions := len(el.manifest.Questions())
	full, half := 2*el.manifest.Ciphertexts()+2*questions+1, 4*questions+1 // docs/spec/ballot.md
	n := e.size(arguments, 64)
	scalars, points := make([]babyjub.Scalar, 0, n*(full+half)), make([]babyjub.Point, 0, n*(full+half))
	p, step := babyjub.HashToPoint("start"), babyjub.HashToPoint("step")
	for range n {
		for i := range full + half {
			s := randomScalar()
			if i < half {
				var b [32]byte
				rand.Read(b[16:])
				if err := s.SetBytes(b[:]); err != nil {
					return nil, err
				}
			}
			scalars = append(scalars, s)
			points = append(points, *p.Add(&p, &step))
		}
	}
	for i, b := range babyjub.BatchBytes(points) {
		if err := points[i].SetBytes(b[:]); err != nil {
			return nil, err
		}
	}

	// onAll gives the time of one of the units that every thread does.
	onAll := func(units int, f func() error) (float64, error) {
		start := time.Now()
		err := e.parallel(func(int) error { return f() })
		return float64(time.Since(start)) / float64(units*e.threads), err
	}
	rounds := e.size(4, 1)
	return func() ([]float64, error) {
		loops, err := onAll(rounds*memberships, func() error {
			for range rounds {
				if _, err := bn254.MillerLoop(append(ps, ps[:3]...), append(qs, qs[:3]...)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		additions, err := onAll(rounds*memberships, func() error {
			for range rounds {
				var sum bn254.G1Affine
				for i := range ps {
					var q bn254.G1Jac
					q.FromAffine(&ps[i])
					q.ScalarMultiplication(&q, weights[i].BigInt(new(big.Int)))
				}
				if _, err := sum.MultiExp(ps, weights, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		products, err := onAll(rounds*n, func() error {
			for range rounds {
				babyjub.VarTimeMultiScalarMul(scalars, points)
			}
			return nil
		})
		return []float64{loops + additions + products, loops, additions, products}, err
	}, nil
}

func random128() fr.Element {
	var b [16]byte
	rand.Read(b[:])
	var e fr.Element
	e.SetBytes(b[:])
	return e
}
