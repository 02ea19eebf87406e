package proof

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"sync"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/lanes"
)

const (
	groupSize  = 256 // claims under one equation
	singleSize = 8   // a failing group of this size is checked one by one
)

// VerifyBatch verifies many claims together and returns the verdict of each, in their order: the errors
// that Verify would return. A claim that is not proved is found, and harms no other. The second
// error is for the batch: it is empty, or the context was cancelled; then there are no verdicts.
//
// A group of claims is accepted when one equation holds, the product of their equations raised to
// random 128-bit powers from crypto/rand; a group that fails is split. So one equation accepts an
// unproved claim with probability 2^-128 at most, and no claim is refused that Verify accepts.
func (vk *VerifyingKey) VerifyBatch(ctx context.Context, claims []Claim) ([]error, error) {
	if len(claims) == 0 {
		return nil, errors.New("proof: an empty batch")
	}
	verdicts := make([]error, len(claims))
	workers := runtime.GOMAXPROCS(0)
	size := min(groupSize, (len(claims)+workers-1)/workers)
	starts := make(chan int)
	var group sync.WaitGroup
	for range min(workers, (len(claims)+size-1)/size) {
		group.Go(func() {
			room := newRoom(size)
			for start := range starts {
				end := min(start+size, len(claims))
				vk.verifyGroup(ctx, claims[start:end], verdicts[start:end], room)
			}
		})
	}
	for start := 0; start < len(claims) && ctx.Err() == nil; start += size {
		starts <- start
	}
	close(starts)
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("proof: batch of %d claims: %w", len(claims), err)
	}
	return verdicts, nil
}

// verifyGroup sets the verdicts of a group. It stops early when the context is cancelled.
func (vk *VerifyingKey) verifyGroup(ctx context.Context, claims []Claim, verdicts []error, r *room) {
	list := make([]pending, 0, len(claims))
	for i := range claims {
		if ctx.Err() != nil {
			return
		}
		o, err := vk.decode(&claims[i])
		if err != nil {
			verdicts[i] = err
			continue
		}
		list = append(list, pending{o, &verdicts[i]})
	}
	result := notAllInG2
	if len(list) > singleSize {
		result = vk.together(list, r)
	}
	switch result {
	case allHold:
		return
	case notAllInG2:
		list = slices.DeleteFunc(list, func(p pending) bool {
			*p.verdict = p.inSubgroup()
			return *p.verdict != nil
		})
	}
	vk.settle(ctx, list, result == someFails, r)
}

type pending struct {
	*opened
	verdict *error
}

// settle finds the claims of the list whose equation fails; all their B are in G2. knownBad says that there is one at least.
// It reports whether it found one.
func (vk *VerifyingKey) settle(ctx context.Context, list []pending, knownBad bool, r *room) (bad bool) {
	if ctx.Err() != nil {
		return false
	}
	if len(list) <= singleSize {
		for _, p := range list {
			*p.verdict = vk.equation(p.opened)
			bad = bad || *p.verdict != nil
		}
		return bad
	}
	if !knownBad && vk.together(list, r) == allHold {
		return false
	}
	half := len(list) / 2
	bad = vk.settle(ctx, list[:half], false, r)
	// If the first half is all good, the second is known to hold a bad one.
	return vk.settle(ctx, list[half:], !bad, r) || bad
}

// room is what together needs for up to as many claims as it was made for.
type room struct {
	random   []byte
	points   lanes.G1 // all A_i, then all C_i
	b        lanes.G2
	multiply *lanes.G1Scratch
	miller   *lanes.Miller
}

func newRoom(claims int) *room {
	if claims <= singleSize {
		return nil
	}
	return &room{
		make([]byte, 2*lanes.WeightBytes*claims), lanes.NewG1(2 * claims), lanes.NewG2(claims),
		lanes.NewG1Scratch(2 * claims), lanes.NewMiller(claims),
	}
}

type outcome int

const (
	allHold outcome = iota
	someFails
	notAllInG2 // some B is or may be outside the subgroup of prime order; of the equations nothing is known
)

// together checks that all B_i are in G2, and then the equations of all claims with random weights w_i:
//
//	prod_i e(w_i A_i, B_i) = e(w alpha, beta) e(sum_i w_i L_i, gamma) e(sum_i w_i C_i, delta)
//
// where w is the sum of the w_i. All the arguments are in groups of prime order r, so for a wrong claim
// one value of w_i modulo r at most, whatever the others are, lets the equation hold. The 2^128 weights, of the form
// that lanes.SetWeight has, are different modulo r.
func (vk *VerifyingKey) together(list []pending, r *room) outcome {
	n := len(list)
	random := r.random[:2*lanes.WeightBytes*n]
	weights, again := random[:lanes.WeightBytes*n], random[lanes.WeightBytes*n:]
	rand.Read(weights) // aborts the program if the random source fails
	copy(again, weights)

	points, b := r.points.Slice(0, 2*n), r.b.Slice(0, n)
	var sums [inputsWeighted + 1]fr.Element // of w_i, and of w_i inputs_i[j]
	for i, p := range list {
		points.Put(i, &p.a)
		points.Put(n+i, &p.c)
		b.Put(i, &p.b)
		var w, t fr.Element
		lanes.SetWeight(&w, weights[lanes.WeightBytes*i:][:lanes.WeightBytes])
		sums[0].Add(&sums[0], &w)
		for j := range p.inputs {
			sums[j+1].Add(&sums[j+1], t.Mul(&w, &p.inputs[j]))
		}
	}
	points.Weigh(points, random, r.multiply)
	f, ok := r.miller.Loop(points.Slice(0, n), b)
	if !ok {
		return notAllInG2
	}

	var right [3]bn254.G1Affine // paired with -beta, -gamma, -delta
	var total big.Int
	right[0].ScalarMultiplication(&vk.alpha, sums[0].BigInt(&total))
	if _, err := right[1].MultiExp(vk.k, sums[:len(vk.k)], ecc.MultiExpConfig{NbTasks: 1}); err != nil {
		return someFails
	}
	var c bn254.G1Jac
	for i := n; i < 2*n; i++ {
		p := points.At(i)
		c.AddMixed(&p)
	}
	right[2].FromJacobian(&c)
	g, err := bn254.MillerLoopFixedQ(right[:], []lines{vk.negBeta, vk.negGamma, vk.negDelta})
	if err != nil {
		return someFails
	}
	if e := bn254.FinalExponentiation(&f, &g); !e.IsOne() {
		return someFails
	}
	return allHold
}
