package babyjub

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Sizes of the encodings, in bytes.
const (
	ScalarSize = 32
	PointSize  = 64
)

// SetBytes sets p to the 64 bytes b: the EIP-2494 coordinates x, y, each 32
// bytes big-endian and below the field's modulus, of a point on the curve, of
// any order. Otherwise it returns ErrEncoding and leaves p unchanged.
func (p *Point) SetBytes(b []byte) error {
	if len(b) != 64 {
		return fmt.Errorf("%w: point of %d bytes, want 64", ErrEncoding, len(b))
	}
	x, err := fr.BigEndian.Element((*[32]byte)(b[:32]))
	if err != nil {
		return fmt.Errorf("%w: x is not below the field's modulus", ErrEncoding)
	}
	y, err := fr.BigEndian.Element((*[32]byte)(b[32:]))
	if err != nil {
		return fmt.Errorf("%w: y is not below the field's modulus", ErrEncoding)
	}
	q, ok := fromEIP2494(&x, &y)
	if !ok {
		return fmt.Errorf("%w: point is not on the curve", ErrEncoding)
	}
	*p = q
	return nil
}

// SetSubgroupBytes is SetBytes for points of order q: the identity, and points
// outside the subgroup, are refused with ErrSubgroup.
func (p *Point) SetSubgroupBytes(b []byte) error {
	var q Point
	if err := q.SetBytes(b); err != nil {
		return err
	}
	if q.IsIdentity() {
		return fmt.Errorf("%w: it is the identity", ErrSubgroup)
	}
	if !q.InSubgroup() {
		return fmt.Errorf("%w: it has a component of small order", ErrSubgroup)
	}
	*p = q
	return nil
}

// Bytes returns the encoding of p that SetBytes reads.
func (p *Point) Bytes() [64]byte {
	x, y := p.Affine()
	return encode(&x, &y)
}

// BatchBytes returns the encodings of all points for the price of one
// inversion.
func BatchBytes(points []Point) [][64]byte {
	out := make([][64]byte, len(points))
	for i, p := range normalized(points) {
		p.x.Mul(&p.x, &fromInner)
		out[i] = encode(&p.x, &p.y)
	}
	return out
}

// Affine returns the EIP-2494 coordinates of p.
func (p *Point) Affine() (x, y fr.Element) {
	p.check()
	x, y = p.x, p.y
	if !p.z.IsOne() {
		var inv fr.Element
		feInverse(&inv, &p.z)
		x.Mul(&x, &inv)
		y.Mul(&y, &inv)
	}
	x.Mul(&x, &fromInner)
	return x, y
}

// fromEIP2494 returns the point with the EIP-2494 coordinates x, y, and false
// if there is none.
func fromEIP2494(x, y *fr.Element) (Point, bool) {
	p := Point{y: *y, z: feOne}
	p.x.Mul(x, &toInner)
	p.t.Mul(&p.x, &p.y)
	// -x^2 + y^2 = 1 + d (x y)^2
	var xx, left, right fr.Element
	xx.Square(&p.x)
	left.Square(&p.y)
	left.Sub(&left, &xx)
	right.Square(&p.t)
	right.Mul(&right, &curveD)
	right.Add(&right, &feOne)
	return p, left.Equal(&right)
}

func encode(x, y *fr.Element) (b [64]byte) {
	fr.BigEndian.PutElement((*[32]byte)(b[:32]), *x)
	fr.BigEndian.PutElement((*[32]byte)(b[32:]), *y)
	return b
}
