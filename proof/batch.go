package proof

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"sync"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

const (
	groupSize  = 256 // claims under one equation
	singleSize = 4   // a failing group of this size is checked one by one
	weightSize = 16  // bytes of a random weight
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
			for start := range starts {
				end := min(start+size, len(claims))
				vk.verifyGroup(ctx, claims[start:end], verdicts[start:end])
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
func (vk *VerifyingKey) verifyGroup(ctx context.Context, claims []Claim, verdicts []error) {
	list := make([]pending, 0, len(claims))
	for i := range claims {
		if ctx.Err() != nil {
			return
		}
		o, err := vk.open(&claims[i])
		if err != nil {
			verdicts[i] = err
			continue
		}
		list = append(list, pending{o, &verdicts[i]})
	}
	vk.settle(ctx, list, false)
}

type pending struct {
	*opened
	verdict *error
}

// settle finds the claims of the list whose equation fails. knownBad says that there is one at least.
// It reports whether it found one.
func (vk *VerifyingKey) settle(ctx context.Context, list []pending, knownBad bool) (bad bool) {
	if len(list) == 0 || ctx.Err() != nil {
		return false
	}
	if len(list) <= singleSize {
		for _, p := range list {
			*p.verdict = vk.equation(p.opened)
			bad = bad || *p.verdict != nil
		}
		return bad
	}
	if !knownBad && vk.together(list) {
		return false
	}
	half := len(list) / 2
	bad = vk.settle(ctx, list[:half], false)
	// If the first half is all good, the second is known to hold a bad one.
	return vk.settle(ctx, list[half:], !bad) || bad
}

// together checks the equations of all claims with random weights w_i:
//
//	prod_i e(w_i A_i, B_i) = e(w alpha, beta) e(sum_i w_i L_i, gamma) e(sum_i w_i C_i, delta)
//
// where w is the sum of the w_i. All the arguments are in groups of prime order r, so for a wrong claim
// one value of w_i in [0, 2^128) at most, whatever the others are, lets the equation hold.
func (vk *VerifyingKey) together(list []pending) bool { //check:ballot/membership
	random := make([]byte, weightSize*len(list))
	rand.Read(random) // aborts the program if the random source fails

	weighted := make([]bn254.G1Jac, len(list))
	bs := make([]bn254.G2Affine, len(list))
	cs := make([]bn254.G1Affine, len(list))
	weights := make([]fr.Element, len(list))
	sums := make([]fr.Element, len(vk.k)) // of w_i, and of w_i inputs_i[j]
	for i, p := range list {
		b := random[weightSize*i:][:weightSize]
		var w big.Int
		w.SetBytes(b)
		weights[i].SetBytes(b)
		weighted[i].FromAffine(&p.a)
		weighted[i].ScalarMultiplication(&weighted[i], &w)
		bs[i] = p.b
		cs[i] = p.c
		sums[0].Add(&sums[0], &weights[i])
		for j := range p.inputs {
			var t fr.Element
			sums[j+1].Add(&sums[j+1], t.Mul(&weights[i], &p.inputs[j]))
		}
	}

	oneTask := ecc.MultiExpConfig{NbTasks: 1}
	var right [3]bn254.G1Affine // paired with -beta, -gamma, -delta
	var total big.Int
	right[0].ScalarMultiplication(&vk.alpha, sums[0].BigInt(&total))
	if _, err := right[1].MultiExp(vk.k, sums, oneTask); err != nil {
		return false
	}
	if _, err := right[2].MultiExp(cs, weights, oneTask); err != nil {
		return false
	}
	f, err := bn254.MillerLoop(bn254.BatchJacobianToAffineG1(weighted), bs)
	if err != nil {
		return false
	}
	g, err := bn254.MillerLoopFixedQ(right[:], []lines{vk.negBeta, vk.negGamma, vk.negDelta})
	if err != nil {
		return false
	}
	e := bn254.FinalExponentiation(&f, &g)
	return e.IsOne()
}
