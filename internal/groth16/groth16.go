// Package groth16 makes Groth16 proofs on BN254 from a key's points and the values of all wires, for
// both kinds of keys that this module proves with. (Groth, "On the size of pairing-based non-interactive
// arguments", eprint 2016/260.)
//
// It takes variable time and checks nothing: if the wires do not satisfy the relation, or the key is wrong, the
// proof does not verify, and the caller has to see to that before he lets it out.
package groth16

import (
	"context"
	"math/big"
	"runtime"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"

	"github.com/scrutin/scrutin/internal/multiexp"
)

// Size is the size of a proof: A (G1), B (G2), C (G1), uncompressed.
const Size = 2*bn254.SizeOfG1AffineUncompressed + bn254.SizeOfG2AffineUncompressed

// Basis says of which polynomials the points H are multiples.
type Basis int

const (
	// Monomials: of the powers of x, in the order that gnark's FFTs leave them in; the last is missing.
	Monomials Basis = iota
	// CosetLagrange: of those that are 1 at one point of the domain's coset and 0 at the others, as in
	// snarkjs's keys. The vanishing polynomial's value on the coset is in the points.
	CosetLagrange
)

// Key is the points of a proving key. Points may be infinity. Nothing checks that they are in their subgroups.
type Key struct {
	Alpha, Beta1, Delta1 bn254.G1Affine
	Beta2, Delta2        bn254.G2Affine
	A, B1, C, H          []bn254.G1Affine
	B2                   []bn254.G2Affine // as many as B1

	Domain *fft.Domain
	Basis  Basis
}

// Witness is the values of the wires, as far as they have points, in their order; and for every row of the relation
// the values of its two factors and of what they multiply to.
type Witness struct {
	A, B, C              []fr.Element // for Key.A, for Key.B1 and Key.B2, for Key.C
	Left, Right, Product []fr.Element // at most as many as the domain has elements
}

// Prove makes a proof with fresh randomness:
//
//	A = alpha + sum a_i A_i + r delta
//	B = beta + sum b_i B_i + s delta
//	C = sum c_i C_i + sum h_i H_i + s A + r (B in G1) - r s delta
//
// where h is the quotient of left*right - product by the polynomial that vanishes on the domain. The error is ctx's.
func (k *Key) Prove(ctx context.Context, w *Witness) ([Size]byte, error) {
	var r, s fr.Element
	r.MustSetRandom()
	s.MustSetRandom()
	return k.prove(ctx, w, &r, &s)
}

func (k *Key) prove(ctx context.Context, w *Witness, r, s *fr.Element) (out [Size]byte, err error) {
	workers := runtime.GOMAXPROCS(0)
	run := func(jobs ...func()) error {
		multiexp.Parallel(workers, len(jobs), func(i int) {
			if ctx.Err() == nil {
				jobs[i]()
			}
		})
		return ctx.Err()
	}

	// Sums that do not need the quotient are computed beside it. The long jobs come first.
	polynomials := make([][]fr.Element, 3)
	var jobs []func()
	for i, values := range [][]fr.Element{w.Left, w.Right, w.Product} {
		jobs = append(jobs, func() { polynomials[i] = k.onCoset(values) })
	}
	b := multiexp.NewG2(k.B2, w.B)
	a := multiexp.NewG1(k.A, w.A)
	jobs = append(jobs, windows(b.Windows(), b.Window)...)
	jobs = append(jobs, windows(a.Windows(), a.Window)...)
	if err := run(jobs...); err != nil {
		return out, err
	}
	h := k.quotient(polynomials)

	// B in G1 is needed only r times: its sum is one with the others of C, the scalars times r.
	n := len(k.C) + len(k.H) + len(k.B1)
	points, scalars := make([]bn254.G1Affine, 0, n), make([]fr.Element, 0, n)
	points = append(append(append(points, k.C...), k.H...), k.B1...)
	scalars = append(append(append(scalars, w.C...), h[:len(k.H)]...), w.B...)
	times := fr.Vector(scalars[len(k.C)+len(k.H):])
	times.ScalarMul(times, r)
	c := multiexp.NewG1(points, scalars)
	if err := run(windows(c.Windows(), c.Window)...); err != nil {
		return out, err
	}

	// C = sum + s A + r (beta + sum b_i B_i + s delta) - r s delta = sum' + s A + r beta
	var rInt, sInt big.Int
	r.BigInt(&rInt)
	s.BigInt(&sInt)
	var term bn254.G1Jac
	var term2 bn254.G2Jac
	sumA, sumB, sumC := a.Sum(), b.Sum(), c.Sum()
	term.FromAffine(&k.Delta1)
	sumA.AddMixed(&k.Alpha).AddAssign(term.ScalarMultiplication(&term, &rInt))
	term2.FromAffine(&k.Delta2)
	sumB.AddMixed(&k.Beta2).AddAssign(term2.ScalarMultiplication(&term2, &sInt))
	sumC.AddAssign(term.ScalarMultiplication(&sumA, &sInt))
	term.FromAffine(&k.Beta1)
	sumC.AddAssign(term.ScalarMultiplication(&term, &rInt))

	var affine [2]bn254.G1Affine
	affine[0].FromJacobian(&sumA)
	affine[1].FromJacobian(&sumC)
	var affine2 bn254.G2Affine
	affine2.FromJacobian(&sumB)
	first, second, third := affine[0].RawBytes(), affine2.RawBytes(), affine[1].RawBytes()
	size := copy(out[:], first[:])
	size += copy(out[size:], second[:])
	copy(out[size:], third[:])
	return out, nil
}

func windows(n int, compute func(int)) []func() {
	jobs := make([]func(), n)
	for i := range jobs {
		jobs[i] = func() { compute(i) }
	}
	return jobs
}

// onCoset returns the values on the domain's coset of the polynomial that has the given values on the domain, and 0
// where there are none.
func (k *Key) onCoset(values []fr.Element) []fr.Element {
	v := make([]fr.Element, k.Domain.Cardinality)
	copy(v, values)
	k.Domain.FFTInverse(v, fft.DIF, fft.WithNbTasks(1))
	k.Domain.FFT(v, fft.DIT, fft.OnCoset(), fft.WithNbTasks(1))
	return v
}

// quotient returns (left*right - product)/Z in the key's basis, Z = x^n - 1, from the three's values on the coset
// g <omega>, where Z is g^n - 1 everywhere. They are overwritten.
func (k *Key) quotient(polynomials [][]fr.Element) []fr.Element {
	left, right, product := fr.Vector(polynomials[0]), fr.Vector(polynomials[1]), fr.Vector(polynomials[2])
	left.Mul(left, right)
	left.Sub(left, product)
	if k.Basis == Monomials {
		var z fr.Element
		one := fr.One()
		z.Exp(k.Domain.FrMultiplicativeGen, new(big.Int).SetUint64(k.Domain.Cardinality))
		z.Sub(&z, &one).Inverse(&z)
		left.ScalarMul(left, &z)
		k.Domain.FFTInverse(left, fft.DIF, fft.OnCoset(), fft.WithNbTasks(runtime.GOMAXPROCS(0)))
	}
	return left
}
