package kybergroup

import (
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"go.dedis.ch/kyber/v3"

	"github.com/scrutin/scrutin/internal/babyjub"
)

type point struct{ p babyjub.Point }

func (p *point) Equal(q kyber.Point) bool { return p.p.Equal(&q.(*point).p) }

func (p *point) Null() kyber.Point {
	p.p.SetIdentity()
	return p
}

func (p *point) Base() kyber.Point {
	p.p = *babyjub.NewGenerator()
	return p
}

func (p *point) Set(q kyber.Point) kyber.Point {
	p.p = q.(*point).p
	return p
}

func (p *point) Clone() kyber.Point { return &point{p.p} }

func (p *point) Add(a, b kyber.Point) kyber.Point {
	p.p.Add(&a.(*point).p, &b.(*point).p)
	return p
}

func (p *point) Sub(a, b kyber.Point) kyber.Point {
	p.p.Sub(&a.(*point).p, &b.(*point).p)
	return p
}

func (p *point) Neg(a kyber.Point) kyber.Point {
	p.p.Neg(&a.(*point).p)
	return p
}

// Mul sets p = s q, and s G if q is nil, in constant time.
func (p *point) Mul(s kyber.Scalar, q kyber.Point) kyber.Point {
	if q == nil {
		p.p.ScalarBaseMul(&s.(*scalar).s)
	} else {
		p.p.ScalarMul(&s.(*scalar).s, &q.(*point).p)
	}
	return p
}

// Embedded data is in y, big-endian: one byte that the field's modulus clears
// to 6 random bits, the random rest, the data, and its length in the last byte.
const embedSize = 29

func (p *point) EmbedLen() int { return embedSize }

// Pick sets p to a random point other than the identity, of unknown logarithm.
func (p *point) Pick(stream cipher.Stream) kyber.Point { return p.Embed(nil, stream) }

// Embed sets p to a random point that carries the first EmbedLen bytes of data.
// It is not meant for secret data: it tries until it finds a point.
func (p *point) Embed(data []byte, stream cipher.Stream) kyber.Point {
	data = data[:min(len(data), embedSize)]
	for {
		var r [33]byte
		stream.XORKeyStream(r[:], r[:])
		b := r[:32]
		b[0] &= 0x3f // 254 bits
		if data != nil {
			copy(b[31-len(data):31], data)
			b[31] = byte(len(data))
		}
		q, ok := liftY(b, r[32]&1 == 1)
		if !ok {
			continue
		}
		// Only y carries data, so a point of another order is not mended but
		// drawn again: one in 8 is in the subgroup.
		if data == nil {
			q.MulByCofactor(&q)
			ok = !q.IsIdentity()
		} else {
			ok = q.InSubgroup()
		}
		if ok {
			p.p = q
			return p
		}
	}
}

// Data returns what Embed put into p. Of any other point it returns an error or
// bytes that mean nothing.
func (p *point) Data() ([]byte, error) {
	b := p.p.Bytes()
	n := int(b[63])
	if n > embedSize {
		return nil, errors.New("kybergroup: point carries no data")
	}
	return b[63-n : 63], nil
}

// liftY returns one of the two points with the given y coordinate:
//
//	x^2 = (1 - y^2) / (168700 - 168696 y^2)
//
// The denominator is not 0, since 168700 is a square and 168696 is not.
func liftY(b []byte, negate bool) (p babyjub.Point, ok bool) {
	var x, y, yy, den fr.Element
	if y.SetBytesCanonical(b) != nil {
		return p, false
	}
	a, d, one := fr.NewElement(168700), fr.NewElement(168696), fr.One()
	yy.Square(&y)
	den.Mul(&d, &yy)
	den.Sub(&a, &den)
	x.Sub(&one, &yy)
	x.Div(&x, &den)
	if x.Sqrt(&x) == nil {
		return p, false
	}
	if negate {
		x.Neg(&x)
	}
	xb := x.Bytes()
	return p, p.SetBytes(append(xb[:], b...)) == nil
}

func (p *point) String() string {
	b := p.p.Bytes()
	return hex.EncodeToString(b[:])
}

func (p *point) MarshalSize() int { return pointSize }

func (p *point) MarshalBinary() ([]byte, error) {
	b := p.p.Bytes()
	return b[:], nil
}

func (p *point) MarshalTo(w io.Writer) (int, error) {
	b := p.p.Bytes()
	return w.Write(b[:])
}

// UnmarshalBinary accepts the encoding of a point of order q and that of the
// identity.
func (p *point) UnmarshalBinary(b []byte) error {
	var q babyjub.Point
	if err := q.SetBytes(b); err != nil {
		return err
	}
	if !q.InSubgroup() {
		return fmt.Errorf("kybergroup: %w", babyjub.ErrSubgroup)
	}
	p.p = q
	return nil
}

func (p *point) UnmarshalFrom(r io.Reader) (int, error) {
	return unmarshalFrom(p, r, func(stream cipher.Stream) { p.Pick(stream) })
}
