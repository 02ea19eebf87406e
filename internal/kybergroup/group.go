// Package kybergroup presents the prime-order group of internal/babyjub as a
// kyber.Group, so that go.dedis.ch/kyber/v3/share deals polynomials over it.
//
//	g := kybergroup.New()
//	poly := share.NewPriPoly(g, threshold, secret, random.New())
//	commitments := poly.Commit(nil) // to G = babyjub.NewGenerator()
//
// Encodings are those of internal/babyjub: points of 64 bytes, scalars of 32,
// big-endian and canonical. A decoded point is in the subgroup of order q; the
// identity, which kyber counts among the points, is accepted, and a protocol
// that forbids it has to say so. Mul takes constant time; scalars print
// redacted.
package kybergroup

import (
	"crypto/cipher"
	"io"

	"go.dedis.ch/kyber/v3"

	"github.com/scrutin/scrutin/internal/babyjub"
)

const (
	scalarSize = 32
	pointSize  = 64
)

type group struct{}

// New returns the group. Its points and scalars are made by Point and Scalar,
// or from those of internal/babyjub by FromPoint and FromScalar. As everywhere
// in kyber, a new point has no value until one is set, and mixing it with the
// points of another group panics.
func New() kyber.Group { return group{} }

func (group) String() string       { return "Baby Jubjub" }
func (group) ScalarLen() int       { return scalarSize }
func (group) Scalar() kyber.Scalar { return new(scalar) }
func (group) PointLen() int        { return pointSize }
func (group) Point() kyber.Point   { return new(point) }

// FromPoint returns a copy of p, which must be in the subgroup of order q.
func FromPoint(p *babyjub.Point) kyber.Point { return &point{*p} }

// ToPoint returns a copy of the value of p, a point of this group.
func ToPoint(p kyber.Point) *babyjub.Point {
	q := p.(*point).p
	return &q
}

// FromScalar returns a copy of s.
func FromScalar(s *babyjub.Scalar) kyber.Scalar { return &scalar{*s} }

// ToScalar returns a copy of the value of s, a scalar of this group.
func ToScalar(s kyber.Scalar) *babyjub.Scalar {
	x := s.(*scalar).s
	return &x
}

// unmarshaler is what point and scalar have in common here.
type unmarshaler interface {
	MarshalSize() int
	UnmarshalBinary([]byte) error
}

// unmarshalFrom reads one encoding. (A kyber decoder that is given a random
// stream picks at random from it, and reports -1 bytes; pick does that.)
func unmarshalFrom(v unmarshaler, r io.Reader, pick func(cipher.Stream)) (int, error) {
	if stream, ok := r.(cipher.Stream); ok {
		pick(stream)
		return -1, nil
	}
	b := make([]byte, v.MarshalSize())
	n, err := io.ReadFull(r, b)
	if err != nil {
		return n, err
	}
	return n, v.UnmarshalBinary(b)
}
