// Package sigma has the two sigma protocols of this module, made non-interactive over a
// transcript: knowledge of a discrete logarithm (Schnorr), which is also the signature
// scheme, and equality of two discrete logarithms (Chaum-Pedersen).
//
// The caller absorbs the whole statement and message into a transcript; Prove and Verify
// add the public points and the commitments, so that a proof holds for exactly one
// statement. Every verification equation is multiplied by the cofactor 8.
// docs/spec/sigma.md is the specification.
package sigma

import (
	"errors"
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
)

// ErrInvalid is the kind of a proof that does not verify.
var ErrInvalid = errors.New("sigma: proof does not verify")

// Sizes of the encodings, in bytes.
const (
	ProofSize    = babyjub.PointSize + babyjub.ScalarSize
	EqualitySize = 2*babyjub.PointSize + babyjub.ScalarSize
)

// Proof shows knowledge of x with y = x*G. Over a transcript that holds a message it is a
// Schnorr signature by the key y.
type Proof struct {
	R babyjub.Point
	Z babyjub.Scalar
}

// Prove makes a proof with hedged randomness. It requires y = x*G and consumes t.
func Prove(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point) Proof {
	return prove(t, x, y, t.Hedge)
}

// ProveDeterministic makes the same proof whenever x and t are the same.
func ProveDeterministic(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point) Proof {
	return prove(t, x, y, t.Derive)
}

type forker = func(label string, secret []byte) *transcript.Transcript

func prove(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point, fork forker) Proof {
	absorb(t, "y", y)
	r := nonce(fork, x)
	var p Proof
	p.R.ScalarBaseMul(&r)
	absorb(t, "r", &p.R)
	c := scalar(t)
	p.Z.Mul(&c, x)
	p.Z.Add(&p.Z, &r)
	return p
}

// Challenge returns the scalar c of the verification equation 8*z*G = 8*(R + c*y), for a
// caller that verifies many proofs at once. It consumes t.
func (p *Proof) Challenge(t *transcript.Transcript, y *babyjub.Point) babyjub.Scalar {
	absorb(t, "y", y)
	absorb(t, "r", &p.R)
	return scalar(t)
}

// Verify checks 8*z*G = 8*(R + c*y). It consumes t.
func (p *Proof) Verify(t *transcript.Transcript, y *babyjub.Point) error {
	c := p.Challenge(t, y)
	if !holds(&p.Z, babyjub.NewGenerator(), &p.R, &c, y) {
		return fmt.Errorf("%w: knowledge of a discrete logarithm", ErrInvalid)
	}
	return nil
}

// Bytes encodes R, then Z.
func (p *Proof) Bytes() [ProofSize]byte {
	r, z := p.R.Bytes(), p.Z.Bytes()
	return [ProofSize]byte(append(r[:], z[:]...))
}

// SetBytes decodes a proof; p is unchanged on error.
func (p *Proof) SetBytes(b []byte) error {
	if len(b) != ProofSize {
		return fmt.Errorf("sigma: %w: proof of %d bytes, want %d", babyjub.ErrEncoding, len(b), ProofSize)
	}
	var d Proof
	if err := d.R.SetBytes(b[:babyjub.PointSize]); err != nil {
		return fmt.Errorf("sigma: commitment R: %w", err)
	}
	if err := d.Z.SetBytes(b[babyjub.PointSize:]); err != nil {
		return fmt.Errorf("sigma: response z: %w", err)
	}
	*p = d
	return nil
}

// Equality shows knowledge of one x with y = x*G and d = x*b.
type Equality struct {
	R1, R2 babyjub.Point
	Z      babyjub.Scalar
}

// ProveEqual makes a proof with hedged randomness. It requires y = x*G and d = x*b and consumes t.
func ProveEqual(t *transcript.Transcript, x *babyjub.Scalar, b, y, d *babyjub.Point) Equality {
	return proveEqual(t, x, b, y, d, t.Hedge)
}

// ProveEqualDeterministic makes the same proof whenever its arguments are the same.
func ProveEqualDeterministic(t *transcript.Transcript, x *babyjub.Scalar, b, y, d *babyjub.Point) Equality {
	return proveEqual(t, x, b, y, d, t.Derive)
}

func proveEqual(t *transcript.Transcript, x *babyjub.Scalar, b, y, d *babyjub.Point, fork forker) Equality {
	absorb(t, "b", b)
	absorb(t, "y", y)
	absorb(t, "d", d)
	r := nonce(fork, x)
	var p Equality
	p.R1.ScalarBaseMul(&r)
	p.R2.ScalarMul(&r, b)
	absorb(t, "r1", &p.R1)
	absorb(t, "r2", &p.R2)
	c := scalar(t)
	p.Z.Mul(&c, x)
	p.Z.Add(&p.Z, &r)
	return p
}

// Verify checks 8*z*G = 8*(R1 + c*y) and 8*z*b = 8*(R2 + c*d). It consumes t.
func (p *Equality) Verify(t *transcript.Transcript, b, y, d *babyjub.Point) error {
	absorb(t, "b", b)
	absorb(t, "y", y)
	absorb(t, "d", d)
	absorb(t, "r1", &p.R1)
	absorb(t, "r2", &p.R2)
	c := scalar(t)
	if !holds(&p.Z, babyjub.NewGenerator(), &p.R1, &c, y) {
		return fmt.Errorf("%w: equality of logarithms, first equation", ErrInvalid)
	}
	if !holds(&p.Z, b, &p.R2, &c, d) {
		return fmt.Errorf("%w: equality of logarithms, second equation", ErrInvalid)
	}
	return nil
}

// Bytes encodes R1, R2, then Z.
func (p *Equality) Bytes() [EqualitySize]byte {
	r1, r2, z := p.R1.Bytes(), p.R2.Bytes(), p.Z.Bytes()
	return [EqualitySize]byte(append(append(r1[:], r2[:]...), z[:]...))
}

// SetBytes decodes a proof; p is unchanged on error.
func (p *Equality) SetBytes(b []byte) error {
	if len(b) != EqualitySize {
		return fmt.Errorf("sigma: %w: proof of %d bytes, want %d", babyjub.ErrEncoding, len(b), EqualitySize)
	}
	var d Equality
	if err := d.R1.SetBytes(b[:babyjub.PointSize]); err != nil {
		return fmt.Errorf("sigma: commitment R1: %w", err)
	}
	if err := d.R2.SetBytes(b[babyjub.PointSize : 2*babyjub.PointSize]); err != nil {
		return fmt.Errorf("sigma: commitment R2: %w", err)
	}
	if err := d.Z.SetBytes(b[2*babyjub.PointSize:]); err != nil {
		return fmt.Errorf("sigma: response z: %w", err)
	}
	*p = d
	return nil
}

// holds reports 8*(z*base - r - c*y) = 0, on public values.
func holds(z *babyjub.Scalar, base, r *babyjub.Point, c *babyjub.Scalar, y *babyjub.Point) bool {
	minus := new(babyjub.Scalar).Neg(c)
	sum := babyjub.VarTimeMultiScalarMul([]babyjub.Scalar{*z, *minus}, []babyjub.Point{*base, *y})
	sum.Sub(&sum, r)
	return sum.IsSmallOrder()
}

func absorb(t *transcript.Transcript, label string, p *babyjub.Point) {
	b := p.Bytes()
	t.Absorb(label, b[:])
}

func scalar(t *transcript.Transcript) (c babyjub.Scalar) {
	c.SetUniformBytes(t.Challenge("c", 64))
	return c
}

func nonce(fork forker, x *babyjub.Scalar) (r babyjub.Scalar) {
	b := x.Bytes()
	r.SetUniformBytes(fork("nonce", b[:]).Challenge("r", 64))
	return r
}
